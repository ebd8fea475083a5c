"""Reads of orders at other venues. What belongs to another firm does not exist for the asker."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from accounts import roles
from common import clock
from common.decimals import plain_text
from common.errors import NotAllowed, NotFound
from orders.models import ExternalOrder, Route, RouteFill, SplitOrder, VenueBreak
from wire.algos import ParentState
from wire.facts_routes import (
    ExternalOrderView,
    RouteFeeView,
    RouteFillView,
    RouteView,
    SplitView,
    VenueAnswersView,
    VenueBreakView,
)
from wire.units import OrderState, OrderType, Side, TimeInForce

if TYPE_CHECKING:
    import datetime as dt

    from django.db.models import QuerySet

    from accounts.models import User
    from orders.models import RouteQuerySet

ROWS_MAX = 500
TERMINAL_IN_SNAPSHOT = 200
WORKING_IN_SNAPSHOT_MAX = 5_000
SPLITS_IN_SNAPSHOT = 200
PRICE_STEP = Decimal("1e-12")
NANOSECONDS_PER_MS = 1_000_000
LATENCIES_MAX = 5_000
"""Answered routes that are measured, the newest."""


def route_not_found(route_id: int) -> NotFound:
    return NotFound("unknown_route", f"you have no route {route_id}", value=route_id)


def visible_routes(user: User) -> RouteQuerySet:
    """Routes of the user's firm; of all firms for compliance and admin."""
    routes = Route.objects.select_related("instrument")
    if roles.sees_every_firm(user):
        return routes
    if user.firm_id is None or not roles.may_trade(user):
        return routes.none()
    return routes.filter(firm_id=user.firm_id)


def get_route(user: User, route_id: int) -> RouteView:
    """Raises NotFound."""
    route = visible_routes(user).filter(id=route_id).first()
    if route is None:
        raise route_not_found(route_id)
    return route_view(route)


def list_routes(
    user: User, *, only_working: bool = False, before: int | None = None, limit: int = ROWS_MAX
) -> list[RouteView]:
    """Newest first, before route id ``before``."""
    routes = visible_routes(user)
    if only_working:
        routes = routes.working()
    if before is not None:
        routes = routes.filter(id__lt=before)
    return [route_view(route) for route in routes.order_by("-id")[: min(limit, ROWS_MAX)]]


def list_route_fills(user: User, route_id: int) -> list[RouteFillView]:
    """Oldest first, busts as lines of their own. Raises NotFound."""
    if not visible_routes(user).filter(id=route_id).exists():
        raise route_not_found(route_id)
    return [route_fill_view(row) for row in RouteFill.objects.filter(route_id=route_id).order_by("id")[:ROWS_MAX]]


def list_splits(user: User, *, before: int | None = None, limit: int = ROWS_MAX) -> list[SplitView]:
    """Newest first."""
    splits = SplitOrder.objects.all()
    if not roles.sees_every_firm(user):
        if user.firm_id is None or not roles.may_trade(user):
            return []
        splits = splits.filter(firm_id=user.firm_id)
    if before is not None:
        splits = splits.filter(id__lt=before)
    return _split_views(splits, min(limit, ROWS_MAX))


def list_breaks(user: User, *, only_open: bool = True) -> list[VenueBreakView]:
    """Positions at venues that our executions do not explain: the house's to know, newest first. Raises NotAllowed."""
    _check_house(user)
    rows = VenueBreak.objects.all()
    if only_open:
        rows = rows.filter(resolved_at__isnull=True)
    return [
        VenueBreakView(
            venue=row.venue,
            instrument_name=row.instrument_name,
            expected=plain_text(row.expected),
            held=plain_text(row.held),
            since_ns=clock.to_ns(row.since),
            updated_at_ns=clock.to_ns(row.updated_at),
            resolved_at_ns=_ns(row.resolved_at),
        )
        for row in rows.order_by("-since", "-id")[:ROWS_MAX]
    ]


def list_external_orders(user: User) -> list[ExternalOrderView]:
    """Orders at venues that Parley did not send, newest first. Raises NotAllowed."""
    _check_house(user)
    return [
        ExternalOrderView(
            venue=row.venue,
            venue_order_id=row.venue_order_id,
            instrument_name=row.instrument_name,
            side=Side(row.side),
            price=None if row.price is None else plain_text(row.price),
            quantity=plain_text(row.quantity),
            filled_quantity=plain_text(row.cumulative_quantity),
            state=OrderState(row.state),
            found_at_ns=clock.to_ns(row.found_at),
            updated_at_ns=clock.to_ns(row.updated_at),
        )
        for row in ExternalOrder.objects.order_by("-id")[:ROWS_MAX]
    ]


def list_venue_latencies(user: User) -> list[VenueAnswersView]:
    """How long each venue took to answer the latest routes that the user may see, by venue."""
    answered = visible_routes(user).filter(sent_at__isnull=False, acknowledged_at__isnull=False, order__isnull=True)
    times: dict[str, list[dt.timedelta]] = {}
    first: dict[str, dt.datetime] = {}
    rows = answered.order_by("-id").values_list("venue", "sent_at", "acknowledged_at")
    for venue, sent_at, acknowledged_at in rows[:LATENCIES_MAX]:
        assert sent_at is not None, "only answered routes are read"
        assert acknowledged_at is not None, "only answered routes are read"
        times.setdefault(venue, []).append(acknowledged_at - sent_at)
        first[venue] = sent_at
    return [_latency_view(venue, sorted(taken), first[venue]) for venue, taken in sorted(times.items())]


def snapshot(firm_id: int) -> dict[str, list[object]]:
    """The firm's part of a client snapshot: working routes, the latest that ended, the latest split orders."""
    routes = Route.objects.select_related("instrument").filter(firm_id=firm_id)
    working = routes.working().order_by("-id")[:WORKING_IN_SNAPSHOT_MAX]
    ended = routes.terminal().order_by("-id")[:TERMINAL_IN_SNAPSHOT]
    return {
        "routes": [route_view(route) for route in [*working, *ended]],
        "splits": list(_split_views(SplitOrder.objects.filter(firm_id=firm_id), SPLITS_IN_SNAPSHOT)),
    }


def route_view(route: Route) -> RouteView:
    average = route.average_price
    return RouteView(
        route_id=route.pk,
        command_id=route.command_id,
        parent_order_id=route.parent_id,
        split_id=route.split_id,
        order_id=route.order_id,
        account_id=route.account_id,
        user_id=route.user_id,
        venue=route.venue,
        instrument_name=route.instrument.name,
        side=Side(route.side),
        order_type=OrderType(route.order_type),
        time_in_force=TimeInForce(route.time_in_force),
        is_post_only=route.is_post_only,
        is_reduce_only=route.is_reduce_only,
        price=None if route.price is None else plain_text(route.price),
        quantity=plain_text(route.quantity),
        filled_quantity=plain_text(route.cumulative_quantity),
        leaves_quantity=plain_text(route.leaves_quantity),
        average_price=None if average is None else plain_text(average.quantize(PRICE_STEP)),
        fees=[RouteFeeView(asset=asset, amount=amount) for asset, amount in sorted(route.fees.items())],
        state=OrderState(route.state),
        is_cancel_requested=route.is_cancel_requested,
        reason=route.reason,
        reason_value=route.reason_value,
        reason_bound=route.reason_bound,
        reason_text=route.reason_text,
        client_order_id=route.client_order_id,
        venue_order_id=route.venue_order_id,
        created_at_ns=clock.to_ns(route.created_at),
        updated_at_ns=clock.to_ns(route.updated_at),
        sent_at_ns=_ns(route.sent_at),
        acknowledged_at_ns=_ns(route.acknowledged_at),
        last_report_at_ns=_ns(route.last_report_at),
        latency_ms=_latency_ms(route),
    )


def route_fill_view(row: RouteFill) -> RouteFillView:
    return RouteFillView(
        route_id=row.route_id,
        venue=row.venue,
        venue_execution_id=row.venue_execution_id,
        execution_id=row.execution_id,
        side=Side(row.side),
        price=plain_text(row.price),
        quantity=plain_text(row.quantity),
        liquidity=row.liquidity,
        fee=plain_text(row.fee),
        fee_asset=row.fee_asset,
        at_ns=clock.to_ns(row.at),
        is_bust=row.is_bust,
    )


def split_view(split: SplitOrder, routes: list[Route]) -> SplitView:
    """``routes``: all of its parts."""
    filled = sum((route.cumulative_quantity for route in routes), Decimal(0))
    traded = sum((route.traded_quantity for route in routes), Decimal(0))
    value = sum((route.traded_value for route in routes), Decimal(0))
    lot = split.instrument.lot_size
    return SplitView(
        split_id=split.pk,
        command_id=split.command_id,
        account_id=split.account_id,
        user_id=split.user_id,
        instrument_name=split.instrument.name,
        side=Side(split.side),
        price=plain_text(split.price),
        quantity=plain_text(split.quantity_lots * lot),
        filled_quantity=plain_text(filled),
        working_quantity=plain_text(sum((route.leaves_quantity for route in routes), Decimal(0))),
        average_price=plain_text((value / traded).quantize(PRICE_STEP)) if traded else None,
        state=ParentState(split.state),
        reason=split.reason,
        rounds=split.rounds,
        created_at_ns=clock.to_ns(split.created_at),
        updated_at_ns=clock.to_ns(split.updated_at),
    )


def _split_views(splits: QuerySet[SplitOrder], limit: int) -> list[SplitView]:
    rows = splits.select_related("instrument").prefetch_related("routes").order_by("-id")[:limit]
    return [split_view(row, list(row.routes.all())) for row in rows]


def _check_house(user: User) -> None:
    if not roles.sees_every_firm(user):
        raise NotAllowed("not_authorized", "only the house sees that", value=user.role, bound="compliance, admin")


def _latency_view(venue: str, taken: list[dt.timedelta], since: dt.datetime) -> VenueAnswersView:
    """``taken``: ascending."""
    p50, p99, most = (taken[-(-len(taken) * share // 100) - 1].total_seconds() * 1_000 for share in (50, 99, 100))
    return VenueAnswersView(
        venue=venue, routes=len(taken), p50_ms=p50, p99_ms=p99, max_ms=most, since_ns=clock.to_ns(since)
    )


def _ns(at: dt.datetime | None) -> int | None:
    return None if at is None else clock.to_ns(at)


def _latency_ms(route: Route) -> float | None:
    if route.sent_at is None or route.acknowledged_at is None:
        return None
    return (clock.to_ns(route.acknowledged_at) - clock.to_ns(route.sent_at)) / NANOSECONDS_PER_MS
