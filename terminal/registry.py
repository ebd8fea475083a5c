"""What the apps offer to the shell: socket handlers, gateway handlers, timers, snapshots and routers."""

import functools
import importlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from common.actor import Actor
from wire.client import ClientMessage, CommandAccepted
from wire.gateway import EventEnvelope, GatewayEvent

SocketHandler = Callable[[Any, Actor, ClientMessage], CommandAccepted]
GatewayHandler = Callable[[EventEnvelope], None]
Timer = Callable[[datetime], int]
SnapshotSelector = Callable[[int, str], dict[str, list[Any]]]

HANDLER_APPS = ("accounts", "market", "settlement", "risk", "orders", "rfq", "makers", "pairs")
"""Bottom-up: what a lower app makes of an event exists when an upper app sees it."""
SNAPSHOT_APPS = ("settlement", "risk", "orders", "rfq", "makers", "pairs")
API_APPS = ("accounts", "market", "settlement", "risk", "orders", "rfq", "makers", "pairs")


@functools.cache
def socket_handlers() -> dict[type[ClientMessage], SocketHandler]:
    """The one handler of each command. Two apps that claim the same one are a mistake."""
    handlers: dict[type[ClientMessage], SocketHandler] = {}
    for module in _handler_modules():
        offered = getattr(module, "SOCKET_HANDLERS", {})
        twice = handlers.keys() & offered.keys()
        assert not twice, f"{module.__name__} offers what another app already handles: {twice}"
        handlers.update(offered)
    return handlers


@functools.cache
def gateway_handlers() -> dict[type[GatewayEvent], tuple[GatewayHandler, ...]]:
    """Every handler of each event, in the order in which they run."""
    handlers: dict[type[GatewayEvent], tuple[GatewayHandler, ...]] = {}
    for module in _handler_modules():
        for event_type, handler in getattr(module, "GATEWAY_HANDLERS", {}).items():
            handlers[event_type] = (*handlers.get(event_type, ()), handler)
    return handlers


@functools.cache
def timers() -> tuple[Timer, ...]:
    """What holds a promise to a tenth of a second."""
    return _timers("TIMERS")


@functools.cache
def slow_timers() -> tuple[Timer, ...]:
    """What may wait half a second: it looks for what has not come for seconds, or stores what others have seen."""
    return _timers("SLOW_TIMERS")


@functools.cache
def starts() -> tuple[Callable[[], int], ...]:
    """What is done once whenever the dispatcher begins its work."""
    return tuple(start for module in _handler_modules() for start in getattr(module, "STARTS", ()))


@functools.cache
def snapshot_selectors() -> tuple[SnapshotSelector, ...]:
    return tuple(importlib.import_module(f"{app}.selectors").snapshot for app in SNAPSHOT_APPS)


def _timers(name: str) -> tuple[Timer, ...]:
    return tuple(timer for module in _handler_modules() for timer in getattr(module, name, ()))


def _handler_modules() -> list[Any]:
    return [importlib.import_module(f"{app}.handlers") for app in HANDLER_APPS]
