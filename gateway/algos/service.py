"""The life of the algorithms in the gateway: ticks, the log, the engine, and what the database is shown."""

import asyncio
import contextlib
import logging
import sqlite3
import time
from pathlib import Path

import msgspec
import parley_core
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway import clock
from gateway.algos.desk import AlgoDesk, SteeringRefused
from gateway.algos.entry import Entry, Routes
from gateway.algos.market import Market
from gateway.commands import CannotTake
from gateway.engine import EngineStopped, RawEvent
from gateway.valkey import Backoff, Unavailable
from gateway.waiting import wait_at_most
from strategies.algos import Enter
from wire.gateway_algos import ALGO_REPORTS, ALGO_REPORTS_STORED, SteerAlgo

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
CANCEL_LOOKS = 20
"""Ticks after the log failed in which an order that was on its way is still looked for."""
SHOW_SECONDS = 0.5
SHOWN_MS = 5_000
REASON_MAX = 120


class AlgoService:
    """``is_open``: journal and database are known to belong together; before that nothing is sent."""

    def __init__(
        self, engine: parley_core.Engine, market: Market, routes: Routes, directory: Path, is_open: asyncio.Event
    ) -> None:
        """Raises OSError, sqlite3.Error."""
        self.desk = AlgoDesk(engine, market, directory)
        self._entry, self._is_open, self._writing = Entry(engine, routes), is_open, asyncio.Lock()
        self._failure: sqlite3.Error | None = None
        self._urgent = asyncio.Event()
        self.desk.catch_up()

    def on_event(self, raw: RawEvent) -> None:
        self.desk.on_event(raw)
        if self.desk.is_urgent:
            self._urgent.set()

    async def on_command(self, sequence: int, command: SteerAlgo) -> None:
        """Durable when it returns. Raises SteeringRefused; sqlite3.Error where nobody knows whether it is durable."""
        if self._failure:
            raise SteeringRefused("algo_log_failed")
        self.desk.on_command(sequence, command, clock.now_ns())
        await self._commit()

    def saved_event_number(self) -> int:
        return self.desk.saved_event_number

    async def run(self) -> None:
        """Let the algorithms work until the engine stops, or their log cannot be written. Raises LogTaken."""
        await self._is_open.wait()
        self.desk.settle_in(clock.now_ns())
        try:
            next_tick = time.monotonic()
            while True:
                await self.send()
                if await self._is_woken(next_tick - time.monotonic()):
                    self.desk.on_urgent(clock.now_ns())
                else:
                    next_tick = time.monotonic() + TICK_SECONDS
                    self.desk.on_time(clock.now_ns())
        except EngineStopped as error:
            log.critical("algos: no child order is sent any more: %s", error)
        except sqlite3.Error as error:
            log.critical("algos: the log cannot be written: %s; children are canceled, no more are sent", error)
            await self._cancel_children()

    async def _is_woken(self, seconds: float) -> bool:
        """Wait for the next tick; True where a leg stands alone before it."""
        await wait_at_most(self._urgent, max(0.0, seconds))
        is_woken = self._urgent.is_set()
        self._urgent.clear()
        return is_woken

    async def _cancel_children(self) -> None:
        """An algorithm that cannot be rebuilt leaves nothing at work, nor what was on its way when the log failed."""
        asked: set[int] = set()
        with contextlib.suppress(EngineStopped):
            for _ in range(CANCEL_LOOKS):
                for working in list(self.desk.parents.values()):
                    for child in working.state.children:
                        if child.order_id and child.order_id not in asked:
                            asked.add(child.order_id)
                            await self._entry.cancel(working.command, child.number, child.order_id)
                await asyncio.sleep(TICK_SECONDS)

    async def send(self) -> None:
        """First why on disk, then what into the engine."""
        actions = list(self.desk.actions)
        self.desk.actions.clear()
        await self._commit()
        for parent_order_id, action in actions:
            working = self.desk.parents.get(parent_order_id)
            if working is None:
                continue
            if isinstance(action, Enter):
                await self._enter(parent_order_id, action)
            else:
                open_children = {child.number: child.order_id for child in working.state.children}
                if action.child in open_children:
                    await self._entry.cancel(working.command, action.child, open_children[action.child])

    async def _enter(self, parent_order_id: int, child: Enter) -> None:
        try:
            await self._entry.child(self.desk.parents[parent_order_id].command, child)
        except ValueError as error:
            log.warning("algos: child %d of parent order %d: %s", child.child, parent_order_id, error)
            reason = error.reason if isinstance(error, CannotTake) else str(error)
            self.desk.refuse_child(parent_order_id, child.child, reason[:REASON_MAX], clock.now_ns())

    async def _commit(self) -> None:
        async with self._writing:
            if self._failure:
                raise self._failure
            batch = self.desk.take_batch()
            if batch is None:
                return
            try:
                await asyncio.to_thread(self.desk.write, batch)
            except sqlite3.Error as error:
                self._failure = error
                raise
            self.desk.reporter.note_written(batch.reports)

    async def show(self, client: Redis) -> None:
        """Show what the database has not stored, for ever."""
        backoff = Backoff("algo reports")
        while True:
            try:
                stored: bytes | None = await client.get(ALGO_REPORTS_STORED)  # type: ignore[assignment]  # not decoded
                if stored is not None:
                    self.desk.reporter.note_stored(stored)
                await client.set(ALGO_REPORTS, self.desk.reporter.window(), px=SHOWN_MS)
                backoff.succeeded()
                await asyncio.sleep(SHOW_SECONDS)
            except (*Unavailable, ResponseError, msgspec.DecodeError) as error:
                await asyncio.sleep(backoff.failed(error))

    def close(self) -> None:
        """What was not written is read from the journal at the next start."""
        self.desk.close()
