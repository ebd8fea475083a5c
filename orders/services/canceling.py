"""Ask the gateway to cancel. Passes without a look at gateway or market: taking risk off is never refused for that."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from accounts import selectors as accounts
from audit import services as audit
from common import clock, db
from common.actor import Actor
from common.errors import Conflict
from orders import publishers, selectors
from orders.domain import lifecycle
from orders.models import Order
from orders.services import commands
from orders.services.changes import store_status
from orders.services.placing import check_may_trade
from streams import services as streams
from wire import gateway
from wire.client import CancelAll, CancelOrder
from wire.units import ControlScope

if TYPE_CHECKING:
    from accounts.models import User

CANCEL_PREFIX = "cancel-order:"
CANCEL_ALL_PREFIX = "cancel-all:"


def cancel_order(*, user: User, actor: Actor, message: CancelOrder, at: dt.datetime) -> Order:
    """Ask for a cancel of an order of the user's firm. Idempotent by (user, command_id).

    Raises Refusal: not_authorized, unknown_order, order_not_working, command_id_reused.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return Order.objects.select_related("instrument").get(id=taken.entity_id)
        order = lock_own(user, message.order_id)
        status = lifecycle.request_cancel(order.status)
        if status.is_terminal:
            raise Conflict(
                "order_not_working", f"order {order.pk} is {order.state} already", value=order.state, bound="working"
            )
        commands.answer(taken, entity="order", entity_id=order.pk)
        request_order_cancel(order, actor, at, command_id=message.command_id)
        return order


def request_order_cancel(order: Order, actor: Actor, at: dt.datetime, *, command_id: str = "") -> None:
    """Of an order that works and is locked, in the caller's unit of work."""
    before = store_status(order, lifecycle.request_cancel(order.status), at)
    publishers.record_change(order, "order.cancel_requested", actor, at, before=before, command_id=command_id)
    publishers.publish_change(order)
    streams.send_to_gateway(gateway.CancelOrder(command_id=f"{CANCEL_PREFIX}{order.pk}", order_id=order.pk))


def cancel_all(*, user: User, actor: Actor, message: CancelAll, at: dt.datetime) -> tuple[ControlScope, int]:
    """Ask for a cancel of everything that works for an account, or for the user's firm; returns what it covers.

    Each order changes when the gateway says so. Idempotent by (user, command_id).
    """
    check_may_trade(user)
    assert user.firm_id is not None
    scope, scope_id = ControlScope.FIRM, user.firm_id
    with db.unit_of_work():
        if message.account_id is not None:
            scope, scope_id = ControlScope.ACCOUNT, accounts.get_account_for(user, message.account_id).pk
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return scope, scope_id
        commands.answer(taken, entity=scope.value, entity_id=scope_id)
        audit.record(
            stream=f"firm:{user.firm_id}",
            action="order.cancel_all_requested",
            entity=f"{scope.value}:{scope_id}",
            actor=actor,
            at=at,
            command_id=message.command_id,
        )
        streams.send_to_gateway(
            gateway.CancelAll(command_id=f"{CANCEL_ALL_PREFIX}{taken.id}", scope=scope, scope_id=scope_id)
        )
        return scope, scope_id


def cancel_orders_of_user(*, user_id: int, reason: str, actor: Actor, at: dt.datetime) -> None:
    """Ask for a cancel of everything that works for one person, in the caller's unit of work."""
    firm_id = accounts.get_user(user_id).firm_id
    audit.record(
        stream=f"firm:{firm_id}",
        action="order.cancel_all_requested",
        entity=f"user:{user_id}",
        actor=actor,
        at=at,
        reason=reason,
    )
    command_id = f"{reason}:{user_id}-{clock.to_ns(at)}"
    streams.send_to_gateway(gateway.CancelAll(command_id=command_id, scope=ControlScope.USER, scope_id=user_id))


def lock_own(user: User, order_id: int) -> Order:
    assert user.firm_id is not None
    orders = Order.objects.select_related("instrument").select_for_update(of=("self",), no_key=True)
    order = orders.filter(id=order_id, firm_id=user.firm_id).first()
    if order is None:
        raise selectors.not_found(order_id)
    return order
