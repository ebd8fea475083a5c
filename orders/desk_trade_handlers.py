"""What the socket and the gateway do to trades that people book; ``orders.handlers`` offers it with the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from common import clock
from common.actor import Actor
from orders import services
from wire import gateway
from wire.client import ClientMessage, CommandAccepted
from wire.client_desk_trades import (
    AllocateTrade,
    AnyDeskTradeCommand,
    CorrectFill,
    DecideDeskTrade,
    EnterFill,
    UndoAllocation,
)

if TYPE_CHECKING:
    from accounts.models import User

_SERVICES: dict[type[ClientMessage], Callable[..., Any]] = {
    EnterFill: services.enter_fill,
    CorrectFill: services.correct_fill,
    DecideDeskTrade: services.decide_desk_trade,
    AllocateTrade: services.allocate_trade,
    UndoAllocation: services.undo_allocation,
}


def act(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    """Every command about such a trade, by its type."""
    assert isinstance(message, AnyDeskTradeCommand)
    trade = _SERVICES[type(message)](user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="desk_trade", entity_id=trade.pk)


SOCKET_HANDLERS: dict[type[ClientMessage], Callable[[User, Actor, ClientMessage], CommandAccepted]] = dict.fromkeys(
    _SERVICES, act
)

GATEWAY_HANDLERS: dict[type[gateway.GatewayEvent], Callable[[gateway.EventEnvelope], None]] = {
    gateway.BlockReserved: services.apply_block_reserved,
    gateway.BlockRefused: services.apply_block_refused,
    gateway.BlockConfirmed: services.apply_block_confirmed,
}

SLOW_TIMERS = [services.keep_desk_trades]
