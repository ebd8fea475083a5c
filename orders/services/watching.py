"""Notice that nobody answers."""

import datetime as dt

from common import db
from common.actor import TIMER
from orders import publishers
from orders.domain import lifecycle
from orders.models import AWAITING, Order
from orders.services.changes import store_status
from wire.limits import UNKNOWN_AFTER_MS

ORDERS_PER_TICK_MAX = 200


def mark_unanswered(at: dt.datetime) -> int:
    """Orders whose answer is due for ``UNKNOWN_AFTER_MS`` become unknown; returns how many did."""
    asked_before = at - dt.timedelta(milliseconds=UNKNOWN_AFTER_MS)
    with db.unit_of_work():
        due = Order.objects.filter(state__in=AWAITING, awaiting_since__lte=asked_before)
        due = due.select_for_update(of=("self",), no_key=True, skip_locked=True).select_related("instrument")
        orders = list(due.order_by("id")[:ORDERS_PER_TICK_MAX])
        for order in orders:
            before = store_status(order, lifecycle.lose_sight(order.status), at)
            publishers.record_change(order, "order.unanswered", TIMER, at, before=before)
            publishers.publish_change(order)
        return len(orders)
