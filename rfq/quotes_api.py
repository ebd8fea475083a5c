"""Pooled trades, resting limits, many quotes at once and last looks over REST, into the same services as the socket."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common import rest
from common.errors import Refusal
from rfq import handlers
from rfq.selectors import last_looks
from rfq.selectors.last_looks import LastLookAgreementView, LastLookRateView
from wire.client import (
    AgreeLastLook,
    AnswerLastLook,
    CancelAllQuotes,
    CancelTrigger,
    Command,
    CommandAccepted,
    EndLastLook,
    MassQuote,
    ProposeLastLook,
    SetTrigger,
    TradeRfq,
)

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["rfq"])


@router.post("/rfqs/{rfq_id}/trade", openapi_extra=rest.describe(request=TradeRfq, response=CommandAccepted))
def trade_rfq(request: HttpRequest, rfq_id: int) -> HttpResponse:
    """Trade the full size with the pool of quotes within a net price, or nothing."""
    message = rest.decode(request, TradeRfq)
    _check_same("rfq_id", message.rfq_id, rfq_id)
    return _perform(request, message)


@router.post("/rfqs/{rfq_id}/triggers", openapi_extra=rest.describe(request=SetTrigger, response=CommandAccepted))
def set_trigger(request: HttpRequest, rfq_id: int) -> HttpResponse:
    """Rest a limit on one side, hidden from makers; it takes the place of an earlier one."""
    message = rest.decode(request, SetTrigger)
    _check_same("rfq_id", message.rfq_id, rfq_id)
    return _perform(request, message)


@router.delete("/rfqs/{rfq_id}/triggers/{side}", openapi_extra=rest.describe(response=CommandAccepted))
def cancel_trigger(request: HttpRequest, rfq_id: int, side: str, command_id: str) -> HttpResponse:
    """Withdraw the limit on one side."""
    values = {"type": "rfq.cancel_trigger", "command_id": command_id, "rfq_id": rfq_id, "side": side}
    return _perform(request, rest.convert(values, CancelTrigger))


@router.post("/quotes", openapi_extra=rest.describe(request=MassQuote, response=CommandAccepted))
def mass_quote(request: HttpRequest) -> HttpResponse:
    """Quote many requests at once; `result` answers each."""
    return _perform(request, rest.decode(request, MassQuote))


@router.delete("/quotes", openapi_extra=rest.describe(response=CommandAccepted))
def cancel_all_quotes(request: HttpRequest, command_id: str) -> HttpResponse:
    """Withdraw every active quote of your firm; `result` says how many."""
    values = {"type": "rfq.cancel_all_quotes", "command_id": command_id}
    return _perform(request, rest.convert(values, CancelAllQuotes))


@router.post(
    "/quotes/{quote_id}/last-look", openapi_extra=rest.describe(request=AnswerLastLook, response=CommandAccepted)
)
def answer_last_look(request: HttpRequest, quote_id: int) -> HttpResponse:
    """Stand by an accepted quote, or take its price back with a reason."""
    message = rest.decode(request, AnswerLastLook)
    _check_same("quote_id", message.quote_id, quote_id)
    return _perform(request, message)


@router.get("/last-looks", openapi_extra=rest.describe(response=list[LastLookAgreementView]))
def list_agreements(request: HttpRequest) -> HttpResponse:
    """Your firm's agreements on last look, newest first."""
    return rest.answer(last_looks.list_agreements(_user(request)))


@router.get("/last-looks/rates", openapi_extra=rest.describe(response=list[LastLookRateView]))
def list_rates(request: HttpRequest) -> HttpResponse:
    """How often each maker took its price back, published to everybody."""
    return rest.answer(last_looks.list_rates())


@router.post("/last-looks", openapi_extra=rest.describe(request=ProposeLastLook, response=CommandAccepted, status=201))
def propose_last_look(request: HttpRequest) -> HttpResponse:
    """Offer another firm an agreement on last look."""
    return _perform(request, rest.decode(request, ProposeLastLook), status=201)


@router.post("/last-looks/agree", openapi_extra=rest.describe(request=AgreeLastLook, response=CommandAccepted))
def agree_last_look(request: HttpRequest) -> HttpResponse:
    """Put what the other firm offered in force."""
    return _perform(request, rest.decode(request, AgreeLastLook))


@router.post("/last-looks/end", openapi_extra=rest.describe(request=EndLastLook, response=CommandAccepted))
def end_last_look(request: HttpRequest) -> HttpResponse:
    """End an agreement, or decline an offer."""
    return _perform(request, rest.decode(request, EndLastLook))


def _perform(request: HttpRequest, message: Command, status: int = 200) -> HttpResponse:
    return rest.answer(handlers.perform(_user(request), rest.actor(request), message), status=status)


def _user(request: HttpRequest) -> "User":
    return cast("User", request.user)


def _check_same(name: str, in_body: int, in_path: int) -> None:
    if in_body != in_path:
        raise Refusal(
            "id_mismatch", f"The {name} of the body is not that of the address.", value=in_body, bound=in_path
        )
