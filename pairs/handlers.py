"""Pairs from the socket and from the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from common import clock
from common.actor import Actor
from pairs import services
from wire.client import ClientMessage, CommandAccepted
from wire.client_pairs import SteerPairs
from wire.gateway import CommandRefused, EventEnvelope, GatewayEvent
from wire.gateway_routes import RouteReported

if TYPE_CHECKING:
    from accounts.models import User


def steer_pairs(user: User, actor: Actor, message: SteerPairs) -> CommandAccepted:
    """Socket and REST come through here."""
    entity_id = services.steer_pairs(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="pairs_command", entity_id=entity_id)


SOCKET_HANDLERS: dict[type[ClientMessage], Callable[..., CommandAccepted]] = {SteerPairs: steer_pairs}
GATEWAY_HANDLERS: dict[type[GatewayEvent], Callable[[EventEnvelope], None]] = {
    RouteReported: services.apply_reported,
    CommandRefused: services.apply_refused,
}
