"""Block RFQs at other venues over REST: the socket's messages, the same services."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common import rest
from orders import venue_rfq_handlers as handlers
from orders import venue_rfq_selectors as selectors
from wire.client import AcceptVenueRfq, AskVenue, CancelVenueRfq, CommandAccepted
from wire.facts_venue_rfqs import VenueRfqView

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["venue_rfqs"])


@router.post("/orders/venue_rfqs", openapi_extra=rest.describe(request=AskVenue, response=CommandAccepted, status=201))
def ask_venue(request: HttpRequest) -> HttpResponse:
    """Ask the makers of a venue. The answer means that it is durable; quotes come by facts."""
    message = rest.decode(request, AskVenue)
    return rest.answer(handlers.ask_venue(_user(request), rest.actor(request), message), status=201)


@router.post(
    "/orders/venue_rfqs/accept",
    openapi_extra=rest.describe(request=AcceptVenueRfq, response=CommandAccepted, status=202),
)
def accept_venue_rfq(request: HttpRequest) -> HttpResponse:
    """Trade every leg at once at the price or better; the legs are routes."""
    message = rest.decode(request, AcceptVenueRfq)
    return rest.answer(handlers.accept_venue_rfq(_user(request), rest.actor(request), message), status=202)


@router.delete(
    "/orders/venue_rfqs/{int:venue_rfq_id}", openapi_extra=rest.describe(response=CommandAccepted, status=202)
)
def cancel_venue_rfq(request: HttpRequest, venue_rfq_id: int, command_id: str) -> HttpResponse:
    """Ask the venue to end it; ``command_id`` travels in the query."""
    message = rest.convert({"command_id": command_id, "venue_rfq_id": venue_rfq_id}, CancelVenueRfq)
    return rest.answer(handlers.cancel_venue_rfq(_user(request), rest.actor(request), message), status=202)


@router.get("/orders/venue_rfqs", openapi_extra=rest.describe(response=list[VenueRfqView]))
def list_venue_rfqs(request: HttpRequest, before: int | None = None, limit: int = selectors.ROWS_MAX) -> HttpResponse:
    """The firm's requests at venues, newest first."""
    return rest.answer(selectors.list_venue_rfqs(_user(request), before=before, limit=max(1, limit)))


@router.get("/orders/venue_rfqs/{int:venue_rfq_id}", openapi_extra=rest.describe(response=VenueRfqView))
def get_venue_rfq(request: HttpRequest, venue_rfq_id: int) -> HttpResponse:
    """One request."""
    return rest.answer(selectors.get_venue_rfq(_user(request), venue_rfq_id))


def _user(request: HttpRequest) -> "User":
    """Who asks: the API lets nobody in who is not signed in."""
    return cast("User", request.user)
