"""Ask the gateway for another quantity or price of an order that works. What it becomes, the gateway says."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from common import clock, db
from common.actor import Actor
from common.errors import Conflict, Refusal
from orders import publishers
from orders.domain.ticket import Amendment, check_amendment
from orders.models import Order
from orders.services import commands
from orders.services.admission import check_admission
from orders.services.canceling import lock_own
from orders.services.placing import check_may_trade
from streams import services as streams
from wire.client import AmendOrder
from wire.gateway_orders import AmendOrder as GatewayAmendOrder
from wire.limits import COMMAND_VALID_MS
from wire.units import NANOSECONDS_PER_MS, OrderState, OrderType

if TYPE_CHECKING:
    from accounts.models import User

AMEND_PREFIX = "amend-order:"
"""Gateway command ids of amendments: followed by the order and the client's command."""
AMENDABLE = (OrderState.NEW, OrderState.PARTIALLY_FILLED)


def amend_order(*, user: User, actor: Actor, message: AmendOrder, at: dt.datetime) -> Order:
    """Ask for an amendment of an order of the user's firm. Idempotent by (user, command_id).

    Raises Refusal: not_authorized, unknown_order, order_not_working, nothing_to_amend, price_forbidden, the reasons of
    a quantity or a price off the grid, quantity_executed, gateway_unavailable, stale_market, command_id_reused.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return Order.objects.select_related("instrument").get(id=taken.entity_id)
        order = lock_own(user, message.order_id)
        if OrderState(order.state) not in AMENDABLE:
            why = f"order {order.pk} is {order.state}"
            raise Conflict("order_not_working", why, value=order.state, bound="working")
        if order.parent_id is not None:
            why = "an algorithm works this order: change its parent order"
            raise Conflict("child_of_parent", why, value=order.parent_id, bound="an order of its own")
        amendment = check_amendment(message, order.instrument.terms, OrderType(order.order_type))
        _check_executed(order, amendment, message)
        check_admission(order.instrument, clock.to_ns(at))
        commands.answer(taken, entity="order", entity_id=order.pk)
        publishers.record_amendment(order, amendment, actor, at, command_id=message.command_id)
        streams.send_to_gateway(
            GatewayAmendOrder(
                command_id=f"{AMEND_PREFIX}{order.pk}:{taken.id}",
                valid_until_ns=clock.to_ns(at) + COMMAND_VALID_MS * NANOSECONDS_PER_MS,
                order_id=order.pk,
                quantity_lots=amendment.quantity_lots,
                price_ticks=amendment.price_ticks,
            )
        )
        return order


def _check_executed(order: Order, amendment: Amendment, message: AmendOrder) -> None:
    if amendment.quantity_lots is not None and amendment.quantity_lots <= order.cumulative_lots:
        executed = order.cumulative_lots * order.instrument.lot_size
        raise Refusal("quantity_executed", "that much has traded already", value=message.quantity, bound=executed)
