"""What happened to FIX sessions, on disk with gapless numbers, shown to the database until it has stored it."""

import asyncio
import json
import logging
import os
import secrets
from collections import deque
from pathlib import Path

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway import clock
from gateway.valkey import Backoff, Unavailable
from wire.fix_events import FIX_EVENTS, FIX_EVENTS_STORED, WINDOW_EVENTS_MAX, FixEvent, FixEventsStored, FixEventWindow
from wire.gateway_fix import SetFixSession

log = logging.getLogger(__name__)

FILE_NAME = "chronicle.log"
SHOW_SECONDS = 0.5
SHOWN_MS = 5_000
EVENTS_KEPT_MAX = 100_000
"""Not yet stored by the database; the oldest go first, and the log says so."""
REFUSALS_MAX, REFUSALS_SECONDS = 20, 60.0
"""Refused logons of a session that are told in so much time."""
TOLD = frozenset(
    {
        "logged_on", "logged_out", "logon_refused", "reset", "revoked", "sequence_too_low", "sequence_reset", "silent",
        "message_too_long", "slow_reader", "disconnected", "shutdown",
    }
)  # fmt: skip
"""What is worth a row in the database; rejects are counted, and told by the heartbeat."""


class Chronicle:
    """The file begins with the chronicle's own name: another state folder tells another chronicle."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError. A torn last line is left out, and so is what the database has stored, once it says so."""
        self._path = folder / FILE_NAME
        self.name = secrets.token_hex(16)
        self._events: deque[FixEvent] = deque(maxlen=EVENTS_KEPT_MAX)
        self._last = 0
        self._refused: dict[int, tuple[float, int]] = {}
        if self._path.exists():
            self._load(self._path.read_bytes().split(b"\n"))
        self._rewrite()
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self._is_dirty = False

    def note(self, spec: SetFixSession, event: str, detail: str, address: str) -> None:
        if event not in TOLD or (event == "logon_refused" and self._is_too_often(spec.session_id)):
            return
        self._last += 1
        told = FixEvent(
            number=self._last,
            at_ns=clock.now_ns(),
            session_id=spec.session_id,
            event=event,
            detail=detail[:256],
            address=address,
        )
        if len(self._events) == EVENTS_KEPT_MAX:
            log.warning("fix: an event that the database has not stored is forgotten: %s", self._events[0])
        self._events.append(told)
        os.write(self._file, msgspec.json.encode(told) + b"\n")
        self._is_dirty = True

    def _is_too_often(self, session_id: int) -> bool:
        """Strangers who try a session again and again fill the log, not the database."""
        began, count = self._refused.get(session_id, (float("-inf"), 0))
        now = clock.monotonic()
        if now - began > REFUSALS_SECONDS:
            began, count = now, 0
        self._refused[session_id] = (began, count + 1)
        return count >= REFUSALS_MAX

    async def show(self, client: Redis) -> None:
        """Show what the database has not stored, for ever."""
        backoff = Backoff("fix events")
        while True:
            try:
                await self._show_once(client)
                backoff.succeeded()
                await asyncio.sleep(SHOW_SECONDS)
            except (*Unavailable, ResponseError) as error:
                await asyncio.sleep(backoff.failed(error))

    async def _show_once(self, client: Redis) -> None:
        stored = await client.get(FIX_EVENTS_STORED)
        if stored is not None:
            self._forget_stored(msgspec.json.decode(stored, type=FixEventsStored))
        if self._is_dirty:
            self._is_dirty = False
            await asyncio.to_thread(os.fdatasync, self._file)
        events = [self._events[at] for at in range(min(len(self._events), WINDOW_EVENTS_MAX))]
        window = FixEventWindow(chronicle=self.name, events=events)
        await client.set(FIX_EVENTS, msgspec.json.encode(window), px=SHOWN_MS)

    def _forget_stored(self, stored: FixEventsStored) -> None:
        while stored.chronicle == self.name and self._events and self._events[0].number <= stored.number:
            self._events.popleft()

    def _load(self, lines: list[bytes]) -> None:
        try:
            head = json.loads(lines[0])
            self.name, self._last = str(head["chronicle"]), int(head["last"])
            for line in lines[1:-1]:
                event = msgspec.json.decode(line, type=FixEvent)
                self._events.append(event)
                self._last = event.number
        except (ValueError, KeyError, IndexError, msgspec.DecodeError) as error:
            log.warning("fix: %s ends with what cannot be read: %s", self._path, error)

    def _rewrite(self) -> None:
        """Only what is not stored yet, in one step."""
        beside = self._path.with_suffix(".new")
        first = self._events[0].number - 1 if self._events else self._last
        with beside.open("wb") as file:
            file.write(json.dumps({"chronicle": self.name, "last": first}).encode() + b"\n")
            file.writelines(msgspec.json.encode(event) + b"\n" for event in self._events)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
