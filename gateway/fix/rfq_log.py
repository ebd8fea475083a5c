"""What RFQ sessions ask of the desk: on disk with gapless numbers, shown to the desk until it has taken it.

The protocol is that of ``wire.transport``: the sender rebuilds the stream from the watermark + 1 when the watermark
stands still and the next entry is not there. Valkey may forget everything at any moment.
"""

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
from gateway.fix.handler import Session
from gateway.fix.message import Message
from gateway.valkey import Backoff, Unavailable
from wire.fix_rfq import FIX_RFQ_LOG, FIX_RFQ_STREAM, FIX_RFQ_TAKEN, AnyFixAction, FixEntry, FixRfqTaken
from wire.transport import ENTRY_FIELD

log = logging.getLogger(__name__)

FILE_NAME = "rfq.log"
ENTRIES_MAX = 10_000
"""Not yet taken by the desk; from then on messages are refused."""
REWRITE_BYTES = 16 << 20
KEYS_MAX = 4_096
"""Messages that are known when a session delivers them once more; more than can wait for the handler."""
IDLE_SECONDS = 0.2
"""The watermark is looked at this often where nothing is new."""
RESEND_AFTER_SECONDS = 0.5

Key = tuple[int, int, int]
"""(session, MsgSeqNum, when it was received)"""


class LogFull(RuntimeError):
    """The desk has taken nothing for too long."""


class LogDamaged(ValueError):
    """The file holds a whole line that cannot be read."""


class RfqLog:
    """The file begins with the log's own name, the last number before its first entry and the keys of messages before.

    Everything runs on the gateway's loop but the syncing.
    """

    def __init__(self, folder: Path) -> None:
        """Raises LogDamaged, OSError. A torn last line is left out: nobody was told that it is there."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE_NAME
        self.name = secrets.token_hex(16)
        self._entries: deque[FixEntry] = deque()
        self._keys: deque[Key] = deque(maxlen=KEYS_MAX)
        self._last = 0
        if self._path.exists():
            self._load(self._path.read_bytes().split(b"\n"))
        self._size = self._syncing = 0
        self._file = -1
        self._rewrite()
        self._wake = asyncio.Event()
        self._sent: int | None = None
        self._taken = self._first
        self._stands_since = 0.0

    @property
    def _first(self) -> int:
        """The last number before the entries that are kept."""
        return self._entries[0].number - 1 if self._entries else self._last

    async def append(self, session: Session, name: str, message: Message | None, action: AnyFixAction) -> None:
        """Durable when it returns; a message that came before and is delivered once more is in it once.

        Raises LogFull, OSError.
        """
        key = (session.session_id, message.sequence, message.received_at_ns) if message else None
        if key is not None and message is not None and message.is_redelivered and key in self._keys:
            return
        if len(self._entries) >= ENTRIES_MAX:
            raise LogFull(f"{ENTRIES_MAX} messages wait for the desk")
        entry = FixEntry(
            number=self._last + 1,
            at_ns=message.received_at_ns if message else clock.now_ns(),
            session_id=session.session_id,
            session=name,
            message_type=message.type if message else "",
            sequence=message.sequence if message else 0,
            is_possible_resend=bool(message and message.is_possible_resend),
            action=action,
        )
        data = msgspec.json.encode([key, entry]) + b"\n"
        if os.write(self._file, data) != len(data):
            os.ftruncate(self._file, self._size)
            raise OSError(f"{self._path}: an entry was written in part")
        self._last = entry.number
        self._size += len(data)
        self._entries.append(entry)
        if key is not None:
            self._keys.append(key)
        self._syncing += 1
        try:
            await asyncio.to_thread(os.fdatasync, self._file)
        finally:
            self._syncing -= 1
        self._wake.set()

    async def relay(self, client: Redis) -> None:
        """Give the desk what it has not taken, for ever."""
        backoff = Backoff("fix rfq")
        while True:
            try:
                await self._relay_once(client)
                backoff.succeeded()
            except (*Unavailable, ResponseError) as error:
                self._sent = None
                await asyncio.sleep(backoff.failed(error))
                continue
            self._wake.clear()
            if self._sent == self._last:
                await _wait(self._wake, IDLE_SECONDS)

    async def _relay_once(self, client: Redis) -> None:
        await self._look_at_watermark(client)
        if self._sent is None or await self._is_lost(client):
            await self._rebuild(client)
            return
        for entry in self._after(self._sent):
            await client.xadd(FIX_RFQ_STREAM, {ENTRY_FIELD: msgspec.json.encode(entry)}, id=f"{entry.number}-0")
            self._sent = entry.number

    async def _look_at_watermark(self, client: Redis) -> None:
        shown = await client.get(FIX_RFQ_TAKEN)
        if shown is None:
            return
        taken = msgspec.json.decode(shown, type=FixRfqTaken)
        if taken.log != self.name or taken.number == self._taken:
            return
        if not self._first <= taken.number <= self._last:
            log.critical("fix: the desk has taken message %d of %d to %d", taken.number, self._first, self._last)
            return
        self._taken, self._stands_since = taken.number, clock.monotonic()
        while self._entries and self._entries[0].number <= taken.number:
            self._entries.popleft()
        if self._size > REWRITE_BYTES and not self._syncing:
            self._rewrite()
        await client.xtrim(FIX_RFQ_STREAM, minid=f"{taken.number + 1}-0")

    async def _is_lost(self, client: Redis) -> bool:
        """Whether the desk waits for an entry that the stream does not hold."""
        assert self._sent is not None, "asked before"
        if self._taken >= self._sent:
            self._stands_since = clock.monotonic()
            return False
        if clock.monotonic() - self._stands_since < RESEND_AFTER_SECONDS:
            return False
        self._stands_since = clock.monotonic()
        next_id = f"{self._taken + 1}-0"
        is_there = bool(await client.xrange(FIX_RFQ_STREAM, next_id, next_id))
        return not is_there or await client.get(FIX_RFQ_LOG) != self.name.encode()

    async def _rebuild(self, client: Redis) -> None:
        """Replace the stream by what was not taken, in one MULTI."""
        entries = list(self._after(self._first))
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.delete(FIX_RFQ_STREAM)
            pipeline.set(FIX_RFQ_LOG, self.name)
            for entry in entries:
                pipeline.xadd(FIX_RFQ_STREAM, {ENTRY_FIELD: msgspec.json.encode(entry)}, id=f"{entry.number}-0")
            await pipeline.execute()
        self._sent = entries[-1].number if entries else self._last
        self._stands_since = clock.monotonic()

    def _after(self, number: int) -> list[FixEntry]:
        start = number - self._first
        return [self._entries[at] for at in range(start, len(self._entries))]

    def close(self) -> None:
        os.close(self._file)

    def _load(self, lines: list[bytes]) -> None:
        try:
            head = json.loads(lines[0])
            self.name, self._last = str(head["log"]), int(head["last"])
            self._keys.extend((key[0], key[1], key[2]) for key in head["keys"])
            for line in lines[1:-1]:
                self._take(*msgspec.json.decode(line, type=tuple[Key | None, FixEntry]))
        except (ValueError, KeyError, IndexError, msgspec.DecodeError) as error:
            raise LogDamaged(f"{self._path}: entry {self._last + 1} cannot be read: {error}") from error

    def _take(self, key: Key | None, entry: FixEntry) -> None:
        if entry.number != self._last + 1:
            raise ValueError(f"{entry.number} follows {self._last}")
        self._entries.append(entry)
        self._last = entry.number
        if key is not None:
            self._keys.append(key)

    def _rewrite(self) -> None:
        """Only what was not taken yet, in one step."""
        beside = self._path.with_suffix(".new")
        head = {"log": self.name, "last": self._first, "keys": list(self._keys)}
        with beside.open("wb") as file:
            file.write(json.dumps(head).encode() + b"\n")
            file.writelines(msgspec.json.encode([None, entry]) + b"\n" for entry in self._entries)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self._size = self._path.stat().st_size


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
