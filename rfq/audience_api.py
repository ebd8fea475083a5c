"""Drafts and groups of makers over REST, into the same services as the socket."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common import rest
from rfq import handlers, selectors
from rfq.services import previews
from rfq.services.previews import RfqPreview
from rfq.services.requests import check_may_ask
from wire.client import (
    Command,
    CommandAccepted,
    DeleteDraft,
    DeleteMakerGroup,
    PreviewRfq,
    SaveDraft,
    SaveMakerGroup,
    SendDraft,
)
from wire.facts import DraftView, MakerGroupView

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["rfq"])


@router.get("/drafts", openapi_extra=rest.describe(response=list[DraftView]))
def list_drafts(request: HttpRequest) -> HttpResponse:
    """Requests that your firm saved and has not sent, newest first."""
    return rest.answer(selectors.list_drafts(_firm_of_taker(request)))


@router.post("/drafts", openapi_extra=rest.describe(request=SaveDraft, response=CommandAccepted, status=201))
def save_draft(request: HttpRequest) -> HttpResponse:
    """Save a request without sending it, or change one that was saved."""
    return _perform(request, rest.decode(request, SaveDraft), status=201)


@router.post("/drafts/send", openapi_extra=rest.describe(request=SendDraft, response=CommandAccepted, status=201))
def send_draft(request: HttpRequest) -> HttpResponse:
    """Ask makers for what a draft says."""
    return _perform(request, rest.decode(request, SendDraft), status=201)


@router.delete("/drafts/{rfq_id}", openapi_extra=rest.describe(response=CommandAccepted))
def delete_draft(request: HttpRequest, rfq_id: int, command_id: str) -> HttpResponse:
    """Forget a draft."""
    values = {"type": "rfq.delete_draft", "command_id": command_id, "rfq_id": rfq_id}
    return _perform(request, rest.convert(values, DeleteDraft))


@router.get("/maker-groups", openapi_extra=rest.describe(response=list[MakerGroupView]))
def list_maker_groups(request: HttpRequest) -> HttpResponse:
    """Groups of makers that your firm asks together, by name."""
    return rest.answer(selectors.list_maker_groups(_firm_of_taker(request)))


@router.post("/maker-groups", openapi_extra=rest.describe(request=SaveMakerGroup, response=CommandAccepted, status=201))
def save_maker_group(request: HttpRequest) -> HttpResponse:
    """Make a group of makers, or change its name and members."""
    return _perform(request, rest.decode(request, SaveMakerGroup), status=201)


@router.delete("/maker-groups/{maker_group_id}", openapi_extra=rest.describe(response=CommandAccepted))
def delete_maker_group(request: HttpRequest, maker_group_id: int, command_id: str) -> HttpResponse:
    """Forget a group of makers."""
    values = {"type": "rfq.delete_maker_group", "command_id": command_id, "maker_group_id": maker_group_id}
    return _perform(request, rest.convert(values, DeleteMakerGroup))


@router.post("/rfq-previews", openapi_extra=rest.describe(request=PreviewRfq, response=RfqPreview))
def preview_rfq(request: HttpRequest) -> HttpResponse:
    """What asking, accepting or quoting would cost, and the margin it would take. Changes nothing."""
    return rest.answer(previews.preview_rfq(user=_user(request), message=rest.decode(request, PreviewRfq)))


def _perform(request: HttpRequest, message: Command, status: int = 200) -> HttpResponse:
    return rest.answer(handlers.perform(_user(request), rest.actor(request), message), status=status)


def _firm_of_taker(request: HttpRequest) -> int:
    user = _user(request)
    check_may_ask(user)
    assert user.firm_id is not None, "a trader has a firm"
    return user.firm_id


def _user(request: HttpRequest) -> "User":
    """Routes of the API are reached by authenticated users only."""
    return cast("User", request.user)
