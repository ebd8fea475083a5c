"""The page of other venues: connections, how fast they answer, positions that do not agree, orders of others there."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from common import valkey
from compliance.views import overseers, show_page
from market import oracle
from orders import route_selectors

if TYPE_CHECKING:
    from accounts.models import User


@require_GET
@overseers
def venues(request: HttpRequest) -> HttpResponse:
    """As the gateway says now, and what was stored of venues."""
    user = cast("User", request.user)
    latencies = {each.venue: each for each in route_selectors.list_venue_latencies(user)}
    try:
        links = oracle.list_venue_links()
    except valkey.Unreachable:
        links = None
    shown = {link.venue for link in links or ()}
    context = {
        "rows": [{"link": link, "latency": latencies.get(link.venue)} for link in links or ()],
        "is_gateway_known": links is not None,
        "gone": [each for venue, each in latencies.items() if venue not in shown],
        "breaks": route_selectors.list_breaks(user, only_open=False),
        "external_orders": route_selectors.list_external_orders(user),
    }
    return show_page(request, "compliance/venues.html", "venues", context)
