"""The state machine of an RFQ and its quotes: each step takes a record and the time, and gives the next record.

    rfq:    open -> pending_fill -> filled | rejected;  open -> expired | canceled
    quote:  active -> pending_fill -> filled | rejected;  active -> canceled | expired | traded_away
    trade:  pending -> reserved -> completed;  pending -> rejected

A maker has one quote per RFQ. Replacing it keeps the id and raises the version, also after it was canceled or had
expired; each version ends once. Every refusal is named, and nothing is half done: the record given stays as it was.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from common.errors import Conflict, NotAllowed, NotFound
from rfq.domain import limits
from rfq.domain.prices import check_two_way, net_of
from rfq.domain.records import QuotePrices, QuoteRecord, RfqRecord, TradeRecord, TradeState
from rfq.domain.rules import rule
from wire.units import QuoteState, RfqState, Side

TERMINAL_STATES = frozenset({RfqState.FILLED, RfqState.REJECTED, RfqState.EXPIRED, RfqState.CANCELED})

_RFQ_STEPS = {
    RfqState.OPEN: {RfqState.PENDING_FILL, RfqState.EXPIRED, RfqState.CANCELED},
    RfqState.PENDING_FILL: {RfqState.FILLED, RfqState.REJECTED},
}
_QUOTE_STEPS = {
    QuoteState.ACTIVE: {QuoteState.PENDING_FILL, QuoteState.CANCELED, QuoteState.EXPIRED, QuoteState.TRADED_AWAY},
    QuoteState.PENDING_FILL: {QuoteState.FILLED, QuoteState.REJECTED},
}
_REST_OF_QUOTES = {
    RfqState.FILLED: (QuoteState.TRADED_AWAY, ""),
    RfqState.REJECTED: (QuoteState.CANCELED, "rfq_rejected"),
    RfqState.EXPIRED: (QuoteState.EXPIRED, "rfq_expired"),
    RfqState.CANCELED: (QuoteState.CANCELED, "rfq_canceled"),
}
"""What becomes of the quotes that are still active when the RFQ ends."""

REASON_REQUESTED = "requested"
REASON_GATEWAY_TIMEOUT = "gateway_timeout"


class IllegalStep(AssertionError):
    """A step that no rule allows: a bug, never a client's mistake."""


@rule
def submit_quote(
    rfq: RfqRecord, *, maker: tuple[int, str], quote_id: int, prices: QuotePrices, at: dt.datetime
) -> RfqRecord:
    """maker: firm id and name. quote_id: used where the maker has no quote yet; a later version keeps the first id."""
    maker_firm_id, maker_name = maker
    if maker_firm_id not in rfq.maker_firm_ids:
        raise NotAllowed("not_invited", "Your firm is not invited to quote this RFQ.", value=rfq.rfq_id)
    _check_open(rfq, at)
    check_two_way(rfq.legs, prices, rfq.side)
    earlier = rfq.find_quote_of(maker_firm_id)
    quote = QuoteRecord(
        quote_id=earlier.quote_id if earlier else quote_id,
        maker_firm_id=maker_firm_id,
        maker_name=maker_name,
        version=earlier.version + 1 if earlier else 1,
        state=QuoteState.ACTIVE,
        prices=prices,
        created_at=earlier.created_at if earlier else at,
        updated_at=at,
    )
    others = tuple(other for other in rfq.quotes if other.maker_firm_id != maker_firm_id)
    in_order = sorted((*others, quote), key=lambda each: each.quote_id)
    return dataclasses.replace(rfq, quotes=tuple(in_order))


@rule
def cancel_quote(rfq: RfqRecord, *, quote_id: int, maker_firm_id: int, at: dt.datetime) -> RfqRecord:
    """The maker withdraws its quote; refused once it was accepted, or is no longer active."""
    quote = rfq.find_quote(quote_id)
    if quote is None or quote.maker_firm_id != maker_firm_id:
        raise NotFound("quote_not_found", "There is no such quote.", value=quote_id)
    if quote.state is not QuoteState.ACTIVE:
        raise Conflict("quote_not_active", "The quote is no longer active.", value=quote.state.value, bound="active")
    return _with_quote(rfq, _step_quote(quote, QuoteState.CANCELED, REASON_REQUESTED, at))


@rule
def cancel_rfq(rfq: RfqRecord, *, at: dt.datetime) -> RfqRecord:
    """The taker withdraws its request, and with it every quote."""
    _check_open(rfq, at)
    return _finish(rfq, RfqState.CANCELED, at, reason=REASON_REQUESTED)


@rule
def accept_quote(
    rfq: RfqRecord, *, quote_id: int, version: int, side: Side, trade_id: int, at: dt.datetime
) -> RfqRecord:
    """The taker trades ``side`` of exactly this version: the RFQ is pending until the gateway has answered."""
    quote = check_accept(rfq, quote_id=quote_id, version=version, side=side, at=at)
    net = net_of(rfq.legs, accepted_leg_prices(quote, side))
    assert net is not None, "check_accept found the side quoted"
    trade = TradeRecord(trade_id=trade_id, quote_id=quote_id, version=version, side=side, net_price=net, accepted_at=at)
    pending = _with_quote(rfq, _step_quote(quote, QuoteState.PENDING_FILL, "", at))
    return dataclasses.replace(_step_rfq(pending, RfqState.PENDING_FILL, at), is_tradable=True, trade=trade)


def check_accept(rfq: RfqRecord, *, quote_id: int, version: int, side: Side, at: dt.datetime) -> QuoteRecord:
    """The quote, if it can be traded now. During the grace no quote is confirmed to exist."""
    _check_open(rfq, at)
    if at < rfq.tradable_at:
        remaining_ms = (rfq.tradable_at - at) // dt.timedelta(milliseconds=1)
        raise Conflict(
            "grace_period",
            "Makers still compete: nothing trades yet.",
            value=f"{remaining_ms} ms left",
            bound="0 ms left",
        )
    quote = rfq.find_quote(quote_id)
    if quote is None:
        raise NotFound("quote_not_found", "There is no such quote.", value=quote_id)
    if quote.version != version:
        raise Conflict("quote_version", "The quote has been replaced.", value=version, bound=quote.version)
    if quote.state is QuoteState.EXPIRED or (quote.state is QuoteState.ACTIVE and at >= quote.prices.expires_at):
        raise Conflict(
            "quote_expired", "The quote has expired.", value=at.isoformat(), bound=quote.prices.expires_at.isoformat()
        )
    if quote.state is not QuoteState.ACTIVE:
        raise Conflict("quote_not_active", "The quote is no longer active.", value=quote.state.value, bound="active")
    if accepted_leg_prices(quote, side) is None:
        raise Conflict("side_not_quoted", "The maker does not quote this side.", value=side.value)
    return quote


def accepted_leg_prices(quote: QuoteRecord, side: Side) -> tuple[Decimal, ...] | None:
    """A taker who buys trades at the ask, one who sells at the bid."""
    return quote.prices.ask_leg_prices if side is Side.BUY else quote.prices.bid_leg_prices


def accepted_quote(rfq: RfqRecord) -> QuoteRecord:
    """The quote that the RFQ's trade took."""
    quote = rfq.find_quote(rfq.trade.quote_id) if rfq.trade else None
    assert quote is not None, "an accepted RFQ has its quote"
    return quote


@rule
def reserved(rfq: RfqRecord, *, at: dt.datetime) -> RfqRecord | None:
    """The gateway holds the risk of both sides: the trade stands. None where it comes too late to matter."""
    if rfq.trade is None or rfq.trade.state is not TradeState.PENDING:
        return None
    won = _with_quote(rfq, _step_quote(accepted_quote(rfq), QuoteState.FILLED, "", at))
    return _finish(_with_trade_state(won, TradeState.RESERVED), RfqState.FILLED, at)


@rule
def refused(rfq: RfqRecord, *, reason: str, reason_firm_id: int | None, at: dt.datetime) -> RfqRecord | None:
    """The trade cannot be: nothing was traded by anybody. None where the RFQ has been decided already."""
    if rfq.trade is None or rfq.trade.state is not TradeState.PENDING:
        return None
    lost = _with_quote(rfq, _step_quote(accepted_quote(rfq), QuoteState.REJECTED, "", at))
    ended = _finish(_with_trade_state(lost, TradeState.REJECTED), RfqState.REJECTED, at, reason=reason)
    return dataclasses.replace(ended, reason_firm_id=reason_firm_id)


@rule
def confirmed(rfq: RfqRecord) -> RfqRecord | None:
    """The executions are on the journal. None where they were booked before."""
    if rfq.trade is None or rfq.trade.state is not TradeState.RESERVED:
        return None
    return _with_trade_state(rfq, TradeState.COMPLETED)


@rule
def advance(rfq: RfqRecord, *, at: dt.datetime) -> RfqRecord:
    """Every timer that is due at ``at``: the pending fill, the RFQ's life, the grace, the quotes' lives."""
    if (
        rfq.trade is not None
        and rfq.trade.state is TradeState.PENDING
        and at >= rfq.trade.accepted_at + limits.PENDING_FILL_TIMEOUT
    ):
        late = refused(rfq, reason=REASON_GATEWAY_TIMEOUT, reason_firm_id=None, at=at)
        assert late is not None, "a pending trade can be refused"
        return late
    if rfq.state in TERMINAL_STATES:
        return rfq
    if rfq.state is RfqState.OPEN and at >= rfq.expires_at:
        return _finish(rfq, RfqState.EXPIRED, at)
    if rfq.state is RfqState.OPEN and not rfq.is_tradable and at >= rfq.tradable_at:
        rfq = dataclasses.replace(rfq, is_tradable=True, updated_at=at)
    return _with_each_active(
        rfq, lambda quote: _step_quote(quote, QuoteState.EXPIRED, "", at) if at >= quote.prices.expires_at else quote
    )


def _check_open(rfq: RfqRecord, at: dt.datetime) -> None:
    if rfq.state is not RfqState.OPEN:
        raise Conflict("rfq_not_open", "The RFQ is no longer open.", value=rfq.state.value, bound="open")
    if at >= rfq.expires_at:
        raise Conflict("rfq_expired", "The RFQ has expired.", value=at.isoformat(), bound=rfq.expires_at.isoformat())


def _finish(rfq: RfqRecord, state: RfqState, at: dt.datetime, *, reason: str = "") -> RfqRecord:
    quote_state, quote_reason = _REST_OF_QUOTES[state]
    ended = _with_each_active(rfq, lambda quote: _step_quote(quote, quote_state, quote_reason, at))
    return dataclasses.replace(_step_rfq(ended, state, at), reason=reason)


def _step_rfq(rfq: RfqRecord, state: RfqState, at: dt.datetime) -> RfqRecord:
    if state not in _RFQ_STEPS.get(rfq.state, ()):
        raise IllegalStep(f"rfq {rfq.rfq_id}: {rfq.state} -> {state}")
    return dataclasses.replace(rfq, state=state, updated_at=at)


def _step_quote(quote: QuoteRecord, state: QuoteState, reason: str, at: dt.datetime) -> QuoteRecord:
    if state not in _QUOTE_STEPS.get(quote.state, ()):
        raise IllegalStep(f"quote {quote.quote_id}: {quote.state} -> {state}")
    return dataclasses.replace(quote, state=state, reason=reason, updated_at=at)


def _with_trade_state(rfq: RfqRecord, state: TradeState) -> RfqRecord:
    assert rfq.trade is not None, "only an accepted RFQ has a trade"
    return dataclasses.replace(rfq, trade=dataclasses.replace(rfq.trade, state=state))


def _with_quote(rfq: RfqRecord, quote: QuoteRecord) -> RfqRecord:
    quotes = tuple(quote if each.quote_id == quote.quote_id else each for each in rfq.quotes)
    return dataclasses.replace(rfq, quotes=quotes)


def _with_each_active(rfq: RfqRecord, step: Callable[[QuoteRecord], QuoteRecord]) -> RfqRecord:
    quotes = tuple(step(quote) if quote.state is QuoteState.ACTIVE else quote for quote in rfq.quotes)
    return dataclasses.replace(rfq, quotes=quotes)
