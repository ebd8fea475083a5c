"""Events from the engine to the stream ``gateway.events``; see ``wire.transport`` for the protocol.

The truth is the journal. What was published is read back from the stream after every disturbance, and what the
receiver's watermark says is missing is regenerated from the journal: a Valkey that was killed, flushed or paused
loses nothing, and entry ids make a second publication harmless.
"""

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
import parley_core
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

from gateway import clock
from gateway.engine import RawEvent
from gateway.events import encode_event, entry_id
from gateway.valkey import Backoff, Unavailable
from gateway.waiting import wait_at_most
from wire.gateway import EventEnvelope
from wire.limits import STREAM_ENTRIES_MAX
from wire.transport import ENTRY_FIELD, EVENTS_STREAM, EVENTS_WATERMARK, EVENTS_WATERMARK_ID

log = logging.getLogger(__name__)

DRAIN_MAX = 512
BATCH_MAX = 256
BUFFER_MAX = 65_536
"""Events kept in memory; older ones are regenerated from the journal when they are needed again."""
CHECK_SECONDS = 0.5
TRIM_SLACK = 1_000
"""Entries left in the stream behind the watermark, for a person who looks at it."""
FULL_WAIT_SECONDS = 0.1


class JournalMismatch(RuntimeError):
    """The receiver has seen events that this journal does not hold: they do not belong together."""


class Publisher:
    """``published``: the newest event in the stream; None until that is known.

    ``agreed``: set once the receiver has shown how far it came and that lies in this journal; before that nothing is
    published, and no command may be taken.
    """

    def __init__(
        self,
        engine: parley_core.Engine,
        client: Redis,
        on_event: Callable[[RawEvent], None],
        needed_after: Callable[[int], int] = lambda watermark: watermark,
    ) -> None:
        """``needed_after``: of the receiver's watermark, the event up to which nobody else needs the journal."""
        self._engine, self._client, self._on_event, self._needed_after = engine, client, on_event, needed_after
        self._buffer: deque[RawEvent] = deque(maxlen=BUFFER_MAX)
        self._newest = self._newest_at_start = int(engine.event_number)
        self._wake = asyncio.Event()
        self._failure: Exception | None = None
        self.agreed = asyncio.Event()
        self.published: int | None = None
        self.watermark: int | None = None
        self._watermark_id: bytes | None = None
        self._handed_out = 0
        """The newest event that this process ever gave to Valkey, whether Valkey said so or not."""
        self._stalled_at: tuple[int | None, float] = (None, clock.monotonic())
        self._refusals = 0
        """Batches in a row that the stream refused: it remembers the id of an entry that it does not hold."""
        self.is_ahead = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._engine.event_fd, self._on_ready, loop)

    def detach(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._engine.event_fd)

    def _on_ready(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._engine.event_fd)
        self._drain(loop)

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop only logs what a callback raises, so a failure is handed to ``run``, which ends the gateway."""
        try:
            self._take_events(loop)
        except Exception as error:  # noqa: BLE001 - raised again by run
            self.detach(loop)
            self._failure = error
            self._wake.set()

    def _take_events(self, loop: asyncio.AbstractEventLoop) -> None:
        events = self._engine.drain(DRAIN_MAX)
        for event in events:
            assert event[0] == self._newest + 1, "the engine's events are gapless"
            self._newest = event[0]
            self._buffer.append(event)
            self._on_event(event)
        if events:
            self._wake.set()
        if len(events) == DRAIN_MAX:
            loop.call_soon(self._drain, loop)

    async def run(self) -> None:
        """Publish for ever, whatever happens to Valkey. Raises JournalMismatch and what taking events raised."""
        backoff = Backoff("publisher")
        while True:
            self._raise_failure()
            try:
                await self._synchronize()
                backoff.succeeded()
                await self._publish_until_failure()
            except Unavailable as error:
                await asyncio.sleep(backoff.failed(error))
            except parley_core.EventsReleased as error:
                log.warning("publisher: %s; waiting for the receiver's watermark", error)
                await asyncio.sleep(CHECK_SECONDS)
            except ResponseError as error:
                log.warning("publisher: %s; reading back what the stream holds", error)
                self._refusals += 1
                await asyncio.sleep(backoff.failed(error))

    async def _synchronize(self) -> None:
        """Learn what the stream and the receiver have. A stream that is not of this journal is dropped."""
        await self._agree()
        entries = await self._client.xrevrange(EVENTS_STREAM, count=1)
        last = await self._find_own_number(*entries[0]) if entries else None
        if (entries and last is None) or self._refusals > 1:
            log.warning("publisher: %s does not end with the last event it was given: rebuilding it", EVENTS_STREAM)
            await self._client.delete(EVENTS_STREAM)
            last = None
        self.published = last if last is not None else min(self.watermark or 0, self._newest)

    async def _agree(self) -> None:
        """Wait for the receiver's watermark. One that this journal cannot explain stops everything until it can."""
        await self._read_watermark()
        while not self.agreed.is_set():
            if self.watermark is not None and await self._is_own(self.watermark):
                self.is_ahead = False
                self.agreed.set()
                return
            if self.watermark is not None and not self.is_ahead:
                self.is_ahead = True
                log.critical(
                    "publisher: the database has seen event %d, which is not in this journal (%d events at the start):"
                    " nothing is published and no command taken", self.watermark, self._newest_at_start,
                )  # fmt: skip
            await asyncio.sleep(CHECK_SECONDS)
            self._raise_failure()
            await self._read_watermark()

    async def _is_own(self, watermark: int) -> bool:
        """Whether that event was in the journal before this process could add any, and under the receiver's id."""
        if not 0 < watermark <= self._newest_at_start:
            return watermark == 0
        try:
            own = (await self._events_after(watermark - 1, 1))[0]
        except parley_core.EventsReleased:
            return True
        return self._watermark_id in (None, entry_id(own).encode())

    async def _find_own_number(self, own_id: Any, fields: Any) -> int | None:
        """Event number of a stream entry; None where this journal has no such event under that id."""
        try:
            number = msgspec.json.decode(fields[ENTRY_FIELD.encode()], type=EventEnvelope).event_number
        except (KeyError, msgspec.DecodeError):
            return None
        if not 1 <= number <= self._newest:
            return None
        own = (await self._events_after(number - 1, 1))[0]
        return number if entry_id(own).encode() == own_id else None

    async def _read_watermark(self) -> None:
        shown: Any = await self._client.mget(EVENTS_WATERMARK, EVENTS_WATERMARK_ID)
        value, self._watermark_id = shown
        watermark = int(value) if value is not None else self.watermark
        if watermark != self._stalled_at[0]:
            self._stalled_at = (watermark, clock.monotonic())
        self.watermark = watermark

    async def _publish_until_failure(self) -> None:
        checked_at = clock.monotonic()
        while True:
            self._wake.clear()
            self._raise_failure()
            sent = await self._publish_batch()
            if clock.monotonic() - checked_at >= CHECK_SECONDS:
                await self._check()
                checked_at = clock.monotonic()
            if not sent:
                await wait_at_most(self._wake, FULL_WAIT_SECONDS if self._is_full() else CHECK_SECONDS)

    def _is_full(self) -> bool:
        """The stream holds as much unread as it may."""
        assert self.published is not None, "synchronized before"
        return self.published - (self.watermark or 0) >= STREAM_ENTRIES_MAX

    async def _publish_batch(self) -> bool:
        assert self.published is not None, "synchronized before"
        if self.published >= self._newest or self._is_full():
            return False
        events = await self._events_after(self.published, BATCH_MAX)
        self._handed_out = max(self._handed_out, events[-1][0])
        pipeline = self._client.pipeline(transaction=False)
        _add(pipeline, events)
        await pipeline.execute()
        self.published = events[-1][0]
        self._refusals = 0
        return True

    async def _events_after(self, number: int, count: int) -> list[RawEvent]:
        """The next events after ``number``, from memory or from the journal."""
        buffer = self._buffer
        if buffer and buffer[0][0] <= number + 1:
            start = number + 1 - buffer[0][0]
            return [buffer[position] for position in range(start, min(start + count, len(buffer)))]
        events: list[RawEvent] = await asyncio.to_thread(self._engine.events_from, number + 1, count)
        assert events[0][0] == number + 1, "the journal regenerates every event"
        return events

    async def _check(self) -> None:
        """Trim what the receiver has; rebuild the stream where it waits for an entry that is not there."""
        await self._read_watermark()
        if self.watermark is None or self.published is None:
            return
        if self.watermark > max(self._handed_out, self._newest_at_start):
            raise JournalMismatch(f"the database has seen event {self.watermark}, of {self._handed_out} published")
        self._engine.release_events(self._needed_after(self.watermark))
        unread = max(self.published - self.watermark, 0)
        await self._client.xtrim(EVENTS_STREAM, maxlen=unread + TRIM_SLACK, approximate=False)
        is_stalled = clock.monotonic() - self._stalled_at[1] >= CHECK_SECONDS
        if not is_stalled or self.watermark >= self._newest:
            return
        missing = (await self._events_after(self.watermark, 1))[0]
        if self.watermark < self.published and not await self._client.xrange(
            EVENTS_STREAM, entry_id(missing), entry_id(missing), count=1
        ):
            await self._rebuild(self.watermark)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _rebuild(self, watermark: int) -> None:
        """Replace the stream by what follows the watermark; the rest follows in order from there."""
        events = await self._events_after(watermark, BATCH_MAX)
        self._handed_out = max(self._handed_out, events[-1][0])
        pipeline = self._client.pipeline(transaction=True)
        pipeline.delete(EVENTS_STREAM)
        _add(pipeline, events)
        await pipeline.execute()
        self.published = events[-1][0]
        log.info("publisher: rebuilt %s from event %d", EVENTS_STREAM, watermark + 1)


def _add(pipeline: Pipeline, events: list[RawEvent]) -> None:
    for event in events:
        pipeline.xadd(EVENTS_STREAM, {ENTRY_FIELD: encode_event(event)}, id=entry_id(event))
