"""The memory of one FIX session on disk: its two numbers, what was sent, what was received and not yet acted on.

One append-only file of records with checksums. A record is in the kernel when ``note_*`` returns, so that a killed
process loses nothing, and on the disk after ``sync``: nothing goes on the wire before. A torn tail is cut, damage
before the end is refused by name. A reset replaces the file by a new one, and so does ``compact`` where it has grown.
"""

import bisect
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_HEADER = struct.Struct("<IIBqqq")
"""Length of the payload, CRC-32 of all that follows, kind, sequence, next target, extra."""
STATE, SENT, RECEIVED, SEEN, HANDLED, ANSWERED, SENT_BY_COMMAND = range(1, 8)
PAYLOAD_BYTES_MAX = 1 << 20
RESENDABLE_MAX = 100_000
"""Messages of a session that can be resent; older ones are gap-filled."""
COMPACT_BYTES = 256 << 20


class StoreDamaged(ValueError):
    """The file holds a record that cannot be read, and others after it."""


class Record(NamedTuple):
    kind: int
    sequence: int
    next_target: int
    extra: int
    payload: bytes


class Received(NamedTuple):
    """An application message that may not have taken effect."""

    sequence: int
    received_at_ns: int
    raw: str


class SessionStore:
    """``next_sender``: number of the next message we send, ``next_target``: of the next one we expect.

    ``reset_at_ns``: when both were 1 for the last time; ``last_reference``: the largest one of what
    was sent; ``last_command``: the largest number of a command that was carried out here.
    """

    def __init__(self, path: Path, now_ns: int) -> None:
        """Opens or begins the file. Raises StoreDamaged, OSError."""
        self._path = path
        self.next_sender = self.next_target = 1
        self.reset_at_ns, self.last_reference, self.last_command = now_ns, 0, 0
        self._sequences: list[int] = []
        self._places: list[tuple[int, int]] = []
        self._unhandled: dict[int, Received] = {}
        self._size = 0
        self._swapping = threading.Lock()
        if path.exists():
            self._recover()
        else:
            self._begin()
        self._file = os.open(path, os.O_RDWR | os.O_APPEND)
        self.compact()

    def close(self) -> None:
        os.close(self._file)

    def sync(self) -> None:
        """Durable when it returns; may be called in any thread.

        Raises OSError: then nothing that was noted since the last time may be told.
        """
        with self._swapping:
            os.fdatasync(self._file)

    def note_sent(self, raw: str, *, is_resendable: bool, reference: int = 0, command: int = 0) -> None:
        """The next number is used by this message; it has a reference or was asked for by a command, not both."""
        payload = raw.encode() if is_resendable else b""
        kind, extra = (SENT_BY_COMMAND, command) if command else (SENT, reference)
        place = self._append(Record(kind, self.next_sender, self.next_target, extra, payload))
        if is_resendable:
            self._remember(self.next_sender, place, len(payload))
        self.next_sender += 1
        self.last_reference = max(self.last_reference, reference)
        self.last_command = max(self.last_command, command)

    def note_received(self, raw: str, received_at_ns: int) -> None:
        """The expected application message has come; it is kept until ``note_handled``."""
        sequence = self.next_target
        self._append(Record(RECEIVED, sequence, sequence + 1, received_at_ns, raw.encode()))
        self.next_target += 1
        self._unhandled[sequence] = Received(sequence, received_at_ns, raw)

    def expect(self, next_target: int) -> None:
        """A message of the session itself was taken, or a gap closed."""
        self._append(Record(SEEN, 0, next_target, 0, b""))
        self.next_target = next_target

    def note_handled(self, sequence: int) -> None:
        """All up to this number have taken effect durably."""
        self._append(Record(HANDLED, sequence, self.next_target, 0, b""))
        self._forget_handled(sequence)

    def note_answered(self, sequence: int) -> None:
        """The message of this number was refused: it takes no effect any more."""
        if sequence in self._unhandled:
            self._append(Record(ANSWERED, sequence, self.next_target, 0, b""))
            del self._unhandled[sequence]

    def reset(self, now_ns: int) -> None:
        """Both numbers are 1 again, durably."""
        self.next_sender = self.next_target = 1
        self.reset_at_ns = now_ns
        self._sequences, self._places, self._unhandled = [], [], {}
        self._replace()

    def set_numbers(self, next_sender: int, next_target: int, now_ns: int, command: int) -> None:
        """As an operator's command says, durably and together with its number; both 1 is a reset."""
        self.last_command = max(self.last_command, command)
        if next_sender == next_target == 1:
            self.reset(now_ns)
            return
        self.next_sender, self.next_target = next_sender, next_target
        self._replace()

    def compact(self, above_bytes: int = COMPACT_BYTES) -> None:
        """Leave out what nobody will ask for again, where the file is larger: with many messages about a second."""
        if self._size > above_bytes:
            self._replace()

    def sent_between(self, begin: int, end: int) -> Iterator[tuple[int, str]]:
        """(number, message) of what can be resent, both ends included, in order."""
        start = bisect.bisect_left(self._sequences, begin)
        for position in range(start, len(self._sequences)):
            if self._sequences[position] > end:
                return
            yield self._sequences[position], self._read(*self._places[position]).decode()

    def unhandled(self) -> list[Received]:
        return [self._unhandled[sequence] for sequence in sorted(self._unhandled)]

    def _remember(self, sequence: int, place: int, length: int) -> None:
        self._sequences.append(sequence)
        self._places.append((place, length))
        if len(self._sequences) > RESENDABLE_MAX + RESENDABLE_MAX // 4:
            del self._sequences[:-RESENDABLE_MAX], self._places[:-RESENDABLE_MAX]

    def _forget_handled(self, sequence: int) -> None:
        for known in [known for known in self._unhandled if known <= sequence]:
            del self._unhandled[known]

    def _read(self, place: int, length: int) -> bytes:
        return os.pread(self._file, length, place)

    def _append(self, record: Record) -> int:
        """Where the payload lies. Raises OSError where not all of it could be written: then none of it is there."""
        data = _encode(record)
        if os.write(self._file, data) != len(data):
            os.ftruncate(self._file, self._size)
            raise OSError(f"{self._path}: a record was written in part")
        place = self._size + _HEADER.size
        self._size += len(data)
        return place

    def _recover(self) -> None:
        data = self._path.read_bytes()
        place = 0
        while (record := _decode(data, place)) is not None:
            self._apply(record, place + _HEADER.size)
            place += _HEADER.size + len(record.payload)
        if place != len(data) and _is_damage(data, place):
            raise StoreDamaged(f"{self._path}: the record at byte {place} is damaged")
        if place == 0:
            raise StoreDamaged(f"{self._path}: it does not begin with a state")
        if place != len(data):
            os.truncate(self._path, place)
        self._size = place

    def _apply(self, record: Record, place: int) -> None:
        self.next_target = record.next_target
        if record.kind == STATE:
            self.next_sender, self.last_reference = record.sequence, record.extra
            self.reset_at_ns = int.from_bytes(record.payload[:8], "little")
            self.last_command = int.from_bytes(record.payload[8:16], "little")
        elif record.kind in {SENT, SENT_BY_COMMAND}:
            self.next_sender = record.sequence + 1
            if record.kind == SENT:
                self.last_reference = max(self.last_reference, record.extra)
            else:
                self.last_command = max(self.last_command, record.extra)
            if record.payload:
                self._remember(record.sequence, place, len(record.payload))
        elif record.kind == RECEIVED:
            self._unhandled[record.sequence] = Received(record.sequence, record.extra, record.payload.decode())
        elif record.kind == HANDLED:
            self._forget_handled(record.sequence)
        elif record.kind == ANSWERED:
            self._unhandled.pop(record.sequence, None)

    def _begin(self) -> None:
        self._write_new([])
        self._size = self._path.stat().st_size

    def _replace(self) -> None:
        sent = list(self.sent_between(1, self.next_sender - 1))[-RESENDABLE_MAX:]
        kept = [Record(SENT, number, self.next_target, 0, raw.encode()) for number, raw in sent]
        kept += [
            Record(RECEIVED, r.sequence, self.next_target, r.received_at_ns, r.raw.encode()) for r in self.unhandled()
        ]
        self._write_new(kept)
        with self._swapping:
            os.close(self._file)
            self._file = os.open(self._path, os.O_RDWR | os.O_APPEND)
        self._sequences, self._places, self._unhandled = [], [], {}
        self._recover()

    def _write_new(self, kept: list[Record]) -> None:
        """Old messages first, then the state: the numbers are the state's."""
        rest = self.reset_at_ns.to_bytes(8, "little") + self.last_command.to_bytes(8, "little")
        state = Record(STATE, self.next_sender, self.next_target, self.last_reference, rest)
        beside = self._path.with_suffix(".new")
        with beside.open("wb") as file:
            file.writelines(_encode(record) for record in [state, *kept, state])
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _encode(record: Record) -> bytes:
    if len(record.payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"a message of {len(record.payload)} bytes is longer than {PAYLOAD_BYTES_MAX}")
    rest = _HEADER.pack(len(record.payload), 0, *record[:4])[8:] + record.payload
    return struct.pack("<II", len(record.payload), zlib.crc32(rest)) + rest


def _decode(data: bytes, place: int) -> Record | None:
    """The record at a place; None where there is no whole one."""
    if len(data) - place < _HEADER.size:
        return None
    length, checksum, kind, sequence, next_target, extra = _HEADER.unpack_from(data, place)
    end = place + _HEADER.size + length
    if length > PAYLOAD_BYTES_MAX or end > len(data) or zlib.crc32(data[place + 8 : end]) != checksum:
        return None
    return Record(kind, sequence, next_target, extra, data[place + _HEADER.size : end])


def _is_damage(data: bytes, place: int) -> bool:
    """Whether a whole record follows somewhere: then this is no tail that was torn when the power went."""
    return any(_decode(data, at) is not None for at in range(place + 1, len(data) - _HEADER.size + 1))
