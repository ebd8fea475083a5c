"""One order with everything that became of it: children, routes, fills, what they cost and how long venues took."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from accounts import roles
from common import clock, valkey
from common.decimals import plain_text
from common.errors import NotFound
from market import oracle
from orders.domain.price_texts import cost_text, price_text
from orders.models import Order, OrderEvent, ParentOrder, Route, RouteFill, SplitOrder
from orders.parent_selectors import not_found, parent_view, visible_parents
from orders.route_selectors import route_not_found, route_view, split_view, visible_routes
from orders.selectors import order_view, visible_orders
from settlement import selectors as settlement
from wire.lifecycle_views import CostView, Lifecycle, LifecycleKind, VenueLatencyView
from wire.units import NANOSECONDS_PER_MS, TERMINAL_ORDER_STATES, OrderState, Side
from wire.venue_reports import OWN_BOOK

if TYPE_CHECKING:
    from accounts.models import User
    from market.models import Instrument

NODES_SHOWN_MAX = 500
"""Newest orders and newest routes of one lifecycle, each."""


def get_lifecycle(user: User, kind: LifecycleKind, entity_id: int) -> Lifecycle:
    """Raises NotFound."""
    return _READERS[kind](user, entity_id)


def _of_parent(user: User, parent_id: int) -> Lifecycle:
    parent = visible_parents(user).filter(id=parent_id).first()
    if parent is None:
        raise not_found(parent_id)
    orders = Order.objects.select_related("instrument").filter(parent=parent).order_by("-id")[:NODES_SHOWN_MAX]
    routes = Route.objects.select_related("instrument").filter(parent=parent).order_by("-id")[:NODES_SHOWN_MAX]
    return _lifecycle(LifecycleKind.PARENT, parent, _costs_of_parent(parent), list(orders), list(routes))


def _of_split(user: User, split_id: int) -> Lifecycle:
    splits = SplitOrder.objects.select_related("instrument").filter(id=split_id)
    if not roles.sees_every_firm(user):
        splits = splits.filter(firm_id=user.firm_id) if user.firm_id and roles.may_trade(user) else splits.none()
    split = splits.first()
    if split is None:
        raise NotFound("unknown_split", f"you have no split order {split_id}", value=split_id)
    routes = Route.objects.select_related("instrument").filter(split=split).order_by("-id")[:NODES_SHOWN_MAX]
    shown = list(routes)
    view = split_view(split, list(split.routes.all()))
    return _lifecycle(
        LifecycleKind.SPLIT, split, _costs(split, view.filled_quantity, view.average_price), _orders_of(shown), shown
    )


def _of_route(user: User, route_id: int) -> Lifecycle:
    route = visible_routes(user).filter(id=route_id).first()
    if route is None:
        raise route_not_found(route_id)
    view = route_view(route)
    costs = _costs(route, view.filled_quantity, view.average_price)
    return _lifecycle(LifecycleKind.ROUTE, route, costs, _orders_of([route]), [route])


def _of_order(user: User, order_id: int) -> Lifecycle:
    order = visible_orders(user).filter(id=order_id).first()
    if order is None:
        raise NotFound("unknown_order", f"you have no order {order_id}", value=order_id)
    view = order_view(order)
    return _lifecycle(LifecycleKind.ORDER, order, _costs(order, view.filled_quantity, view.average_price), [order], [])


_READERS = {
    LifecycleKind.PARENT: _of_parent,
    LifecycleKind.SPLIT: _of_split,
    LifecycleKind.ROUTE: _of_route,
    LifecycleKind.ORDER: _of_order,
}


def _lifecycle(
    kind: LifecycleKind,
    root: ParentOrder | SplitOrder | Route | Order,
    costs: CostView,
    orders: list[Order],
    routes: list[Route],
) -> Lifecycle:
    executions = RouteFill.objects.filter(route_id__in=[route.pk for route in routes]).values_list("execution_id")
    fills = [
        *settlement.list_fills_of_orders([order.pk for order in orders]),
        *settlement.list_fills_of_executions(root.account_id, [number for (number,) in executions]),
    ]
    took_ms = _own_latencies(orders)
    return Lifecycle(
        kind=kind,
        id=root.pk,
        costs=costs,
        latencies=_latencies(orders, routes, took_ms),
        orders=[order_view(order) for order in sorted(orders, key=lambda order: order.pk)],
        routes=[route_view(route) for route in sorted(routes, key=lambda route: route.pk)],
        fills=sorted(fills, key=lambda fill: (fill.at_ns, fill.execution_id)),
        latency_ms=took_ms,
        parent=parent_view(root) if isinstance(root, ParentOrder) else None,
        split=split_view(root, list(root.routes.all())) if isinstance(root, SplitOrder) else None,
    )


def _orders_of(routes: list[Route]) -> list[Order]:
    """Those in our own book that routes stand for."""
    ids = [route.order_id for route in routes if route.order_id is not None]
    return list(Order.objects.select_related("instrument").filter(id__in=ids)) if ids else []


def _costs_of_parent(parent: ParentOrder) -> CostView:
    """As the gateway has measured them since the algorithm began."""
    view = parent_view(parent)
    return CostView(
        filled_quantity=view.filled_quantity,
        average_price=view.average_price,
        arrival_mid=view.arrival_mid,
        market_price=view.market_price,
        market_quantity=view.market_quantity,
        mid=view.mid,
        arrival_basis_points=view.cost_arrival_basis_points,
        market_basis_points=view.cost_market_basis_points,
        mid_basis_points=view.cost_mid_basis_points,
    )


def _costs(root: SplitOrder | Route | Order, filled: str, average: str | None) -> CostView:
    side, price = Side(root.side), None if average is None else Decimal(average)
    quantity, market = settlement.market_traded(
        root.instrument_id, since=root.created_at, until=_ended_at(root), without_account_id=root.account_id
    )
    mid = _mid_now(root.instrument)
    return CostView(
        filled_quantity=filled,
        average_price=average,
        arrival_mid=price_text(root.arrival_mid),
        market_price=price_text(market),
        market_quantity=plain_text(quantity),
        mid=price_text(mid),
        arrival_basis_points=cost_text(side, price, root.arrival_mid),
        market_basis_points=cost_text(side, price, market),
        mid_basis_points=cost_text(side, price, mid),
    )


def _ended_at(root: SplitOrder | Route | Order) -> dt.datetime | None:
    if isinstance(root, SplitOrder):
        return root.ended_at
    return root.updated_at if OrderState(root.state) in TERMINAL_ORDER_STATES else None


def _mid_now(instrument: Instrument) -> Decimal | None:
    """None where nobody says a fresh one."""
    try:
        ticker = oracle.get_ticker(instrument.name)
    except valkey.Unreachable:
        return None
    return None if ticker is None or oracle.is_stale(ticker, clock.now_ns()) else oracle.mid_of(ticker)


def _own_latencies(orders: list[Order]) -> dict[int, float]:
    """Milliseconds from the server's taking an order to the engine's first word of it, of orders that people sent."""
    sent = {order.pk: clock.to_ns(order.created_at) for order in orders if order.origin == "terminal"}
    events = OrderEvent.objects.filter(order_id__in=sent).order_by("order_id", "event_number").distinct("order_id")
    return {
        order_id: max(0, at_ns - sent[order_id]) / NANOSECONDS_PER_MS
        for order_id, at_ns in events.values_list("order_id", "at_ns")
    }


def _latencies(orders: list[Order], routes: list[Route], took_ms: dict[int, float]) -> list[VenueLatencyView]:
    """By venue, in the order of their names."""
    rows: dict[str, list[tuple[float | None, str]]] = defaultdict(list)
    for order in orders:
        if order.origin == "terminal":
            rows[OWN_BOOK].append((took_ms.get(order.pk), order.state))
    for route in routes:
        if route.venue != OWN_BOOK:
            rows[route.venue].append((route_view(route).latency_ms, route.state))
    return [_latency(venue, found) for venue, found in sorted(rows.items())]


def _latency(venue: str, found: list[tuple[float | None, str]]) -> VenueLatencyView:
    answered = [latency for latency, _ in found if latency is not None]
    return VenueLatencyView(
        venue=venue,
        sent=len(found),
        answered=len(answered),
        rejected=sum(state == OrderState.REJECTED for _, state in found),
        median_ms=statistics.median(answered) if answered else None,
        worst_ms=max(answered, default=None),
    )
