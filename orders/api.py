"""Orders and fills over REST: the socket's messages, the same services."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common import rest
from orders import handlers, selectors
from orders.basket_api import router as baskets_router
from orders.desk_trade_api import router as desk_trades_router
from orders.parent_api import router as parents_router
from orders.route_api import router as routes_router
from orders.selectors import OrderEventView, OverrideView
from orders.venue_rfq_api import router as venue_rfqs_router
from wire.client import (
    AmendOrder,
    ApproveOverride,
    CancelAll,
    CancelOrder,
    CommandAccepted,
    PlaceOrder,
    RequestOverride,
)
from wire.facts import FillView, OrderView

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["orders"])
router.add_router("", parents_router)
router.add_router("", routes_router)
router.add_router("", venue_rfqs_router)
router.add_router("", baskets_router)
router.add_router("", desk_trades_router)


@router.post("/orders", openapi_extra=rest.describe(request=PlaceOrder, response=CommandAccepted, status=201))
def place_order(request: HttpRequest) -> HttpResponse:
    """Place an order. The answer means that it is durable; what becomes of it is told by facts."""
    message = rest.decode(request, PlaceOrder)
    return rest.answer(handlers.place_order(_user(request), rest.actor(request), message), status=201)


@router.post("/orders/cancel_all", openapi_extra=rest.describe(request=CancelAll, response=CommandAccepted, status=202))
def cancel_all(request: HttpRequest) -> HttpResponse:
    """Cancel every working order of an account, or of the firm."""
    message = rest.decode(request, CancelAll)
    return rest.answer(handlers.cancel_all(_user(request), rest.actor(request), message), status=202)


@router.post("/orders/amend", openapi_extra=rest.describe(request=AmendOrder, response=CommandAccepted, status=202))
def amend_order(request: HttpRequest) -> HttpResponse:
    """Ask for another quantity or price of a working order."""
    message = rest.decode(request, AmendOrder)
    return rest.answer(handlers.amend_order(_user(request), rest.actor(request), message), status=202)


@router.post(
    "/orders/overrides", openapi_extra=rest.describe(request=RequestOverride, response=CommandAccepted, status=202)
)
def request_override(request: HttpRequest) -> HttpResponse:
    """Ask that a rejected order may pass the control that rejected it."""
    message = rest.decode(request, RequestOverride)
    return rest.answer(handlers.request_override(_user(request), rest.actor(request), message), status=202)


@router.post(
    "/orders/overrides/approve",
    openapi_extra=rest.describe(request=ApproveOverride, response=CommandAccepted, status=201),
)
def approve_override(request: HttpRequest) -> HttpResponse:
    """Place the order anew, past that control: the house, another person."""
    message = rest.decode(request, ApproveOverride)
    return rest.answer(handlers.approve_override(_user(request), rest.actor(request), message), status=201)


@router.get("/orders/overrides", openapi_extra=rest.describe(response=list[OverrideView]))
def list_overrides(request: HttpRequest) -> HttpResponse:
    """Overrides of the firm's orders that wait for a second person; of every firm for compliance and admin."""
    return rest.answer(selectors.list_open_overrides(_user(request)))


@router.delete("/orders/{int:order_id}", openapi_extra=rest.describe(response=CommandAccepted, status=202))
def cancel_order(request: HttpRequest, order_id: int, command_id: str) -> HttpResponse:
    """Ask for a cancel; ``command_id`` travels in the query."""
    message = rest.convert({"command_id": command_id, "order_id": order_id}, CancelOrder)
    return rest.answer(handlers.cancel_order(_user(request), rest.actor(request), message), status=202)


@router.get("/orders", openapi_extra=rest.describe(response=list[OrderView]))
def list_orders(
    request: HttpRequest, *, working: bool = False, before: int | None = None, limit: int = selectors.ROWS_MAX
) -> HttpResponse:
    """The firm's orders, newest first; ``before``: an order id to page from."""
    found = selectors.list_orders(_user(request), only_working=working, before=before, limit=max(1, limit))
    return rest.answer(found)


@router.get("/orders/{int:order_id}", openapi_extra=rest.describe(response=OrderView))
def get_order(request: HttpRequest, order_id: int) -> HttpResponse:
    """One order."""
    return rest.answer(selectors.get_order(_user(request), order_id))


@router.get("/orders/{int:order_id}/events", openapi_extra=rest.describe(response=list[OrderEventView]))
def list_events(request: HttpRequest, order_id: int) -> HttpResponse:
    """What the gateway said of the order, in its order."""
    return rest.answer(selectors.list_events(_user(request), order_id))


@router.get("/fills", openapi_extra=rest.describe(response=list[FillView]))
def list_fills(request: HttpRequest, before: int | None = None, limit: int = selectors.ROWS_MAX) -> HttpResponse:
    """The firm's fills, newest first; ``before``: an execution id to page from."""
    return rest.answer(selectors.list_fills(_user(request), before=before, limit=max(1, limit)))


def _user(request: HttpRequest) -> "User":
    """Who asks: the API lets nobody in who is not signed in."""
    return cast("User", request.user)
