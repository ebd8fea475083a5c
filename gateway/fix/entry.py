"""Orders and requests of sessions into the engine. Nothing here waits for an answer: that is the engine's events'."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import parley_core

from gateway import clock
from gateway.engine import QUEUE_FULL_WAIT_SECONDS, EngineStopped
from gateway.fix.dialect import session_key
from gateway.fix.handler import Session
from gateway.fix.order_messages import Replacement
from gateway.fix.order_record import OrderRecord, OrderTerms
from wire.limits import COMMAND_VALID_MS
from wire.units import NANOSECONDS_PER_MS, OrderType, PegReference, SelfMatch, Side, StopTrigger, TimeInForce

_SIDES, _TYPES, _TIMES = list(Side), list(OrderType), list(TimeInForce)
_PEGS, _LAST_TRADE = list(PegReference), list(StopTrigger).index(StopTrigger.LAST_TRADE)
_CANCEL_NEWEST = list(SelfMatch).index(SelfMatch.CANCEL_NEWEST)


class Entry:
    """Raises EngineStopped from every method once the engine has halted; waits while its queue is full."""

    def __init__(self, engine: parley_core.Engine) -> None:
        self._engine = engine

    async def order(self, session: Session, client_order_id: str, terms: OrderTerms) -> int:
        """The order's id."""
        return await _submit(lambda now_ns: self._enter(now_ns, session, client_order_id, terms))

    async def cancel(
        self, session: Session, order: OrderRecord, client_order_id: str, *, is_disconnect: bool = False
    ) -> None:
        await _submit(
            lambda now_ns: self._engine.enter_cancel(
                now_ns, order.session, client_order_id, session.user_id, order.order_id, is_disconnect
            )
        )

    async def amend(self, session: Session, order: OrderRecord, client_order_id: str, change: Replacement) -> None:
        await _submit(
            lambda now_ns: self._engine.enter_amend(
                now_ns,
                order.session,
                client_order_id,
                session.user_id,
                _valid_until(now_ns),
                order.order_id,
                change.quantity_lots,
                change.price_ticks,
            )
        )

    def _enter(self, now_ns: int, session: Session, client_order_id: str, terms: OrderTerms) -> int:
        return int(
            self._engine.enter_order(
                now_ns,
                session_key(session),
                client_order_id,
                _valid_until(now_ns),
                terms.account_id,
                session.user_id,
                session.desk_id,
                session.firm_id,
                terms.instrument_id,
                _SIDES.index(terms.side),
                _TYPES.index(terms.order_type),
                _TIMES.index(terms.time_in_force),
                terms.quantity_lots,
                terms.price_ticks,
                terms.is_post_only,
                terms.is_reduce_only,
                0,
                0,
                0,
                terms.expires_at_ns,
                terms.display_lots,
                terms.minimum_lots,
                terms.stop_ticks,
                _LAST_TRADE,
                _PEGS.index(terms.peg_reference),
                terms.peg_offset_ticks,
                _CANCEL_NEWEST,
            )
        )


def _valid_until(now_ns: int) -> int:
    return now_ns + COMMAND_VALID_MS * NANOSECONDS_PER_MS


Answer = TypeVar("Answer")


async def _submit(call: Callable[[int], Answer]) -> Answer:
    while True:
        try:
            return call(clock.now_ns())
        except parley_core.QueueFull:
            await asyncio.sleep(QUEUE_FULL_WAIT_SECONDS)
        except parley_core.EngineHalted as error:
            raise EngineStopped(str(error)) from error
