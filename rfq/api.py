"""The desk over REST: the messages of the socket, into the same services."""

from typing import TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from common import decoding, rest
from common.errors import Refusal
from rfq import handlers, selectors
from rfq.audience_api import router as audience_router
from rfq.protection_api import router as protection_router
from rfq.quotes_api import router as quotes_router
from rfq.selectors import tape
from wire.client import AcceptQuote, CancelQuote, CancelRfq, Command, CommandAccepted, CreateRfq, SubmitQuote
from wire.client_corrections import DecideCorrection, RequestCorrection
from wire.facts import RfqView
from wire.market import TapePrint
from wire.units import RfqState

T = TypeVar("T", bound=Command)

router = Router(tags=["rfq"])
router.add_router("", audience_router)
router.add_router("", quotes_router)
router.add_router("", protection_router)


@router.post("/rfqs", openapi_extra=rest.describe(request=CreateRfq, response=CommandAccepted, status=201))
def create_rfq(request: HttpRequest) -> HttpResponse:
    """Ask makers for a firm quote on a structure."""
    return _perform(request, rest.decode(request, CreateRfq), status=201)


@router.get("/rfqs", openapi_extra=rest.describe(response=list[RfqView]))
def list_rfqs(
    request: HttpRequest, state: str | None = None, before_id: int | None = None, limit: int = 100
) -> HttpResponse:
    """RFQs that concern your firm, newest first, each as your firm may see it."""
    return rest.answer(
        selectors.list_views(request.user, state=_state(state), before_id=before_id, limit=limit)  # type: ignore[arg-type]  # authenticated by the API
    )


@router.get("/rfqs/{rfq_id}", openapi_extra=rest.describe(response=RfqView))
def get_rfq(request: HttpRequest, rfq_id: int) -> HttpResponse:
    """One RFQ, as your firm may see it."""
    return rest.answer(selectors.get_view(request.user, rfq_id))  # type: ignore[arg-type]  # authenticated by the API


@router.delete("/rfqs/{rfq_id}", openapi_extra=rest.describe(response=CommandAccepted))
def cancel_rfq(request: HttpRequest, rfq_id: int, command_id: str) -> HttpResponse:
    """Withdraw an RFQ."""
    return _perform(request, _read(CancelRfq, command_id=command_id, rfq_id=rfq_id))


@router.post(
    "/rfqs/{rfq_id}/quotes", openapi_extra=rest.describe(request=SubmitQuote, response=CommandAccepted, status=201)
)
def submit_quote(request: HttpRequest, rfq_id: int) -> HttpResponse:
    """Quote an RFQ, or replace your quote."""
    message = rest.decode(request, SubmitQuote)
    _check_same("rfq_id", message.rfq_id, rfq_id)
    return _perform(request, message, status=201)


@router.delete("/quotes/{quote_id}", openapi_extra=rest.describe(response=CommandAccepted))
def cancel_quote(request: HttpRequest, quote_id: int, command_id: str) -> HttpResponse:
    """Withdraw your quote."""
    return _perform(request, _read(CancelQuote, command_id=command_id, quote_id=quote_id))


@router.post("/rfqs/{rfq_id}/accept", openapi_extra=rest.describe(request=AcceptQuote, response=CommandAccepted))
def accept_quote(request: HttpRequest, rfq_id: int) -> HttpResponse:
    """Trade one side of a quote. Accepted means pending: the fill or its refusal follows as a fact."""
    message = rest.decode(request, AcceptQuote)
    _check_same("rfq_id", message.rfq_id, rfq_id)
    return _perform(request, message)


@router.get("/tape", openapi_extra=rest.describe(response=list[TapePrint]))
def list_tape(
    request: HttpRequest, after: int | None = None, before: int | None = None, limit: int = 100
) -> HttpResponse:
    """Completed block trades of everybody, without names. ``after``: oldest first and gapless; else newest first."""
    if after is not None:
        return rest.answer(tape.list_after(after, limit=limit))
    return rest.answer(tape.list_newest(before=before, limit=limit))


@router.post(
    "/trades/{trade_id}/corrections",
    openapi_extra=rest.describe(request=RequestCorrection, response=CommandAccepted, status=201),
)
def request_correction(request: HttpRequest, trade_id: int) -> HttpResponse:
    """Ask that a trade is taken back, or priced anew; another person decides."""
    message = rest.decode(request, RequestCorrection)
    _check_same("trade_id", message.trade_id, trade_id)
    return rest.answer(handlers.correct(request.user, rest.actor(request), message), status=201)  # type: ignore[arg-type]  # authenticated by the API


@router.post(
    "/corrections/{correction_id}/decision",
    openapi_extra=rest.describe(request=DecideCorrection, response=CommandAccepted),
)
def decide_correction(request: HttpRequest, correction_id: int) -> HttpResponse:
    """The second person's word on a correction. Approved means sent: the gateway may still refuse it."""
    message = rest.decode(request, DecideCorrection)
    _check_same("correction_id", message.correction_id, correction_id)
    return rest.answer(handlers.correct(request.user, rest.actor(request), message))  # type: ignore[arg-type]  # authenticated by the API


def _perform(request: HttpRequest, message: Command, status: int = 200) -> HttpResponse:
    return rest.answer(handlers.perform(request.user, rest.actor(request), message), status=status)  # type: ignore[arg-type]  # authenticated by the API


def _check_same(name: str, in_body: int, in_path: int) -> None:
    if in_body != in_path:
        raise Refusal(
            "id_mismatch", f"The {name} of the body is not that of the address.", value=in_body, bound=in_path
        )


def _read(message_type: type[T], **fields: object) -> T:
    """A message from the address, under the same rules as one from a body."""
    try:
        return msgspec.convert({"type": message_type.__struct_config__.tag, **fields}, message_type)
    except msgspec.ValidationError as error:
        raise decoding.Malformed("invalid_message", str(error)) from error


def _state(text: str | None) -> RfqState | None:
    if text is None:
        return None
    if text not in {state.value for state in RfqState}:
        raise Refusal("unknown_state", "There is no such state.", value=text[:32], bound=", ".join(RfqState))
    return RfqState(text)
