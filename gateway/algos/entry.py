"""Child orders, or routes, and their cancels into the engine. Nothing here waits for an answer: that is the engine's
events'.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Protocol

import parley_core

from gateway import clock
from gateway.engine import QUEUE_FULL_WAIT_SECONDS, EngineStopped
from strategies.algos import Enter
from wire.brackets import ROLE_LETTERS, BracketRole
from wire.gateway_algos import ALGO_SESSION, SteerAlgo
from wire.gateway_routes import PlaceRoute
from wire.limits import COMMAND_VALID_MS
from wire.multileg import TASK_LETTERS, LegTask, leg_parent_id
from wire.units import NANOSECONDS_PER_MS, OrderType, Side, TimeInForce
from wire.venue_reports import client_order_id as route_name
from wire.venue_reports import venue_id

_LIMIT, _MARKET = list(OrderType).index(OrderType.LIMIT), list(OrderType).index(OrderType.MARKET)
TOKEN_BYTES = 3
_SIDES, _TIMES = list(Side), list(TimeInForce)
_LETTERS: dict[BracketRole | LegTask | None, str] = {None: ""} | ROLE_LETTERS | TASK_LETTERS
_ALL_LETTERS = "".join(_LETTERS.values())


def client_order_id(parent_order_id: int, child: int, purpose: BracketRole | LegTask | None = None) -> str:
    """Given once: by it a child is known again in the journal. A bracket's and a leg's end with what they are for."""
    return f"{parent_order_id}-{child}{_LETTERS[purpose]}"


def parse_client_order_id(text: str) -> tuple[int, int]:
    """(parent, child)."""
    parent, child = text.rstrip(_ALL_LETTERS).split("-")
    return int(parent), int(child)


class Routes(Protocol):
    """Whoever sends what the engine admits to the venues."""

    def require(self, venue: str) -> None:
        """Raises CannotTake for one that takes no orders here."""

    def on_entered(self, command: PlaceRoute) -> None:
        """An algorithm's route is on its way through the engine."""


class Entry:
    """Raises EngineStopped from every method once the engine has halted; waits while its queue is full."""

    def __init__(self, engine: parley_core.Engine, routes: Routes) -> None:
        self._engine, self._routes = engine, routes

    async def child(self, command: SteerAlgo, child: Enter) -> None:
        """To where the parent's children go. Raises ValueError (CannotTake is one) for what can go nowhere."""
        await (self._route(command, child) if command.venue else self._order(command, child))

    async def _route(self, command: SteerAlgo, child: Enter) -> None:
        """Whoever sends it is told before the engine can have said that it may be sent: nothing is awaited between."""
        token, side = secrets.token_hex(TOKEN_BYTES), child.side or command.terms.side
        time_in_force = TimeInForce.GTC if child.is_passive else TimeInForce.IOC

        def enter(now_ns: int) -> None:
            valid_until_ns = now_ns + COMMAND_VALID_MS * NANOSECONDS_PER_MS
            route_id = self._engine.enter_route(
                now_ns,
                ALGO_SESSION,
                client_order_id(command.parent_order_id, child.child),
                token,
                command.venue,
                venue_id(command.venue),
                valid_until_ns,
                command.account_id,
                command.user_id,
                command.desk_id,
                command.firm_id,
                command.instrument_id,
                _SIDES.index(side),
                _TIMES.index(time_in_force),
                child.lots,
                child.price_ticks or None,
                is_reduce_only=child.is_reduce_only,
                strategy_id=command.strategy_id,
                parent_order_id=command.parent_order_id,
            )
            self._routes.on_entered(_route_of(command, child, route_id, token, valid_until_ns))

        self._routes.require(command.venue)
        await _submit(enter)

    async def _order(self, command: SteerAlgo, child: Enter) -> None:
        time_in_force = TimeInForce.GTC if child.is_passive else TimeInForce.IOC
        instrument_id, engine_parent_id = _where(command, child)
        await _submit(
            lambda now_ns: self._engine.enter_order(
                now_ns,
                ALGO_SESSION,
                client_order_id(command.parent_order_id, child.child, child.role or child.task),
                now_ns + COMMAND_VALID_MS * NANOSECONDS_PER_MS,
                command.account_id,
                command.user_id,
                command.desk_id,
                command.firm_id,
                instrument_id,
                _SIDES.index(child.side or command.terms.side),
                _LIMIT if child.price_ticks else _MARKET,
                _TIMES.index(time_in_force),
                child.lots,
                child.price_ticks or None,
                is_reduce_only=child.is_reduce_only,
                strategy_id=command.strategy_id,
                parent_order_id=engine_parent_id,
            )
        )

    async def cancel(self, command: SteerAlgo, child: int, order_id: int) -> None:
        if command.venue:
            await _submit(lambda now_ns: self._engine.enter_route_cancel(now_ns, order_id))
            return
        request = f"{client_order_id(command.parent_order_id, child)}c"
        await _submit(
            lambda now_ns: self._engine.enter_cancel(now_ns, ALGO_SESSION, request, command.user_id, order_id)
        )


def _where(command: SteerAlgo, child: Enter) -> tuple[int, int]:
    """(instrument, the engine's parent): each leg of a multi-leg order is capped by itself."""
    multileg = command.terms.multileg
    if multileg is None:
        return command.instrument_id, command.parent_order_id
    return multileg.legs[child.leg].instrument_id, leg_parent_id(command.parent_order_id, child.leg)


def _route_of(command: SteerAlgo, child: Enter, route_id: int, token: str, valid_until_ns: int) -> PlaceRoute:
    return PlaceRoute(
        command_id="",
        valid_until_ns=valid_until_ns,
        route_id=route_id,
        venue=command.venue,
        client_order_id=route_name(route_id, token),
        account_id=command.account_id,
        user_id=command.user_id,
        desk_id=command.desk_id,
        firm_id=command.firm_id,
        instrument_id=command.instrument_id,
        side=child.side or command.terms.side,
        order_type=OrderType.LIMIT if child.price_ticks else OrderType.MARKET,
        time_in_force=TimeInForce.GTC if child.is_passive else TimeInForce.IOC,
        quantity_lots=child.lots,
        price_ticks=child.price_ticks or None,
        is_reduce_only=child.is_reduce_only,
        strategy_id=command.strategy_id,
        parent_order_id=command.parent_order_id,
    )


async def _submit(call: Callable[[int], object]) -> None:
    while True:
        try:
            call(clock.now_ns())
        except parley_core.QueueFull:
            await asyncio.sleep(QUEUE_FULL_WAIT_SECONDS)
        except parley_core.EngineHalted as error:
            raise EngineStopped(str(error)) from error
        else:
            return
