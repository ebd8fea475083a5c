"""What a session is told when its firm's view of an RFQ has changed. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from wire.facts import QuoteView, RfqView, TriggerView
from wire.fix_rfq import (
    NO_ID,
    AnyFixNews,
    OutcomeTold,
    QuoteGone,
    QuoteShown,
    RequestShown,
    StatusTold,
    quote_name,
    request_name,
)
from wire.negotiation import TriggerState
from wire.units import QuoteState, RfqState, Side

ENDED = {
    RfqState.EXPIRED: "expired",
    RfqState.CANCELED: "canceled",
    RfqState.REJECTED: "rejected",
    RfqState.FILLED: "removed",
}
"""QuoteStatus of a request that has ended, for makers that had no quote in it."""
WITHDRAWN = (QuoteState.CANCELED, QuoteState.EXPIRED)
TRADING = (RfqState.PENDING_FILL, RfqState.FILLED, RfqState.REJECTED)


LAST_LOOK = "last_look"
"""Reason of a quote, or of a request, that waits for its maker's last look."""


class TakerIds(NamedTuple):
    """Of the session: its request, the response that trades, and by side the counter in force."""

    request_id: str
    response_id: str = ""
    counters: Mapping[Side, str] = {}


def to_taker(before: RfqView | None, after: RfqView, ids: TakerIds) -> list[AnyFixNews]:
    """``before``: what it was told last, None at first."""
    news = [*_quotes(before, after, ids.request_id), *_looks(before, after, ids), *_counters(before, after, ids)]
    if before is not None and before.state is after.state:
        return news
    until_ns = max((quote.last_look_until_ns or 0 for quote in after.quotes), default=0)
    is_looked_at = after.state is RfqState.PENDING_FILL and until_ns > 0
    status = {
        RfqState.OPEN: "accepted",
        RfqState.PENDING_FILL: "pending",
        RfqState.FILLED: "traded",
    }.get(after.state) or ENDED[after.state]
    told = StatusTold(
        status=status,
        request_id=ids.request_id,
        response_id=ids.response_id if after.state in TRADING else "",
        instruments=instruments_of(after),
        reason=LAST_LOOK if is_looked_at else after.reason,
        text=f"rfq {after.rfq_id}" if after.state is RfqState.OPEN else "",
        until_ns=until_ns if is_looked_at else 0,
    )
    return [*news, told]


def _looks(before: RfqView | None, after: RfqView, ids: TakerIds) -> Iterator[AnyFixNews]:
    """Makers that took their price back, and why."""
    told = {quote.quote_id: quote.state for quote in before.quotes} if before else {}
    for quote in after.quotes:
        if quote.state is QuoteState.LAST_LOOK_REJECTED and told.get(quote.quote_id) is not quote.state:
            yield StatusTold(
                status="rejected",
                request_id=ids.request_id,
                quote_id=quote_name(quote),
                response_id=ids.response_id,
                instruments=instruments_of(after),
                party=quote.maker_name,
                reason=quote.reason or LAST_LOOK,
            )


def _counters(before: RfqView | None, after: RfqView, ids: TakerIds) -> Iterator[AnyFixNews]:
    """Counters that rest no more; one that traded is told by its trade."""
    told = {trigger.side: trigger.state for trigger in before.triggers} if before else {}
    for trigger in after.triggers:
        rested = told.get(trigger.side) is TriggerState.UNTRIGGERED
        if rested and trigger.state is TriggerState.CANCELED and trigger.side in ids.counters:
            yield StatusTold(
                status="canceled",
                request_id=ids.request_id,
                response_id=ids.counters[trigger.side],
                instruments=instruments_of(after),
                reason=trigger.reason,
            )


def is_fired(trigger: TriggerView, rfq: RfqView) -> bool:
    """Whether that limit is what traded."""
    return trigger.state is TriggerState.TRIGGERED and trigger.side is rfq.accepted_side


def _quotes(before: RfqView | None, after: RfqView, request_id: str) -> Iterator[AnyFixNews]:
    told = {quote.quote_id: quote for quote in before.quotes} if before else {}
    for quote in after.quotes:
        was = told.get(quote.quote_id)
        stood = was is not None and was.state is QuoteState.ACTIVE
        if quote.state is QuoteState.ACTIVE and not (stood and was is not None and was.version == quote.version):
            yield QuoteShown(request_id=request_id, rfq=without_quotes(after), quote=quote)
        elif stood and quote.state in WITHDRAWN and after.state is RfqState.OPEN:
            yield QuoteGone(request_id=request_id, rfq=without_quotes(after), quote=quote)


def to_maker(before: RfqView | None, after: RfqView, quote_id: str) -> list[AnyFixNews]:
    """``quote_id``: of the session's own quote, empty where it has none."""
    news = list[AnyFixNews]()
    if before is None and after.state is RfqState.OPEN:
        news.append(RequestShown(rfq=without_quotes(after)))
    if quote_id and after.quotes:
        was = before.quotes[0] if before and before.quotes else None
        news += _own_quote(was, after.quotes[0], after, quote_id)
    elif before is not None and before.state is not after.state and after.state in ENDED:
        news.append(_status(ENDED[after.state], after, NO_ID, ""))
    return news


def _own_quote(was: QuoteView | None, now: QuoteView, rfq: RfqView, quote_id: str) -> Iterator[AnyFixNews]:
    if now.outcome is not None and (was is None or was.outcome is not now.outcome):
        yield _outcome(now.outcome.value, rfq, quote_id)
    if was is None or was.state is now.state:
        return
    if now.state is QuoteState.CANCELED and rfq.state is RfqState.CANCELED:
        yield _outcome("pass", rfq, quote_id)
    elif now.state is QuoteState.EXPIRED and rfq.state is RfqState.EXPIRED:
        yield _outcome("expired", rfq, quote_id)
    elif now.state is QuoteState.PENDING_LAST_LOOK:
        asked = _status("pending", rfq, quote_id, LAST_LOOK)
        until_ns = now.last_look_until_ns or 0
        yield msgspec.structs.replace(asked, until_ns=until_ns, side=rfq.accepted_side)
    elif status := OWN_STATUSES.get(now.state):
        yield _status(status, rfq, quote_id, now.reason or rfq.reason)


OWN_STATUSES = {
    QuoteState.PENDING_LAST_LOOK: "pending",
    QuoteState.PENDING_FILL: "pending",
    QuoteState.REJECTED: "rejected",
    QuoteState.LAST_LOOK_REJECTED: "rejected",
    QuoteState.CANCELED: "canceled",
    QuoteState.EXPIRED: "expired",
}
"""QuoteStatus of a maker's own quote; what a trade made of it is told as its outcome."""
STATUS_OF_QUOTE = OWN_STATUSES | {
    QuoteState.ACTIVE: "accepted",
    QuoteState.FILLED: "traded",
    QuoteState.TRADED_AWAY: "removed",
}


def instruments_of(rfq: RfqView) -> list[str]:
    return [leg.instrument_name for leg in rfq.legs]


def without_quotes(rfq: RfqView) -> RfqView:
    """The RFQ alone, for news that carry the one quote they are about."""
    return msgspec.structs.replace(rfq, quotes=[], trades=[], triggers=[], bids=None, asks=None)


def _outcome(outcome: str, rfq: RfqView, quote_id: str) -> OutcomeTold:
    request_id = request_name(rfq.rfq_id)
    return OutcomeTold(request_id=request_id, quote_id=quote_id, outcome=outcome, rfq=without_quotes(rfq))


def _status(status: str, rfq: RfqView, quote_id: str, reason: str) -> StatusTold:
    return StatusTold(
        status=status,
        request_id=request_name(rfq.rfq_id),
        quote_id=quote_id,
        instruments=instruments_of(rfq),
        reason=reason,
    )
