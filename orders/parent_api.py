"""Parent orders over REST: the socket's messages, the same services."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common import rest
from orders import handlers, parent_selectors, tree_selectors
from orders.tree_selectors import ParentTree
from wire import client_parents as messages
from wire.client import ClientMessage, CommandAccepted
from wire.parent_views import ParentView

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["parent orders"])


@router.get("/parents", openapi_extra=rest.describe(response=list[ParentView]))
def list_parents(request: HttpRequest, *, only_open: bool = False, before: int | None = None) -> HttpResponse:
    """The firm's parent orders, newest first; ``before``: a parent order id to page from."""
    return rest.answer(parent_selectors.list_parents(_user(request), only_open=only_open, before=before))


@router.get("/parents/{int:parent_order_id}", openapi_extra=rest.describe(response=ParentTree))
def get_parent(request: HttpRequest, parent_order_id: int) -> HttpResponse:
    """One parent order with its children and their fills."""
    return rest.answer(tree_selectors.get_tree(_user(request), parent_order_id))


@router.post(
    "/parents", openapi_extra=rest.describe(request=messages.StageParent, response=CommandAccepted, status=201)
)
def stage_parent(request: HttpRequest) -> HttpResponse:
    """Write a parent order down; nothing is sent to a market."""
    message = rest.decode(request, messages.StageParent)
    return rest.answer(handlers.steer_parent(_user(request), rest.actor(request), message), status=201)


def _offer(path: str, message_type: type[ClientMessage], handler: Callable[..., CommandAccepted], text: str) -> None:
    def act(request: HttpRequest) -> HttpResponse:
        message = rest.decode(request, message_type)
        return rest.answer(handler(_user(request), rest.actor(request), message), status=202)

    act.__name__, act.__doc__ = f"{path}_parent", text
    described = rest.describe(request=message_type, response=CommandAccepted, status=202)
    router.post(f"/parents/{path}", openapi_extra=described, operation_id=f"orders_{path}_parent")(act)


_offer("approve", messages.ApproveParent, handlers.steer_parent, "Another person's word, where the desk takes two.")
_offer("start", messages.StartParent, handlers.steer_parent, "Let the algorithm work.")
_offer("pause", messages.PauseParent, handlers.steer_parent, "Cancel what works and send nothing until resumed.")
_offer("resume", messages.ResumeParent, handlers.steer_parent, "Work on.")
_offer("change", messages.ChangeParent, handlers.steer_parent, "Other parameters or limits while it works.")
_offer("cancel", messages.CancelParent, handlers.steer_parent, "End it; what was traded stays traded.")
_offer("policy", messages.SetParentPolicy, handlers.set_parent_policy, "Whether a desk takes two people.")


def _user(request: HttpRequest) -> "User":
    """Who asks: the API lets nobody in who is not signed in."""
    return cast("User", request.user)
