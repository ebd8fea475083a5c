"""Reads of orders. What belongs to another firm does not exist for the asker; compliance and admin see every firm."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from accounts import roles
from common import clock
from common.decimals import plain_text
from common.errors import NotFound
from market import selectors as market
from orders import parent_selectors, route_selectors, venue_rfq_selectors
from orders.models import Order, OrderEvent, OrderQuerySet, OverrideRequest
from settlement import selectors as settlement
from wire.facts import FillView, OrderView
from wire.units import OrderState, OrderType, PegReference, SelfMatch, Side, StopTrigger, TimeInForce

if TYPE_CHECKING:
    from accounts.models import User

TERMINAL_IN_SNAPSHOT = 200
FILLS_IN_SNAPSHOT = 200
WORKING_IN_SNAPSHOT_MAX = 5_000
ROWS_MAX = 500
AVERAGE_PRICE_STEP = Decimal("1e-12")


class OrderEventView(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway event as it was applied: its number, and the order's state after it."""

    event_number: int
    at_ns: int
    kind: str
    state: str
    execution_id: int | None = None


class OverrideView(msgspec.Struct, frozen=True, kw_only=True):
    """A rejected order that waits for a second person to let it pass ``control``."""

    override_id: int
    order: OrderView
    control: str
    requested_by_user_id: int
    requested_at_ns: int
    reason: str


def not_found(order_id: int) -> NotFound:
    return NotFound("unknown_order", f"you have no order {order_id}", value=order_id)


def visible_orders(user: User) -> OrderQuerySet:
    """Orders of the user's firm; of all firms for compliance and admin."""
    orders = Order.objects.select_related("instrument")
    if roles.sees_every_firm(user):
        return orders
    if user.firm_id is None or not roles.may_trade(user):
        return orders.none()
    return orders.filter(firm_id=user.firm_id)


def get_order(user: User, order_id: int) -> OrderView:
    """Raises NotFound."""
    order = visible_orders(user).filter(id=order_id).first()
    if order is None:
        raise not_found(order_id)
    return order_view(order)


def list_orders(
    user: User, *, only_working: bool = False, before: int | None = None, limit: int = ROWS_MAX
) -> list[OrderView]:
    """Newest first, before order id ``before``: ids of FIX orders and others are counted apart, times are not."""
    orders = visible_orders(user)
    if only_working:
        orders = orders.working()
    if before is not None:
        orders = orders.before(before)
    return [order_view(order) for order in orders.newest()[: min(limit, ROWS_MAX)]]


def list_fills(user: User, *, before: int | None = None, limit: int = ROWS_MAX) -> list[FillView]:
    """Fills of the user's firm; of all firms for compliance and admin. Newest first, before execution id ``before``."""
    if roles.sees_every_firm(user):
        return settlement.list_fills(before=before, limit=limit)
    if not roles.may_trade(user):
        return []
    return settlement.list_fills(firm_id=user.firm_id, before=before, limit=limit)


def list_events(user: User, order_id: int) -> list[OrderEventView]:
    """The gateway events of an order, in their order. Raises NotFound."""
    if not visible_orders(user).filter(id=order_id).exists():
        raise not_found(order_id)
    events = OrderEvent.objects.filter(order_id=order_id).order_by("event_number")[:ROWS_MAX]
    return [
        OrderEventView(
            event_number=event.event_number,
            at_ns=event.at_ns,
            kind=event.kind,
            state=event.state,
            execution_id=event.execution_id,
        )
        for event in events
    ]


def list_open_overrides(user: User) -> list[OverrideView]:
    """Oldest first; of orders that the user may see."""
    rows = OverrideRequest.objects.filter(approved_by__isnull=True, order__in=visible_orders(user))
    return [
        OverrideView(
            override_id=row.pk,
            order=order_view(row.order),
            control=row.control,
            requested_by_user_id=row.requested_by_id,
            requested_at_ns=clock.to_ns(row.requested_at),
            reason=row.request_reason,
        )
        for row in rows.select_related("order__instrument").order_by("id")[:ROWS_MAX]
    ]


def snapshot(firm_id: int, role: str) -> dict[str, list[object]]:
    """The firm's part of a client snapshot: working orders, the latest that ended, the latest fills."""
    orders = Order.objects.select_related("instrument").filter(firm_id=firm_id)
    working = orders.working().newest()[:WORKING_IN_SNAPSHOT_MAX]
    ended = orders.terminal().newest()[:TERMINAL_IN_SNAPSHOT]
    return {
        "orders": [order_view(order) for order in [*working, *ended]],
        "fills": list(settlement.list_fills(firm_id=firm_id, limit=FILLS_IN_SNAPSHOT)),
        "parents": list(parent_selectors.snapshot(firm_id)),
        "parent_policies": list(parent_selectors.list_policies(firm_id)),
        **route_selectors.snapshot(firm_id),
        **venue_rfq_selectors.snapshot(firm_id),
    }


def order_view(order: Order) -> OrderView:
    lot, tick = order.instrument.lot_size, order.instrument.tick_size
    average = order.average_price(tick)
    is_peg = order.order_type == OrderType.PEG
    return OrderView(
        order_id=order.pk,
        command_id=order.command_id,
        account_id=order.account_id,
        user_id=order.user_id,
        instrument_name=order.instrument.name,
        side=Side(order.side),
        order_type=OrderType(order.order_type),
        time_in_force=TimeInForce(order.time_in_force),
        is_post_only=order.is_post_only,
        price=None if order.price is None else plain_text(order.price),
        quantity=plain_text(order.quantity_lots * lot),
        filled_quantity=plain_text(order.cumulative_lots * lot),
        leaves_quantity=plain_text(order.leaves_lots * lot),
        average_price=None if average is None else plain_text(average.quantize(AVERAGE_PRICE_STEP)),
        state=OrderState(order.state),
        reason=order.reason,
        reason_value=order.reason_value,
        reason_bound=order.reason_bound,
        created_at_ns=clock.to_ns(order.created_at),
        updated_at_ns=clock.to_ns(order.updated_at),
        is_reduce_only=order.is_reduce_only,
        expires_at_ns=order.expires_at_ns,
        display_quantity=_steps(order.display_lots, lot),
        minimum_quantity=_steps(order.minimum_lots, lot),
        stop_price=_steps(order.stop_ticks, tick),
        trigger=StopTrigger(order.trigger) if order.stop_ticks else None,
        is_triggered=order.is_triggered,
        peg_reference=PegReference(order.peg_reference) if is_peg else None,
        peg_offset=_steps(order.peg_offset_ticks, tick),
        self_match=SelfMatch(order.self_match),
        origin=order.origin,
        client_order_id=order.client_order_id,
        parent_order_id=order.parent_id,
    )


def steps_of(instrument_id: int) -> tuple[Decimal, Decimal]:
    """(tick size, lot size) of an instrument."""
    instrument = market.get_instrument_by_id(instrument_id)
    return instrument.tick_size, instrument.lot_size


def _steps(count: int, step: Decimal) -> str | None:
    return plain_text(count * step) if count else None
