"""Routes that an algorithm of the gateway entered: their rows, written when the gateway's event comes."""

from common import clock
from common.actor import Actor
from orders import route_publishers as publishers
from orders.models import Route
from orders.selectors import steps_of
from orders.services.route_events import lock_route
from wire import gateway
from wire.gateway_routes import RouteEntered
from wire.units import OrderState
from wire.venue_reports import client_order_id

ENTERED_ROUTE_PREFIX = "algo-route:"
"""Command ids of entered routes, which no client of the terminal gives: followed by the route."""


def apply_route_entered(envelope: gateway.EventEnvelope) -> None:
    """The route's row, in the same transaction as the cursor: the event twice changes nothing."""
    event = envelope.event
    assert isinstance(event, RouteEntered)
    if Route.objects.filter(id=event.route_id).exists():
        return
    at = clock.from_ns(envelope.at_ns)
    tick, lot = steps_of(event.instrument_id)
    Route.objects.create(
        id=event.route_id,
        parent_id=event.parent_order_id,
        command_id=f"{ENTERED_ROUTE_PREFIX}{event.route_id}",
        user_id=event.user_id,
        desk_id=event.desk_id,
        firm_id=event.firm_id,
        account_id=event.account_id,
        instrument_id=event.instrument_id,
        venue=event.venue,
        client_order_id=client_order_id(event.route_id, event.token),
        side=event.side.value,
        order_type=event.order_type.value,
        time_in_force=event.time_in_force.value,
        is_reduce_only=event.is_reduce_only,
        price=None if event.price_ticks is None else event.price_ticks * tick,
        quantity=event.quantity_lots * lot,
        leaves_quantity=event.quantity_lots * lot,
        price_ticks=event.price_ticks,
        quantity_lots=event.quantity_lots,
        state=OrderState.PENDING_NEW.value,
        created_at=at,
        updated_at=at,
        awaiting_since=at,
    )
    route = lock_route(event.route_id)
    actor = Actor(user_id=event.user_id, firm_id=event.firm_id, via="algo")
    publishers.record_route(route, "route.placed", actor, at, command_id=event.client_order_id)
    publishers.publish_route(route)
