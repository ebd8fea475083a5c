"""The hot path's life in the gateway: its log's numbers to the engine, and what is shown of it."""

import asyncio
import logging

import msgspec
import parley_core
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway import clock
from gateway.engine import EngineStopped, RawEvent, submit
from gateway.events import EVENT_TYPES
from gateway.hot.desk import HotPathDesk
from gateway.hot.reports import engine_report
from gateway.hot.shown import count_states, show_pairs
from gateway.valkey import Backoff, Unavailable
from gateway.waiting import wait_at_most
from wire.gateway_routes import RouteReported
from wire.pairs import PAIRS_SHOWN, PAIRS_SHOWN_MS, AnyPairTold, PairsShown, SteerPairs

log = logging.getLogger(__name__)

REPORTED = EVENT_TYPES.index(RouteReported)
REPORTS_AT_ONCE = 256
PUMP_SECONDS = 1.0
SHOW_SECONDS = 0.5


class HotService:
    """One per gateway that has a hot file. ``is_open``: journal and database are known to belong together; before
    that nothing is sent.
    """

    def __init__(self, engine: parley_core.Engine, desk: HotPathDesk, is_open: asyncio.Event) -> None:
        self.desk = desk
        self._engine, self._is_open = engine, is_open
        self._venue = desk.settings.venue
        self._is_known = asyncio.Event()

    def on_event(self, raw: RawEvent) -> None:
        """An event that is on disk."""
        if raw[5] == REPORTED and raw[6][1] == self._venue:
            number = raw[6][2]
            assert isinstance(number, int), "the third field of a report is its number"
            self.desk.log.forget_told(number)
        self.desk.on_event(raw)

    async def on_command(self, sequence: int, command: SteerPairs) -> None:
        """Durable when it returns. Raises SteeringRefused."""
        await self.desk.on_command(sequence, command)

    async def run(self) -> None:
        """Trade, until the log fails."""
        await self._is_open.wait()
        await self.desk.wait_for_limits()
        self._is_known.set()
        await self.desk.run()

    async def pump(self) -> None:
        """The next report follows the last that the engine was given; it passes over what it took before."""
        await self._is_known.wait()
        given = int(self._engine.venue_report(self._venue))
        while True:
            self.desk.told.clear()
            batch = self._after(given)
            try:
                for number, told in batch:
                    await submit(
                        self._engine.report_route,
                        *engine_report(self._venue, self.desk.settings.owner, number, told),
                    )
                    given = number
            except EngineStopped as error:
                log.critical("hot path: no more reports are taken: %s", error)
                return
            if not batch:
                await wait_at_most(self.desk.told, PUMP_SECONDS)

    def _after(self, given: int) -> list[tuple[int, AnyPairTold]]:
        told = self.desk.log.told
        if not told:
            return []
        first = max(0, given + 1 - told[0][0])
        return [told[at] for at in range(first, min(first + REPORTS_AT_ONCE, len(told)))]

    def describe(self) -> dict[str, object]:
        """For the heartbeat."""
        desk = self.desk
        return {
            "venue": self._venue,
            "session_state": desk.native.state,
            "session": desk.book.session,
            "log_state": desk.log_state,
            "log_records": desk.log.records,
            "is_entering": desk.is_entering,
            "blocked_by": desk.controls.in_force.blocked_by,
            "by_state": count_states(desk),
            "counts": desk.native.counts(),
            "last_order_at_ns": desk.book.last_order_at_ns,
        }

    def shown(self, now_ns: int) -> PairsShown:
        desk = self.desk
        return PairsShown(
            venue=self._venue,
            at_ns=now_ns,
            owner=desk.settings.owner,
            session_state=desk.native.state,
            session=desk.book.session,
            log_state=desk.log_state,
            send=desk.settings.send.value,
            is_entering=desk.is_entering,
            blocked_by=desk.controls.in_force.blocked_by,
            last_order_at_ns=desk.book.last_order_at_ns,
            refusals_left_out=desk.refusals_left_out,
            log_records=desk.log.records,
            reports_waiting=len(desk.log.told),
            counts=desk.native.counts(),
            by_state=count_states(desk),
            pairs=show_pairs(desk),
        )

    async def show(self, client: Redis) -> None:
        """Twice a second, for ever; without it the key expires."""
        backoff = Backoff("pairs")
        while True:
            try:
                await client.set(PAIRS_SHOWN, msgspec.json.encode(self.shown(clock.now_ns())), px=PAIRS_SHOWN_MS)
                backoff.succeeded()
                await asyncio.sleep(SHOW_SECONDS)
            except (*Unavailable, ResponseError) as error:
                await asyncio.sleep(backoff.failed(error))
