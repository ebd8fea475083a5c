"""What the socket and the gateway's events do to orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from common import clock
from common.actor import Actor
from orders import services
from wire import gateway
from wire.client import (
    AmendOrder,
    ApproveOverride,
    CancelAll,
    CancelOrder,
    ClientMessage,
    CommandAccepted,
    PlaceOrder,
    RequestOverride,
)

if TYPE_CHECKING:
    from accounts.models import User


def place_order(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, PlaceOrder)
    order = services.place_order(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="order", entity_id=order.pk)


def amend_order(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, AmendOrder)
    order = services.amend_order(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="order", entity_id=order.pk)


def request_override(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, RequestOverride)
    row = services.request_override(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="override", entity_id=row.pk)


def approve_override(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, ApproveOverride)
    order = services.approve_override(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="order", entity_id=order.pk)


def cancel_order(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, CancelOrder)
    order = services.cancel_order(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="order", entity_id=order.pk)


def cancel_all(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, CancelAll)
    scope, scope_id = services.cancel_all(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity=scope.value, entity_id=scope_id)


SOCKET_HANDLERS: dict[type[ClientMessage], Callable[[User, Actor, ClientMessage], CommandAccepted]] = {
    PlaceOrder: place_order,
    AmendOrder: amend_order,
    RequestOverride: request_override,
    ApproveOverride: approve_override,
    CancelOrder: cancel_order,
    CancelAll: cancel_all,
}

GATEWAY_HANDLERS: dict[type[gateway.GatewayEvent], Callable[[gateway.EventEnvelope], None]] = {
    gateway.OrderAccepted: services.apply_accepted,
    gateway.OrderRejected: services.apply_rejected,
    gateway.OrderExecuted: services.apply_executed,
    gateway.OrderCanceled: services.apply_canceled,
    gateway.CancelRejected: services.apply_cancel_rejected,
    gateway.OrderAmended: services.apply_amended,
    gateway.OrderRestated: services.apply_restated,
    gateway.OrderTriggered: services.apply_triggered,
    gateway.AmendRejected: services.apply_amend_rejected,
    gateway.OrderEntered: services.apply_entered,
    gateway.CancelEntered: services.apply_cancel_entered,
    gateway.AmendEntered: services.apply_amend_entered,
    gateway.CancelAllDone: services.apply_cancel_all_done,
    gateway.CommandRefused: services.apply_refused,
}

TIMERS = [services.mark_unanswered]
