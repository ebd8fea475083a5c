"""Parent orders over REST: the socket's messages, the same services."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts import roles
from common import clock, rest
from market import selectors as market
from orders import handlers, parent_selectors, tree_selectors, volume_selectors
from wire import client_parents as messages
from wire.client import ClientMessage, CommandAccepted
from wire.lifecycle_views import Lifecycle, LifecycleKind, ShowLifecycle
from wire.parent_views import ParentPolicyView, ParentView
from wire.volume_views import ListVolumeCurves, VolumeCurveView

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["parent orders"])


@router.get("/parents", openapi_extra=rest.describe(response=list[ParentView]))
def list_parents(request: HttpRequest, *, only_open: bool = False, before: int | None = None) -> HttpResponse:
    """The firm's parent orders, newest first; ``before``: a parent order id to page from."""
    return rest.answer(parent_selectors.list_parents(_user(request), only_open=only_open, before=before))


@router.get("/parents/{int:parent_order_id}", openapi_extra=rest.describe(response=Lifecycle))
def get_parent(request: HttpRequest, parent_order_id: int) -> HttpResponse:
    """One parent order with its children, its routes and their fills."""
    return rest.answer(tree_selectors.get_lifecycle(_user(request), LifecycleKind.PARENT, parent_order_id))


@router.get("/parents/policies", openapi_extra=rest.describe(response=list[ParentPolicyView]))
def list_policies(request: HttpRequest) -> HttpResponse:
    """What the firm's desks demand of parent orders; those of all firms for the house."""
    user = _user(request)
    firm_id = None if roles.sees_every_firm(user) else user.firm_id
    return rest.answer(parent_selectors.list_policies(firm_id) if firm_id or roles.sees_every_firm(user) else [])


@router.get("/volume_curves", openapi_extra=rest.describe(response=list[VolumeCurveView]))
def list_volume_curves(request: HttpRequest, instrument_name: str, duration_s: int = 600) -> HttpResponse:
    """Measured curves for a VWAP that starts now, the instrument's own first."""
    message = rest.convert(
        {"command_id": "rest", "instrument_name": instrument_name, "duration_s": duration_s}, ListVolumeCurves
    )
    instrument = market.get_instrument(message.instrument_name)
    return rest.answer(volume_selectors.list_curves(instrument, duration_s=message.duration_s, now=clock.now()))


@router.get("/lifecycle/{kind}/{int:entity_id}", openapi_extra=rest.describe(response=Lifecycle))
def get_lifecycle(request: HttpRequest, kind: str, entity_id: int) -> HttpResponse:
    """What became of one order. kind: parent, split (over venues), route or order."""
    message = rest.convert({"command_id": "rest", "kind": kind, "id": entity_id}, ShowLifecycle)
    return rest.answer(tree_selectors.get_lifecycle(_user(request), message.kind, message.id))


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
_offer("propose_policy", messages.ProposeParentPolicy, handlers.propose_parent_policy, "Whether a desk takes two.")
_offer("decide_policy", messages.DecideParentPolicy, handlers.decide_parent_policy, "The second person's word on it.")


def _user(request: HttpRequest) -> "User":
    """Who asks: the API lets nobody in who is not signed in."""
    return cast("User", request.user)
