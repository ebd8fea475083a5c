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

def _in_turn(*handlers: Callable[[gateway.EventEnvelope], None]) -> Callable[[gateway.EventEnvelope], None]:
    def handle(envelope: gateway.EventEnvelope) -> None:
        for handler in handlers:
            handler(envelope)

    return handle


GATEWAY_HANDLERS: dict[type[gateway.GatewayEvent], Callable[[gateway.EventEnvelope], None]] = {
    gateway.LimitsInForce: services.apply_limits_in_force,
    gateway.KillSwitchChanged: services.apply_kill_switch_changed,
    gateway.TradingStateChanged: _in_turn(services.apply_answer, services.apply_trading_state_changed),
    gateway.ControlSet: _in_turn(services.apply_answer, services.apply_control_set, services.record_in_force),
    gateway.InstrumentPhaseChanged: _in_turn(
        services.apply_answer, services.apply_phase_changed, services.record_in_force
    ),
    gateway.PriceBandsSet: _in_turn(services.apply_answer, services.record_in_force),
    gateway.CommandRefused: services.apply_answer,
}

STARTS = [services.tell_collateral]
