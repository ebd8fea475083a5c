"""What the socket and the gateway's events do to orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from common import clock
from common.actor import Actor
from market import selectors as market
from orders import (
    basket_handlers,
    desk_trade_handlers,
    route_handlers,
    services,
    tree_selectors,
    venue_rfq_handlers,
    volume_selectors,
)
from orders.command_handlers import Handler, accepting
from wire import client_parents, gateway
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
from wire.client_parents import AnyParentCommand
from wire.lifecycle_views import ShowLifecycle
from wire.volume_views import ListVolumeCurves

if TYPE_CHECKING:
    from accounts.models import User


place_order = accepting("order", services.place_order)
amend_order = accepting("order", services.amend_order)
cancel_order = accepting("order", services.cancel_order)
approve_override = accepting("order", services.approve_override)
request_override = accepting("override", services.request_override)


def cancel_all(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, CancelAll)
    scope, scope_id = services.cancel_all(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity=scope.value, entity_id=scope_id)


def steer_parent(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    """Every command about a parent order, by its type."""
    assert isinstance(message, AnyParentCommand)
    return _PARENT_HANDLERS[type(message)](user, actor, message)


def propose_parent_policy(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, client_parents.ProposeParentPolicy)
    proposal_id = services.propose_policy(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="policy", entity_id=proposal_id)


def decide_parent_policy(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, client_parents.DecideParentPolicy)
    proposal_id = services.decide_policy(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="policy", entity_id=proposal_id)


def list_volume_curves(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, ListVolumeCurves)
    del user, actor
    instrument = market.get_instrument(message.instrument_name)
    found = volume_selectors.list_curves(instrument, duration_s=message.duration_s, now=clock.now())
    return CommandAccepted(command_id=message.command_id, result=msgspec.Raw(msgspec.json.encode(found)))


def show_lifecycle(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, ShowLifecycle)
    del actor
    found = tree_selectors.get_lifecycle(user, message.kind, message.id)
    return CommandAccepted(command_id=message.command_id, result=msgspec.Raw(msgspec.json.encode(found)))


_PARENT_HANDLERS: dict[type[ClientMessage], Handler] = {
    client_parents.StageParent: accepting("parent", services.stage_parent),
    client_parents.ApproveParent: accepting("parent", services.approve_parent),
    client_parents.StartParent: accepting("parent", services.start_parent),
    client_parents.PauseParent: accepting("parent", services.pause_parent),
    client_parents.ResumeParent: accepting("parent", services.resume_parent),
    client_parents.ChangeParent: accepting("parent", services.change_parent),
    client_parents.CancelParent: accepting("parent", services.cancel_parent),
}


def apply_refused(envelope: gateway.EventEnvelope) -> None:
    services.apply_refused(envelope)
    services.apply_command_refused(envelope)
    services.apply_block_command_refused(envelope)


SOCKET_HANDLERS: dict[type[ClientMessage], Handler] = {
    **_PARENT_HANDLERS,
    client_parents.ProposeParentPolicy: propose_parent_policy,
    client_parents.DecideParentPolicy: decide_parent_policy,
    ListVolumeCurves: list_volume_curves,
    ShowLifecycle: show_lifecycle,
    PlaceOrder: place_order,
    AmendOrder: amend_order,
    RequestOverride: request_override,
    ApproveOverride: approve_override,
    CancelOrder: cancel_order,
    CancelAll: cancel_all,
    **route_handlers.SOCKET_HANDLERS,
    **venue_rfq_handlers.SOCKET_HANDLERS,
    **basket_handlers.SOCKET_HANDLERS,
    **desk_trade_handlers.SOCKET_HANDLERS,
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
    gateway.CommandRefused: apply_refused,
    **route_handlers.GATEWAY_HANDLERS,
    **desk_trade_handlers.GATEWAY_HANDLERS,
}

TIMERS = [services.take_algo_reports, *route_handlers.TIMERS]
SLOW_TIMERS = [services.mark_unanswered, *desk_trade_handlers.SLOW_TIMERS]
