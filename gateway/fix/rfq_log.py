"""What sessions ask of the desk: on disk with gapless numbers, shown to the desk until it has taken it.

The protocol is that of ``wire.transport``: the sender rebuilds the stream from the watermark + 1 when the watermark
stands still and the next entry is not there. Valkey may forget everything at any moment.
"""

import asyncio
import logging
import secrets
from collections import deque
from pathlib import Path

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway import clock
from gateway.fix.handler import Session
from gateway.fix.message import Message
from gateway.owned_file import FileTaken, OwnedFile
from gateway.valkey import Backoff, Unavailable
from gateway.waiting import wait_at_most
from wire.fix_multileg import CancelMultileg, EnterMultileg, ReplaceMultileg
from wire.fix_rfq import FIX_RFQ_LOG, FIX_RFQ_STREAM, FIX_RFQ_TAKEN, AnyFixAction, FixEntry, FixRfqTaken
from wire.transport import ENTRY_FIELD

log = logging.getLogger(__name__)

FILE_NAME = "rfq.log"
ENTRIES_MAX = 10_000
"""Not yet taken by the desk; from then on messages are refused, and from twice as many on comings and goings, too."""
REWRITE_BYTES = 16 << 20
KEYS_MAX = 4_096
"""The newest messages, of all sessions, which are known when a session delivers them once more after a crash."""
IDS_MAX = 1 << 16
"""The newest ClOrdIDs of multi-leg orders and requests about them, of all sessions; an older order is named by 37."""
IDLE_SECONDS = 0.2
"""The watermark is looked at this often where nothing is new."""
RESEND_AFTER_SECONDS = 0.5

Key = tuple[int, int, int]
"""(session, MsgSeqNum, when it was received)"""
OrderKey = tuple[int, str]
"""(session, ClOrdID)"""


class LogFull(RuntimeError):
    """The desk has taken nothing for too long."""


class LogFailed(RuntimeError):
    """It cannot be written, or another gateway has taken it over: nothing goes into it any more."""


class LogDamaged(ValueError):
    """The file holds a whole line that cannot be read."""


class _Head(msgspec.Struct, frozen=True):
    """``last``: the number before the first entry; ``keys``: of messages before; ``ids``: of multi-leg orders."""

    log: str
    last: int
    keys: list[Key]
    ids: list[OrderKey] = []


_decode_line = msgspec.json.Decoder(_Head | tuple[Key | None, FixEntry]).decode


class RfqLog:
    """Lines of JSON, the head and then the entries with their keys, in a ``gateway.owned_file``.

    Everything runs on the gateway's loop but the syncing.
    """

    def __init__(self, folder: Path) -> None:
        """Raises LogDamaged, OSError. A torn last line is left out: nobody was told that it is there."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / FILE_NAME
        self.name = ""
        self._entries: deque[FixEntry] = deque()
        self._keys: deque[Key] = deque(maxlen=KEYS_MAX)
        self._ids: dict[OrderKey, None] = {}
        self._with_multilegs: set[int] = set()
        self._last = 0
        self._file = OwnedFile(self._path, self._load, self._content)
        self._synced = self._last
        self._syncing = 0
        self._is_failed = False
        self._wake = asyncio.Event()
        self._sent: int | None = None
        self._taken = self._first
        self._stands_since = 0.0

    @property
    def _first(self) -> int:
        """The last number before the entries that are kept."""
        return self._entries[0].number - 1 if self._entries else self._last

    def knows(self, session: Session, client_order_id: str) -> bool:
        """Whether the session gave that ClOrdID to a multi-leg order, or to a request about one."""
        return (session.session_id, client_order_id) in self._ids

    def has_multilegs(self, session: Session) -> bool:
        """Whether the session ever entered one, as far as is remembered."""
        return session.session_id in self._with_multilegs

    async def append(self, session: Session, name: str, message: Message | None, action: AnyFixAction) -> None:
        """Durable when it returns; a message that came before and is delivered once more is in it once.

        Raises LogFull, LogFailed.
        """
        key = (session.session_id, message.sequence, message.received_at_ns) if message else None
        if key is not None and message is not None and message.is_redelivered and key in self._keys:
            return
        if self._is_failed:
            raise LogFailed("the log of RFQ messages has failed")
        if len(self._entries) >= (ENTRIES_MAX if message else 2 * ENTRIES_MAX):
            raise LogFull(f"{len(self._entries)} messages wait for the desk")
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
        self._append(key, entry)
        await self._sync(entry.number)

    def _append(self, key: Key | None, entry: FixEntry) -> None:
        """Raises LogFailed; a disk that is full takes the next one when it has room."""
        try:
            self._file.append(_line(key, entry))
        except OSError as error:
            raise LogFailed(f"the log of RFQ messages cannot be written: {error.strerror}") from error
        self._take(key, entry)

    async def _sync(self, number: int) -> None:
        """What cannot be synced is shown to nobody. Raises LogFailed, then and for ever after."""
        self._syncing += 1
        try:
            await asyncio.to_thread(self._file.sync)
        except OSError as error:
            self._is_failed = True
            raise LogFailed(f"the log of RFQ messages cannot be synced: {error.strerror}") from error
        finally:
            self._syncing -= 1
        self._synced = max(self._synced, number)
        self._wake.set()

    async def relay(self, client: Redis) -> None:
        """Give the desk what it has not taken, until another gateway does."""
        backoff = Backoff("fix rfq")
        while True:
            try:
                self._file.require()
                await self._relay_once(client)
                backoff.succeeded()
            except FileTaken as error:
                self._is_failed = True
                log.critical("fix: the desk is given no more RFQ messages: %s", error)
                return
            except (*Unavailable, ResponseError) as error:
                self._sent = None
                await asyncio.sleep(backoff.failed(error))
                continue
            self._wake.clear()
            if self._sent == self._synced:
                await wait_at_most(self._wake, IDLE_SECONDS)

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
        if not self._first <= taken.number <= self._synced:
            log.critical("fix: the desk has taken message %d of %d to %d", taken.number, self._first, self._synced)
            return
        self._taken, self._stands_since = taken.number, clock.monotonic()
        while self._entries and self._entries[0].number <= taken.number:
            self._entries.popleft()
        self._leave_out_taken()
        await client.xtrim(FIX_RFQ_STREAM, minid=f"{taken.number + 1}-0")

    def _leave_out_taken(self) -> None:
        """Raises FileTaken."""
        if self._file.size <= REWRITE_BYTES or self._syncing:
            return
        try:
            self._file.rewrite(self._content())
        except FileTaken:
            raise
        except OSError as error:
            log.warning("fix: the log of RFQ messages cannot be written anew: %s", error)

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
        entries, synced = self._after(self._first), self._synced
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.delete(FIX_RFQ_STREAM)
            pipeline.set(FIX_RFQ_LOG, self.name)
            for entry in entries:
                pipeline.xadd(FIX_RFQ_STREAM, {ENTRY_FIELD: msgspec.json.encode(entry)}, id=f"{entry.number}-0")
            await pipeline.execute()
        self._sent = synced
        self._stands_since = clock.monotonic()

    def _after(self, number: int) -> list[FixEntry]:
        """Those that are on the disk."""
        return [self._entries[at] for at in range(number - self._first, self._synced - self._first)]

    def close(self) -> None:
        self._file.close()

    def _load(self, data: bytes) -> int:
        whole = data.rfind(b"\n") + 1
        if data and not whole and not self.name:
            raise LogDamaged(f"{self._path}: it has no head")
        try:
            for line in data[:whole].split(b"\n")[:-1]:
                self._read(_decode_line(line))
        except ValueError as error:
            raise LogDamaged(f"{self._path}: entry {self._last + 1} cannot be read: {error}") from error
        return whole

    def _read(self, line: _Head | tuple[Key | None, FixEntry]) -> None:
        if isinstance(line, _Head):
            self.name, self._last = line.log, line.last
            self._keys.extend(line.keys)
            for order_key in line.ids:
                self._note(order_key)
            return
        key, entry = line
        if not self.name or entry.number != self._last + 1:
            raise ValueError(f"{entry.number} follows {self._last}")
        self._take(key, entry)

    def _take(self, key: Key | None, entry: FixEntry) -> None:
        self._entries.append(entry)
        self._last = entry.number
        if key is not None:
            self._keys.append(key)
        if isinstance(entry.action, EnterMultileg | ReplaceMultileg | CancelMultileg):
            self._note((entry.session_id, entry.action.client_order_id))

    def _note(self, order_key: OrderKey) -> None:
        self._ids[order_key] = None
        self._with_multilegs.add(order_key[0])
        if len(self._ids) > IDS_MAX:
            del self._ids[next(iter(self._ids))]

    def _content(self) -> bytes:
        """Only what was not taken yet."""
        self.name = self.name or secrets.token_hex(16)
        head = _Head(self.name, self._first, list(self._keys), list(self._ids))
        return msgspec.json.encode(head) + b"\n" + b"".join(_line(None, entry) for entry in self._entries)


def _line(key: Key | None, entry: FixEntry) -> bytes:
    return msgspec.json.encode([key, entry]) + b"\n"
