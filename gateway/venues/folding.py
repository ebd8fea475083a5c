"""A log of orders that has grown long is folded: what still matters of its records becomes one record.

Forgotten are the oldest orders that ended, with their executions; what those moved stays in the positions.
"""

from decimal import Decimal

import msgspec

from gateway.venues.execution import Execution
from gateway.venues.own_orders import NOTHING, OwnOrder, OwnOrders
from wire.units import OrderState

ENDED_ORDERS_KEPT = 16_384
"""As many routes that ended as the engine keeps."""
KEPT_NS = 3_600 * 10**9
"""An execution is kept for this long: venues tell old ones again when they are asked from an instant on."""


class FoldedOrders(msgspec.Struct, frozen=True, kw_only=True):
    """``number``: of the last report. ``forgotten``: signed contracts by name of executions that are not in
    ``executions``, the newest of them from ``forgotten_until_ns``.
    """

    number: int
    last_execution_at_ns: int
    forgotten_until_ns: int
    forgotten: dict[str, Decimal]
    orders: list[OwnOrder]
    executions: list[Execution]


def fold(own: OwnOrders, *, kept: int = ENDED_ORDERS_KEPT) -> FoldedOrders:
    """Forgets what no longer matters; what is left."""
    _forget(own, kept)
    return FoldedOrders(
        number=own.last_number,
        last_execution_at_ns=own.last_execution_at_ns,
        forgotten_until_ns=own.forgotten_until_ns,
        forgotten=own.forgotten,
        orders=list(own.orders.values()),
        executions=list(own.executions.values()),
    )


def unfold(own: OwnOrders, folded: FoldedOrders) -> None:
    """As ``restore`` of every report would leave it: an order that nobody had answered is in doubt."""
    own.last_number, own.last_execution_at_ns = folded.number, folded.last_execution_at_ns
    own.forgotten_until_ns, own.forgotten = folded.forgotten_until_ns, dict(folded.forgotten)
    for order in folded.orders:
        order.venue_filled, order.updated_at_ns = NOTHING, 0
        if order.state is OrderState.PENDING_NEW:
            order.state = OrderState.UNKNOWN
        own.keep(order)
    own.executions = {execution.execution_id: execution for execution in folded.executions}


def _forget(own: OwnOrders, kept: int) -> None:
    executions = _by_order(own)
    horizon_ns = own.last_execution_at_ns - KEPT_NS
    ended = [order for order in own.orders.values() if order.is_done]
    for order in ended[: max(0, len(ended) - kept)]:
        of_order = executions.get(order.client_order_id, [])
        if all(execution.at_ns < horizon_ns for execution in of_order):
            own.forget(order, of_order)


def _by_order(own: OwnOrders) -> dict[str, list[Execution]]:
    found: dict[str, list[Execution]] = {}
    for execution in own.executions.values():
        order = own.find_of(execution)
        found.setdefault(order.client_order_id, []).append(execution)
    return found
