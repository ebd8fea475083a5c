"""What the socket and the gateway's events do to limits, controls and margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from common import clock
from common.actor import Actor
from risk import services
from wire import gateway
from wire.client import ClientMessage, CommandAccepted

if TYPE_CHECKING:
    from accounts.models import User


def take_message(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    return services.carry_out(user, actor, message, clock.now())


SOCKET_HANDLERS: dict[type[ClientMessage], Callable[[User, Actor, ClientMessage], CommandAccepted]] = dict.fromkeys(
    services.MESSAGE_KINDS, take_message
)

GATEWAY_HANDLERS: dict[type[gateway.GatewayEvent], Callable[[gateway.EventEnvelope], None]] = {
    gateway.LimitsInForce: services.apply_limits_in_force,
    gateway.KillSwitchChanged: services.apply_kill_switch_changed,
    gateway.TradingStateChanged: services.apply_trading_state_changed,
    gateway.ControlSet: services.record_in_force,
    gateway.InstrumentPhaseChanged: services.record_in_force,
    gateway.PriceBandsSet: services.record_in_force,
}

STARTS = [services.tell_collateral]
