"""What each message of a session does at the desk, and what answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from common import clock, db
from common.errors import Conflict, NotFound, Refusal
from fixdesk.domain import news as told
from fixdesk.models import FixCounter, FixQuote, FixRequest
from fixdesk.services import multilegs, responses
from fixdesk.services.asked import Asked
from rfq import selectors as rfq
from rfq.services import sessions
from settlement import selectors as settlement
from wire import fix_multileg, fix_rfq
from wire.client import CancelAllQuotes, CancelQuote, CancelRfq, CancelTrigger, SubmitQuote
from wire.client_rfq import QuoteSide
from wire.facts import RfqView
from wire.fix_rfq import AnyFixNews, FixEntry
from wire.units import NANOSECONDS_PER_SECOND, Side

TRADES_MAX = 10_000
TRADES_AT_ONCE = 200


def refused(entry: FixEntry, refusal: Refusal) -> list[AnyFixNews]:
    """In the words that FIX has for a message of this type; a business reject where it has none."""
    action, reason, text = entry.action, refusal.reason, _words(refusal)
    if isinstance(action, fix_rfq.RequestQuotes):
        return [fix_rfq.RequestRefused(request_id=action.request_id, reason=reason, text=text)]
    if isinstance(action, fix_rfq.AskTrades):
        return [fix_rfq.no_trades(action.request_id, action.request_type, reason, text)]
    of_multileg = multilegs.refused(entry, refusal, text)
    if of_multileg is not None:
        return of_multileg
    told_status = _status_of(action)
    if told_status is not None:
        status = "not_found" if isinstance(refusal, NotFound) else "rejected"
        return [msgspec.structs.replace(told_status, status=status, reason=reason, text=text)]
    if not entry.sequence:
        return []
    return [
        fix_rfq.MessageRefused(
            sequence=entry.sequence, message_type=entry.message_type, business_id="", reason=reason, text=text
        )
    ]


def _status_of(action: Any) -> fix_rfq.StatusTold | None:
    """With the ids of the message; None of a message that gets no status report."""
    if isinstance(action, fix_rfq.SendQuote):
        request_id = fix_rfq.request_name(action.quote.rfq_id)
        return fix_rfq.StatusTold(status="", quote_id=action.quote.quote_id, request_id=request_id)
    if isinstance(action, fix_rfq.Respond | fix_rfq.AnswerLook):
        return fix_rfq.StatusTold(status="", quote_id=action.quote_id, response_id=action.response_id)
    if isinstance(action, fix_rfq.AskStatus):
        ask = action.status_request_id
        return fix_rfq.StatusTold(status="", quote_id=action.quote_id, status_request_id=ask)
    if isinstance(action, fix_rfq.Withdraw):
        return fix_rfq.StatusTold(status="", quote_id=action.quote_id, request_id=action.request_id)
    return None


def _words(refusal: Refusal) -> str:
    parts = [refusal.message]
    parts += [f"value {refusal.value}"] if refusal.value is not None else []
    parts += [f"bound {refusal.bound}"] if refusal.bound is not None else []
    return ", ".join(parts)


def _request_quotes(asked: Asked) -> list[AnyFixNews]:
    action = asked.action
    known = FixRequest.objects.filter(session=asked.session, request_id=action.request_id).first()
    if known is not None:
        if asked.entry.is_possible_resend:
            return []
        raise Conflict("duplicate_request", "The QuoteReqID was used before.", value=action.request_id)
    accepted = asked.perform(action.command)
    FixRequest.objects.create(session=asked.session, request_id=action.request_id, rfq_id=accepted.entity_id)
    return []


def _send_quote(asked: Asked) -> list[AnyFixNews]:
    quote: fix_rfq.FixQuote = asked.action.quote
    view = _submit(asked, quote)
    if view is None:
        return []
    accepted = fix_rfq.StatusTold(
        status="accepted",
        quote_id=quote.quote_id,
        request_id=fix_rfq.request_name(quote.rfq_id),
        instruments=told.instruments_of(view),
    )
    if quote.bid_volatilities or quote.ask_volatilities:
        (priced,) = rfq.get_view(asked.session.user, quote.rfq_id).quotes
        accepted = msgspec.structs.replace(accepted, bid=priced.bid or "", ask=priced.ask or "")
    return [accepted]


def _submit(asked: Asked, quote: fix_rfq.FixQuote) -> RfqView | None:
    """The RFQ that was quoted; None where the quote was perhaps sent before, and was. Raises Refusal."""
    if _is_known(asked, quote.quote_id):
        return None
    view = rfq.get_view(asked.session.user, quote.rfq_id)
    command = SubmitQuote(
        command_id=asked.command_id("S", quote.quote_id),
        rfq_id=quote.rfq_id,
        account_id=quote.account_id,
        bid=_side(view, quote.bids, quote.bid_volatilities),
        ask=_side(view, quote.asks, quote.ask_volatilities),
        quantity=quote.quantity,
        condition=quote.condition,
        life_seconds=_life_seconds(quote, asked.entry),
    )
    accepted = asked.perform(command)
    FixQuote.objects.create(
        session=asked.session, client_quote_id=quote.quote_id, rfq_id=quote.rfq_id, quote_id=accepted.entity_id
    )
    return view


def _is_known(asked: Asked, quote_id: str) -> bool:
    """True where it was perhaps sent before, and was. Raises Conflict for another message under the same id."""
    if not FixQuote.objects.filter(session=asked.session, client_quote_id=quote_id).exists():
        return False
    if not asked.entry.is_possible_resend:
        raise Conflict("duplicate_quote", "The QuoteID was used before.", value=quote_id)
    return True


def _side(view: RfqView, prices: dict[str, str], volatilities: dict[str, str]) -> QuoteSide | None:
    """By the order of the RFQ's legs. Raises Refusal for a leg that the RFQ has not, or has and is not quoted."""
    quoted = prices.keys() | volatilities.keys()
    if not quoted:
        return None
    names = told.instruments_of(view)
    if quoted == {""} and len(names) == 1:
        return QuoteSide(leg_prices=[*prices.values()], leg_volatilities=[*volatilities.values()])
    unknown = sorted(quoted - set(names))
    if unknown:
        raise Refusal("unknown_leg", "The request has no such leg.", value=unknown[0], bound=", ".join(names))
    hedges = {leg.instrument_name for leg in view.legs if leg.is_hedge}
    missing = [name for name in names if name not in quoted and name not in hedges]
    if missing:
        raise Refusal("leg_not_quoted", "Every leg has a price.", value=missing[0])
    by_volatility = [volatilities.get(name) for name in names] if volatilities else []
    return QuoteSide(leg_prices=[prices.get(name) for name in names], leg_volatilities=by_volatility)


def _life_seconds(quote: fix_rfq.FixQuote, entry: FixEntry) -> int | None:
    if not quote.valid_until_ns:
        return None
    return max(-1, round((quote.valid_until_ns - entry.at_ns) / NANOSECONDS_PER_SECOND))


def _send_quotes(asked: Asked) -> list[AnyFixNews]:
    """In the order of the requests, whose locks are held to the end; answered in the order of the message."""
    action: fix_rfq.SendQuotes = asked.action
    ordered = sorted(enumerate(action.entries), key=lambda numbered: numbered[1].quote.rfq_id)
    answers = {index: _one_of_many(asked, entry) for index, entry in ordered}
    return [fix_rfq.MassAnswered(mass_id=action.mass_id, answers=[answers[index] for index in sorted(answers)])]


def _one_of_many(asked: Asked, entry: fix_rfq.MassEntry) -> fix_rfq.MassAnswer:
    """Done or refused by itself."""
    set_id, quote_id = entry.set_id, entry.quote.quote_id
    try:
        with db.unit_of_work():
            _submit(asked, entry.quote)
    except Refusal as refusal:
        return fix_rfq.MassAnswer(set_id=set_id, quote_id=quote_id, reason=refusal.reason, text=_words(refusal))
    return fix_rfq.MassAnswer(set_id=set_id, quote_id=quote_id)


def _decline(asked: Asked) -> list[AnyFixNews]:
    asked.perform(asked.action.command)
    return []


def _withdraw(asked: Asked) -> list[AnyFixNews]:
    """What is withdrawn is told by the facts; all at once is answered besides."""
    action: fix_rfq.Withdraw = asked.action
    if action.is_all:
        asked.perform(CancelAllQuotes(command_id=_numbered(asked)))
        return [fix_rfq.StatusTold(status="canceled_all", quote_id=action.quote_id, request_id=action.request_id)]
    request = FixRequest.objects.filter(session=asked.session, request_id=action.request_id).first()
    if request is not None:
        asked.perform(_withdrawal_of(asked, request))
        return []
    asked.perform(CancelQuote(command_id=_numbered(asked), quote_id=_quote_of(asked, action)))
    return []


def _withdrawal_of(asked: Asked, request: FixRequest) -> CancelRfq | CancelTrigger:
    """Of the request, or of the counter that is named. Raises NotFound for one that is not in force."""
    response_id = asked.action.quote_id
    if response_id in ("", fix_rfq.NO_ID):
        return CancelRfq(command_id=_numbered(asked), rfq_id=request.rfq_id)
    counter = FixCounter.objects.filter(request=request, response_id=response_id).first()
    newest = counter and FixCounter.objects.filter(request=request, side=counter.side).order_by("id").last()
    if counter is None or newest != counter:
        raise NotFound("counter_not_found", "The request has no such counter in force.", value=response_id)
    return CancelTrigger(command_id=_numbered(asked), rfq_id=request.rfq_id, side=Side(counter.side))


def _quote_of(asked: Asked, action: fix_rfq.Withdraw) -> int:
    """The desk's id. Raises NotFound."""
    found = FixQuote.objects.filter(session=asked.session)
    by_id = action.quote_id and action.quote_id != fix_rfq.NO_ID
    rfq_id = fix_rfq.find_rfq_id(action.request_id) or 0
    row = (found.filter(client_quote_id=action.quote_id) if by_id else found.filter(rfq_id=rfq_id)).last()
    if row is None:
        raise NotFound("quote_not_found", "The session has no such quote.", value=action.quote_id or action.request_id)
    return row.quote_id


def _numbered(asked: Asked) -> str:
    """Of a message without an id of its own: its place in the gateway's log."""
    return asked.command_id("n", f"{asked.entry.number}:{asked.entry.at_ns}")


def _ask_status(asked: Asked) -> list[AnyFixNews]:
    action: fix_rfq.AskStatus = asked.action
    own = FixQuote.objects.filter(session=asked.session, client_quote_id=action.quote_id).first()
    named = fix_rfq.find_quote(action.quote_id)
    rfq_id = own.rfq_id if own else named[0] if named else 0
    view = rfq.get_view(asked.session.user, rfq_id)
    wanted = own.quote_id if own else named[1] if named else 0
    quote = next((quote for quote in view.quotes if quote.quote_id == wanted), None)
    if quote is None:
        raise NotFound("quote_not_found", "There is no such quote.", value=action.quote_id)
    return [
        fix_rfq.StatusTold(
            status=told.STATUS_OF_QUOTE[quote.state],
            quote_id=action.quote_id,
            request_id=fix_rfq.request_name(rfq_id) if own else _request_id(asked, rfq_id),
            status_request_id=action.status_request_id,
            instruments=told.instruments_of(view),
            reason=quote.reason,
            until_ns=quote.last_look_until_ns or 0,
        )
    ]


def _request_id(asked: Asked, rfq_id: int) -> str:
    row = FixRequest.objects.filter(session=asked.session, rfq_id=rfq_id).first()
    return row.request_id if row else ""


def _ask_trades(asked: Asked) -> list[AnyFixNews]:
    action: fix_rfq.AskTrades = asked.action
    fills = settlement.list_executions(
        action.account_ids,
        execution_id=action.execution_id or None,
        after=clock.from_ns(action.after_ns) if action.after_ns else None,
        before=clock.from_ns(action.before_ns) if action.before_ns else None,
        limit=TRADES_MAX + 1,
    )
    if len(fills) > TRADES_MAX:
        raise Refusal("too_many_trades", "Ask for a shorter time.", value=f"more than {TRADES_MAX}", bound=TRADES_MAX)
    total = len(fills)
    return [
        fix_rfq.TradesListed(
            request_id=action.request_id,
            request_type=action.request_type,
            total=total,
            fills=fills[start : start + TRADES_AT_ONCE],
            is_first=start == 0,
            is_last=start + TRADES_AT_ONCE >= total,
        )
        for start in range(0, max(total, 1), TRADES_AT_ONCE)
    ]


def _session_came(asked: Asked) -> list[AnyFixNews]:
    sessions.open_session(asked.session.user, asked.actor)
    return []


def _session_went(asked: Asked) -> list[AnyFixNews]:
    sessions.withdraw_session(asked.actor.session, clock.now())
    return []


BY_ACTION: dict[type[fix_rfq.FixAction], Callable[[Asked], list[AnyFixNews]]] = {
    fix_rfq.RequestQuotes: _request_quotes,
    fix_rfq.SendQuote: _send_quote,
    fix_rfq.SendQuotes: _send_quotes,
    fix_rfq.DeclineRequest: _decline,
    fix_rfq.Withdraw: _withdraw,
    fix_rfq.Respond: responses.respond,
    fix_rfq.AnswerLook: responses.answer_look,
    fix_rfq.AskStatus: _ask_status,
    fix_rfq.AskTrades: _ask_trades,
    fix_rfq.SessionCame: _session_came,
    fix_rfq.SessionWent: _session_went,
    fix_multileg.EnterMultileg: multilegs.enter,
    fix_multileg.ReplaceMultileg: multilegs.replace,
    fix_multileg.CancelMultileg: multilegs.cancel,
    fix_multileg.AskMultileg: multilegs.ask,
    fix_multileg.CancelMultilegs: multilegs.cancel_all,
    fix_multileg.ListMultilegs: multilegs.list_all,
}
