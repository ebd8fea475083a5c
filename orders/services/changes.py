"""Write an order's new standing into its row."""

import datetime as dt

from orders.domain.lifecycle import AWAITING_STATES, OrderStatus
from orders.models import Order
from orders.services.own_book import mirror
from wire.units import OrderState

STATUS_FIELDS = (
    "state",
    "cumulative_lots",
    "canceled_lots",
    "is_cancel_requested",
    "reason",
    "reason_value",
    "reason_bound",
    "awaiting_since",
    "updated_at",
)


def store_status(order: Order, status: OrderStatus, at: dt.datetime, *, also: tuple[str, ...] = ()) -> str:
    """Save the status (and the fields ``also``); returns the state before. An answer is due from now where one is."""
    before = OrderState(order.state)
    if status.state not in AWAITING_STATES:
        order.awaiting_since = None
    elif status.state is not before:
        order.awaiting_since = at
    order.state = status.state.value
    order.cumulative_lots = status.cumulative_lots
    order.canceled_lots = status.canceled_lots
    order.is_cancel_requested = status.is_cancel_requested
    order.reason, order.reason_value, order.reason_bound = status.reason, status.reason_value, status.reason_bound
    order.updated_at = max(at, order.updated_at)
    order.save(update_fields=[*STATUS_FIELDS, *also])
    mirror(order, at)
    return before.value
