"""Parts of split orders in our own book: an order there, and a route that shows what the order has become."""

from __future__ import annotations

import datetime as dt

from orders import route_publishers as publishers
from orders.models import Order, Route, SplitOrder
from wire.units import OrderState

PART_PREFIX = "split-part:"
"""Command ids of such orders. A client's own id that begins alike costs a look for a route that is not there."""


def mirror(order: Order, at: dt.datetime) -> None:
    """The route of the order, where it is a part, stands where the order stands."""
    if not order.command_id.startswith(PART_PREFIX):
        return
    routes = Route.objects.select_related("instrument").select_for_update(of=("self",), no_key=True)
    route = routes.filter(order=order).first()
    if route is None:
        return
    lot, tick = order.instrument.lot_size, order.instrument.tick_size
    route.state = order.state
    route.cumulative_quantity = order.cumulative_lots * lot
    route.traded_quantity = order.traded_lots * lot
    route.traded_value = order.traded_tick_lots * tick * lot
    route.leaves_quantity = order.leaves_lots * lot
    route.is_cancel_requested = order.is_cancel_requested
    route.reason, route.reason_value, route.reason_bound = order.reason, order.reason_value, order.reason_bound
    route.sent_at = route.sent_at or order.created_at
    if route.acknowledged_at is None and OrderState(order.state) not in (OrderState.PENDING_NEW, OrderState.UNKNOWN):
        route.acknowledged_at = at
    route.last_report_at = route.updated_at = at
    route.awaiting_since = None
    route.save()
    publishers.publish_route(route)
    if route.split_id is not None:
        SplitOrder.objects.filter(id=route.split_id, ended_at__isnull=True).update(next_look_at=at)
