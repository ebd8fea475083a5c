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
from wire.units import NANOSECONDS_PER_MS, OrderType, Side, TimeInForce

_LIMIT, _MARKET = list(OrderType).index(OrderType.LIMIT), list(OrderType).index(OrderType.MARKET)
_SIDES, _TIMES = list(Side), list(TimeInForce)


def client_order_id(parent_order_id: int, child: int, role: BracketRole | None = None) -> str:
    """Given once: by it a child is known again in the journal. A bracket's ends with a letter for the role."""
    return f"{parent_order_id}-{child}{ROLE_LETTERS[role] if role else ''}"


def parse_client_order_id(text: str) -> tuple[int, int]:
    """(parent, child)."""
    parent, child = text.rstrip("".join(ROLE_LETTERS.values())).split("-")
    return int(parent), int(child)


class Entry:
    """Raises EngineStopped from every method once the engine has halted; waits while its queue is full."""

    def __init__(self, engine: parley_core.Engine) -> None:
        self._engine = engine

    async def order(self, command: SteerAlgo, child: Enter) -> None:
        time_in_force = TimeInForce.GTC if child.is_passive else TimeInForce.IOC
        await _submit(
            lambda now_ns: self._engine.enter_order(
                now_ns,
                ALGO_SESSION,
                client_order_id(command.parent_order_id, child.child, child.role),
                now_ns + COMMAND_VALID_MS * NANOSECONDS_PER_MS,
                command.account_id,
                command.user_id,
                command.desk_id,
                command.firm_id,
                command.instrument_id,
                _SIDES.index(child.side or command.terms.side),
                _LIMIT if child.price_ticks else _MARKET,
                _TIMES.index(time_in_force),
                child.lots,
                child.price_ticks or None,
                is_reduce_only=child.is_reduce_only,
                strategy_id=command.strategy_id,
                parent_order_id=command.parent_order_id,
            )
        )

    async def cancel(self, command: SteerAlgo, child: int, order_id: int) -> None:
        request = f"{client_order_id(command.parent_order_id, child)}c"
        await _submit(
            lambda now_ns: self._engine.enter_cancel(now_ns, ALGO_SESSION, request, command.user_id, order_id)
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
