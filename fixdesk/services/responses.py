"""Responses to quotes: of a taker, to trade, to rest a counter or to withdraw; of a maker, to a last look."""

from __future__ import annotations

from common.errors import Conflict, NotFound
from fixdesk.domain import news as told
from fixdesk.models import FixCounter, FixQuote, FixRequest
from fixdesk.services.asked import Asked
from rfq import selectors as rfq
from wire import fix_rfq
from wire.client import AnswerLastLook, CancelRfq, SetTrigger
from wire.fix_rfq import AnyFixNews


def respond(asked: Asked) -> list[AnyFixNews]:
    """The ids of the response are kept with what it does: the reports of the trade carry them."""
    action: fix_rfq.Respond = asked.action
    request = FixRequest.objects.select_for_update().filter(session=asked.session, rfq_id=action.rfq_id).first()
    if request is None:
        raise NotFound("rfq_not_found", "The session made no such request.", value=action.rfq_id)
    if action.command is None:
        asked.perform(CancelRfq(command_id=asked.command_id("AJ", action.response_id), rfq_id=action.rfq_id))
        return []
    if _is_known(request, action.response_id):
        if asked.entry.is_possible_resend:
            return []
        raise Conflict("duplicate_response", "The QuoteRespID was used before.", value=action.response_id)
    asked.perform(action.command)
    if isinstance(action.command, SetTrigger):
        return _rest(asked, request, action.command)
    request.response_id, request.client_order_id = action.response_id, action.client_order_id
    request.save(update_fields=["response_id", "client_order_id"])
    return []


def answer_look(asked: Asked) -> list[AnyFixNews]:
    """What the answer made of the quote is told by the facts. Raises NotFound, and what the desk refuses."""
    action: fix_rfq.AnswerLook = asked.action
    quote = FixQuote.objects.filter(session=asked.session, client_quote_id=action.quote_id).first()
    if quote is None:
        raise NotFound("quote_not_found", "The session has no such quote.", value=action.quote_id)
    command = AnswerLastLook(
        command_id=asked.command_id("AJ", action.response_id),
        quote_id=quote.quote_id,
        is_confirmed=action.reason is None,
        reason=action.reason,
    )
    asked.perform(command)
    return []


def _is_known(request: FixRequest, response_id: str) -> bool:
    return request.response_id == response_id or request.counters.filter(response_id=response_id).exists()


def _rest(asked: Asked, request: FixRequest, limit: SetTrigger) -> list[AnyFixNews]:
    action: fix_rfq.Respond = asked.action
    FixCounter.objects.create(
        request=request,
        side=limit.side.value,
        response_id=action.response_id,
        client_order_id=action.client_order_id,
    )
    view = rfq.get_view(asked.session.user, request.rfq_id)
    return [
        fix_rfq.StatusTold(
            status="accepted",
            request_id=request.request_id,
            response_id=action.response_id,
            instruments=told.instruments_of(view),
            text=f"rests at {limit.limit_price}",
        )
    ]
