"""What the maker does about one RFQ now: quote, replace, withdraw, answer a last look, or nothing. Pure."""

import dataclasses

from strategies.holdings import Holdings
from strategies.quoting import STRANGER, Leg, Market, Pass, Request, TwoWay, has_moved, make_two_way, value_structure
from wire.facts import QuoteView, RfqView
from wire.instruments import UnknownInstrumentName, parse_instrument_name
from wire.negotiation import LastLookReason
from wire.quoting import CounterpartyStatistics, QuotingParameters
from wire.units import NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND, QuoteState, RfqState, Side

LAST_CHANCE_NS = 300 * NANOSECONDS_PER_MS
"""An RFQ that ends sooner is left alone."""
UNSEEN_NS = NANOSECONDS_PER_SECOND
"""For so long the fact of a submission may come later than its answer."""
LIMIT_PASSES = frozenset({"limits", "quantity"})
"""Why a price is not made because of what the maker holds or the size, not of what it sees."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Submitted:
    """The maker's newest submission for an RFQ. ``at_ns``: when it was accepted, by the server's clock."""

    prices: TwoWay
    at_ns: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Submit:
    prices: TwoWay


@dataclasses.dataclass(frozen=True, kw_only=True)
class Withdraw:
    quote_id: int
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Nothing:
    reason: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """To a last look. ``reason``: why the price is taken back; none confirms it."""

    quote_id: int
    reason: LastLookReason | None = None


Decision = Submit | Withdraw | Answer | Nothing


def decide(
    rfq: RfqView,
    *,
    submitted: Submitted | None,
    market: Market,
    holdings: Holdings,
    parameters: QuotingParameters,
    taker: CounterpartyStatistics = STRANGER,
) -> Decision:
    """``submitted`` is None where this process has not quoted the RFQ; a quote of an earlier run is then replaced."""
    looked_at = _find(rfq, QuoteState.PENDING_LAST_LOOK)
    if looked_at is not None:
        return Answer(quote_id=looked_at.quote_id, reason=_find_reason(rfq, market, holdings, parameters))
    if rfq.state is not RfqState.OPEN or rfq.expires_at_ns - market.now_ns < LAST_CHANCE_NS:
        return Nothing()
    return _quote(rfq, submitted, market, holdings, parameters, taker)


def _quote(
    rfq: RfqView,
    submitted: Submitted | None,
    market: Market,
    holdings: Holdings,
    parameters: QuotingParameters,
    taker: CounterpartyStatistics,
) -> Decision:
    active = find_active(rfq)
    try:
        fresh = price(rfq, market=market, holdings=holdings, parameters=parameters, taker=taker)
    except Pass as passed:
        return Withdraw(quote_id=active.quote_id, reason=passed.reason) if active else Nothing(reason=passed.reason)
    if submitted is None:
        return Submit(prices=fresh)
    wait_ns = UNSEEN_NS if active is None else parameters.requote_interval_ms * NANOSECONDS_PER_MS
    if market.now_ns - submitted.at_ns < wait_ns:
        return Nothing()
    is_due = (
        active is None
        or has_moved(submitted.prices, fresh, parameters)
        or _is_ending(rfq, active, market.now_ns, parameters)
    )
    return Submit(prices=fresh) if is_due else Nothing()


def price(
    rfq: RfqView,
    *,
    market: Market,
    holdings: Holdings,
    parameters: QuotingParameters,
    taker: CounterpartyStatistics = STRANGER,
) -> TwoWay:
    """Raises Pass."""
    legs = read_legs(rfq)
    value = value_structure(legs, market, parameters)
    request = Request(legs=legs, quantity=float(rfq.quantity), asked=rfq.side, taker=taker)
    return make_two_way(request, value, market, holdings.of(value.coin), parameters)


def read_legs(rfq: RfqView) -> list[Leg]:
    """Raises Pass for an instrument that no rule reads."""
    try:
        return [
            Leg(terms=parse_instrument_name(leg.instrument_name), side=leg.side, ratio=leg.ratio, is_hedge=leg.is_hedge)
            for leg in rfq.legs
        ]
    except UnknownInstrumentName as error:
        raise Pass("unknown_instrument", str(error)) from error


def find_active(rfq: RfqView) -> QuoteView | None:
    """The maker's own quote, where it stands."""
    return _find(rfq, QuoteState.ACTIVE)


def life_seconds(rfq: RfqView, parameters: QuotingParameters) -> int:
    """No longer than the RFQ itself may live."""
    return min(parameters.quote_life_seconds, (rfq.expires_at_ns - rfq.created_at_ns) // NANOSECONDS_PER_SECOND)


def _find(rfq: RfqView, state: QuoteState) -> QuoteView | None:
    return next((quote for quote in rfq.quotes if quote.state is state), None)


def _find_reason(
    rfq: RfqView, market: Market, holdings: Holdings, parameters: QuotingParameters
) -> LastLookReason | None:
    """A quote is meant: it stands, unless what came since has used up a limit, or the maker cannot see any more.

    How far the market may have moved is not the maker's to say: the desk holds the agreed tolerance against the marks.
    """
    try:
        fresh = price(rfq, market=market, holdings=holdings, parameters=parameters)
    except Pass as passed:
        return LastLookReason.RISK_LIMIT if passed.reason in LIMIT_PASSES else LastLookReason.TECHNICAL
    dealt = fresh.ask if rfq.accepted_side is Side.BUY else fresh.bid
    return LastLookReason.RISK_LIMIT if dealt is None else None


def _is_ending(rfq: RfqView, active: QuoteView, now_ns: int, parameters: QuotingParameters) -> bool:
    """Whether half of the quote's life is over while the RFQ lives on."""
    half_life_ns = parameters.quote_life_seconds * NANOSECONDS_PER_SECOND // 2
    return active.expires_at_ns < rfq.expires_at_ns and active.expires_at_ns - now_ns < half_life_ns
