"""The single steps of an RFQ, its quotes and its triggers: which may follow which, and nothing else.

    rfq:     open -> pending_fill -> filled | rejected;  open -> expired | canceled
    quote:   active -> pending_last_look -> pending_fill -> filled | rejected;  active -> pending_fill
             pending_last_look -> last_look_rejected | rejected;  active -> canceled | expired | traded_away
    trigger: untriggered -> triggered | canceled

A rule that asks for any other step is a bug, never a client's mistake.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable

from common.errors import Conflict
from rfq.domain.records import QuoteRecord, RfqRecord, TradeState
from wire.negotiation import TriggerState
from wire.units import QuoteState, RfqState

TERMINAL_STATES = frozenset({RfqState.FILLED, RfqState.REJECTED, RfqState.EXPIRED, RfqState.CANCELED})
PENDING_QUOTE_STATES = frozenset({QuoteState.PENDING_LAST_LOOK, QuoteState.PENDING_FILL})

_RFQ_STEPS = {
    RfqState.OPEN: {RfqState.PENDING_FILL, RfqState.EXPIRED, RfqState.CANCELED},
    RfqState.PENDING_FILL: {RfqState.FILLED, RfqState.REJECTED},
}
_QUOTE_STEPS = {
    QuoteState.ACTIVE: {*PENDING_QUOTE_STATES, QuoteState.CANCELED, QuoteState.EXPIRED, QuoteState.TRADED_AWAY},
    QuoteState.PENDING_LAST_LOOK: {QuoteState.PENDING_FILL, QuoteState.LAST_LOOK_REJECTED, QuoteState.REJECTED},
    QuoteState.PENDING_FILL: {QuoteState.FILLED, QuoteState.REJECTED},
}
_REST_OF_QUOTES = {
    RfqState.FILLED: (QuoteState.TRADED_AWAY, ""),
    RfqState.REJECTED: (QuoteState.CANCELED, "rfq_rejected"),
    RfqState.EXPIRED: (QuoteState.EXPIRED, "rfq_expired"),
    RfqState.CANCELED: (QuoteState.CANCELED, "rfq_canceled"),
}
"""What becomes of the quotes that are still active when the RFQ ends."""


class IllegalStep(AssertionError):
    """A step that no rule allows: a bug, never a client's mistake."""


def check_open(rfq: RfqRecord, at: dt.datetime) -> None:
    if rfq.state is not RfqState.OPEN:
        raise Conflict("rfq_not_open", "The RFQ is no longer open.", value=rfq.state.value, bound="open")
    if at >= rfq.expires_at:
        raise Conflict("rfq_expired", "The RFQ has expired.", value=at.isoformat(), bound=rfq.expires_at.isoformat())


def finish(rfq: RfqRecord, state: RfqState, at: dt.datetime, *, reason: str = "") -> RfqRecord:
    """The RFQ's end, with what that means for its active quotes and its resting triggers."""
    quote_state, quote_reason = _REST_OF_QUOTES[state]
    ended = with_each_active(rfq, lambda quote: step_quote(quote, quote_state, quote_reason, at))
    ended = cancel_triggers(ended, f"rfq_{state.value}")
    return dataclasses.replace(step_rfq(ended, state, at), reason=reason, pending_until=None)


def step_rfq(rfq: RfqRecord, state: RfqState, at: dt.datetime) -> RfqRecord:
    if state not in _RFQ_STEPS.get(rfq.state, ()):
        raise IllegalStep(f"rfq {rfq.rfq_id}: {rfq.state} -> {state}")
    return dataclasses.replace(rfq, state=state, updated_at=at)


def step_quote(quote: QuoteRecord, state: QuoteState, reason: str, at: dt.datetime) -> QuoteRecord:
    if state not in _QUOTE_STEPS.get(quote.state, ()):
        raise IllegalStep(f"quote {quote.quote_id}: {quote.state} -> {state}")
    return dataclasses.replace(quote, state=state, reason=reason, updated_at=at)


def with_quote(rfq: RfqRecord, quote: QuoteRecord) -> RfqRecord:
    quotes = tuple(quote if each.quote_id == quote.quote_id else each for each in rfq.quotes)
    return dataclasses.replace(rfq, quotes=quotes)


def with_each_active(rfq: RfqRecord, step: Callable[[QuoteRecord], QuoteRecord]) -> RfqRecord:
    return with_each_in(rfq, {QuoteState.ACTIVE}, step)


def with_each_in(
    rfq: RfqRecord, states: set[QuoteState] | frozenset[QuoteState], step: Callable[[QuoteRecord], QuoteRecord]
) -> RfqRecord:
    quotes = tuple(step(quote) if quote.state in states else quote for quote in rfq.quotes)
    return dataclasses.replace(rfq, quotes=quotes)


def with_trade_states(rfq: RfqRecord, state: TradeState, *, trade_id: int | None = None) -> RfqRecord:
    """Of one trade, or of all."""
    trades = tuple(
        dataclasses.replace(trade, state=state) if trade_id in (None, trade.trade_id) else trade for trade in rfq.trades
    )
    return dataclasses.replace(rfq, trades=trades)


def cancel_triggers(rfq: RfqRecord, reason: str) -> RfqRecord:
    triggers = tuple(
        dataclasses.replace(each, state=TriggerState.CANCELED, reason=reason)
        if each.state is TriggerState.UNTRIGGERED
        else each
        for each in rfq.triggers
    )
    return dataclasses.replace(rfq, triggers=triggers)
