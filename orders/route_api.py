"""Orders at other venues over REST: the socket's messages, the same services."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common import rest
from orders import route_handlers as handlers
from orders import route_selectors as selectors
from wire.client import AmendRoute, CancelRoute, CancelSplit, CommandAccepted, PlaceBest, PlaceRoute, PreviewBest
from wire.facts_routes import (
    ExternalOrderView,
    RouteFillView,
    RouteView,
    SplitView,
    VenueAnswersView,
    VenueBreakView,
)

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["routes"])


@router.post("/orders/routes", openapi_extra=rest.describe(request=PlaceRoute, response=CommandAccepted, status=201))
def place_route(request: HttpRequest) -> HttpResponse:
    """Send an order to a venue. The answer means that it is durable; what becomes of it is told by facts."""
    message = rest.decode(request, PlaceRoute)
    return rest.answer(handlers.place_route(_user(request), rest.actor(request), message), status=201)


@router.post(
    "/orders/routes/amend", openapi_extra=rest.describe(request=AmendRoute, response=CommandAccepted, status=202)
)
def amend_route(request: HttpRequest) -> HttpResponse:
    """Ask the venue for another quantity or price."""
    message = rest.decode(request, AmendRoute)
    return rest.answer(handlers.amend_route(_user(request), rest.actor(request), message), status=202)


@router.post("/orders/routes/preview", openapi_extra=rest.describe(request=PreviewBest, response=CommandAccepted))
def preview_best(request: HttpRequest) -> HttpResponse:
    """How an order would be split over the venues now: ``result`` is a plan."""
    message = rest.decode(request, PreviewBest)
    return rest.answer(handlers.preview_best(_user(request), rest.actor(request), message))


@router.post(
    "/orders/routes/best", openapi_extra=rest.describe(request=PlaceBest, response=CommandAccepted, status=201)
)
def place_best(request: HttpRequest) -> HttpResponse:
    """Split an order over venues as its plan says."""
    message = rest.decode(request, PlaceBest)
    return rest.answer(handlers.place_best(_user(request), rest.actor(request), message), status=201)


@router.delete("/orders/routes/{int:route_id}", openapi_extra=rest.describe(response=CommandAccepted, status=202))
def cancel_route(request: HttpRequest, route_id: int, command_id: str) -> HttpResponse:
    """Ask the venue for a cancel; ``command_id`` travels in the query."""
    message = rest.convert({"command_id": command_id, "route_id": route_id}, CancelRoute)
    return rest.answer(handlers.cancel_route(_user(request), rest.actor(request), message), status=202)


@router.delete("/orders/splits/{int:split_id}", openapi_extra=rest.describe(response=CommandAccepted, status=202))
def cancel_split(request: HttpRequest, split_id: int, command_id: str) -> HttpResponse:
    """Nothing more leaves for it, and its parts are canceled."""
    message = rest.convert({"command_id": command_id, "split_id": split_id}, CancelSplit)
    return rest.answer(handlers.cancel_split(_user(request), rest.actor(request), message), status=202)


@router.get("/orders/routes", openapi_extra=rest.describe(response=list[RouteView]))
def list_routes(
    request: HttpRequest, *, working: bool = False, before: int | None = None, limit: int = selectors.ROWS_MAX
) -> HttpResponse:
    """The firm's orders at other venues, newest first; ``before``: a route id to page from."""
    found = selectors.list_routes(_user(request), only_working=working, before=before, limit=max(1, limit))
    return rest.answer(found)


@router.get("/orders/splits", openapi_extra=rest.describe(response=list[SplitView]))
def list_splits(request: HttpRequest, before: int | None = None, limit: int = selectors.ROWS_MAX) -> HttpResponse:
    """The firm's orders that were split over venues, newest first."""
    return rest.answer(selectors.list_splits(_user(request), before=before, limit=max(1, limit)))


@router.get("/orders/routes/{int:route_id}", openapi_extra=rest.describe(response=RouteView))
def get_route(request: HttpRequest, route_id: int) -> HttpResponse:
    """One route."""
    return rest.answer(selectors.get_route(_user(request), route_id))


@router.get("/orders/routes/{int:route_id}/fills", openapi_extra=rest.describe(response=list[RouteFillView]))
def list_route_fills(request: HttpRequest, route_id: int) -> HttpResponse:
    """What the venue executed of it, oldest first; a bust is a line of its own."""
    return rest.answer(selectors.list_route_fills(_user(request), route_id))


@router.get("/venues/breaks", openapi_extra=rest.describe(response=list[VenueBreakView]))
def list_breaks(request: HttpRequest, *, all: bool = False) -> HttpResponse:  # noqa: A002 - the word of the query
    """Positions at venues that our executions do not explain: for the house."""
    return rest.answer(selectors.list_breaks(_user(request), only_open=not all))


@router.get("/venues/latency", openapi_extra=rest.describe(response=list[VenueAnswersView]))
def list_venue_latencies(request: HttpRequest) -> HttpResponse:
    """How long each venue took to answer orders: the firm's, or every firm's for the house."""
    return rest.answer(selectors.list_venue_latencies(_user(request)))


@router.get("/venues/external_orders", openapi_extra=rest.describe(response=list[ExternalOrderView]))
def list_external_orders(request: HttpRequest) -> HttpResponse:
    """Orders at venues that Parley did not send: for the house."""
    return rest.answer(selectors.list_external_orders(_user(request)))


def _user(request: HttpRequest) -> "User":
    """Who asks: the API lets nobody in who is not signed in."""
    return cast("User", request.user)
