"""What the socket and the gateway do to trades that people book; ``orders.handlers`` offers it with the rest."""

from collections.abc import Callable

from orders import services
from orders.command_handlers import Handler, accepting
from wire import client_desk_trades as messages
from wire import gateway
from wire.client import ClientMessage

SOCKET_HANDLERS: dict[type[ClientMessage], Handler] = {
    messages.EnterFill: accepting("desk_trade", services.enter_fill),
    messages.CorrectFill: accepting("desk_trade", services.correct_fill),
    messages.DecideDeskTrade: accepting("desk_trade", services.decide_desk_trade),
    messages.AllocateTrade: accepting("desk_trade", services.allocate_trade),
    messages.UndoAllocation: accepting("desk_trade", services.undo_allocation),
}

GATEWAY_HANDLERS: dict[type[gateway.GatewayEvent], Callable[[gateway.EventEnvelope], None]] = {
    gateway.BlockReserved: services.apply_block_reserved,
    gateway.BlockRefused: services.apply_block_refused,
    gateway.BlockConfirmed: services.apply_block_confirmed,
}

SLOW_TIMERS = [services.keep_desk_trades]
