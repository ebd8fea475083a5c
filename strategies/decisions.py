"""What the maker does about one RFQ now: quote, replace, withdraw or nothing. Pure."""

import dataclasses

from strategies.holdings import Holdings
from strategies.quoting import STRANGER, Leg, Market, Pass, Request, TwoWay, has_moved, make_two_way, value_structure
from wire.facts import QuoteView, RfqView
from wire.instruments import UnknownInstrumentName, parse_instrument_name
from wire.quoting import CounterpartyStatistics, QuotingParameters
from wire.units import NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND, QuoteState, RfqState

LAST_CHANCE_NS = 300 * NANOSECONDS_PER_MS
"""An RFQ that ends sooner is left alone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Submitted:
    """The maker's newest submission for an RFQ. ``at_ns``: the server's clock."""

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


Decision = Submit | Withdraw | Nothing


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
    if rfq.state is not RfqState.OPEN or rfq.expires_at_ns - market.now_ns < LAST_CHANCE_NS:
        return Nothing()
    active = find_active(rfq)
    try:
        fresh = price(rfq, market=market, holdings=holdings, parameters=parameters, taker=taker)
    except Pass as passed:
        return Withdraw(quote_id=active.quote_id, reason=passed.reason) if active else Nothing(reason=passed.reason)
    if active is None or submitted is None:
        return Submit(prices=fresh)
    if market.now_ns - submitted.at_ns < parameters.requote_interval_ms * NANOSECONDS_PER_MS:
        return Nothing()
    if has_moved(submitted.prices, fresh, parameters) or _is_ending(rfq, active, market.now_ns, parameters):
        return Submit(prices=fresh)
    return Nothing()


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
    return next((quote for quote in rfq.quotes if quote.state is QuoteState.ACTIVE), None)


def life_seconds(rfq: RfqView, parameters: QuotingParameters) -> int:
    """No longer than the RFQ itself may live."""
    return min(parameters.quote_life_seconds, (rfq.expires_at_ns - rfq.created_at_ns) // NANOSECONDS_PER_SECOND)


def _is_ending(rfq: RfqView, active: QuoteView, now_ns: int, parameters: QuotingParameters) -> bool:
    """Whether half of the quote's life is over while the RFQ lives on."""
    half_life_ns = parameters.quote_life_seconds * NANOSECONDS_PER_SECOND // 2
    return active.expires_at_ns < rfq.expires_at_ns and active.expires_at_ns - now_ns < half_life_ns
