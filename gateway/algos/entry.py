"""Child orders and their cancels into the engine. Nothing here waits for an answer: that is the engine's events'."""

import asyncio
from collections.abc import Callable

import parley_core

from gateway import clock
from gateway.engine import QUEUE_FULL_WAIT_SECONDS, EngineStopped
from strategies.algos import Enter
from wire.brackets import ROLE_LETTERS, BracketRole
from wire.gateway_algos import ALGO_SESSION, SteerAlgo
from wire.limits import COMMAND_VALID_MS
from wire.multileg import TASK_LETTERS, LegTask, leg_parent_id
from wire.units import NANOSECONDS_PER_MS, OrderType, Side, TimeInForce

_LIMIT, _MARKET = list(OrderType).index(OrderType.LIMIT), list(OrderType).index(OrderType.MARKET)
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


class Entry:
    """Raises EngineStopped from every method once the engine has halted; waits while its queue is full."""

    def __init__(self, engine: parley_core.Engine) -> None:
        self._engine = engine

    async def order(self, command: SteerAlgo, child: Enter) -> None:
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
