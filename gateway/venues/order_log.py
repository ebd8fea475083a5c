"""The durable log of our orders at one venue: what was about to be sent, and every report. Synced before anyone hears.

A line is a CRC of the rest, then JSON. A torn last line was never acknowledged and is cut; any other damage is refused.
"""

import errno
import os
import zlib
from decimal import Decimal
from pathlib import Path

import msgspec

from gateway.venues.execution import ExecutionReport, NewVenueOrder

RECORDS_MAX = 1_000_000
"""A log that is full takes no new orders: it is put aside by a person, with nothing working at the venue."""
CRC_DIGITS = 8
READ_BYTES = 1 << 20


class OrderLogDamaged(ValueError):
    """A line that was once whole is not what was written."""


class OrderLogFailed(RuntimeError):
    """The log cannot be written: nothing may be sent any more."""


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """Positions when the log began. ``known``: ids of executions from ``since_ns`` on that are in them already."""

    positions: dict[str, Decimal]
    since_ns: int
    known: list[str]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Exactly one of them."""

    sent: NewVenueOrder | None = None
    report: ExecutionReport | None = None
    baseline: Baseline | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


class OrderLog:
    """Append only. Blocking: an append is one write and one fdatasync.

    Who opens it takes it from who had it open: the file is written anew under its name. A gateway that slept through a
    takeover appends to a file without a name, and is told so before anything is sent.
    """

    def __init__(self, path: Path) -> None:
        """Opens or begins it. Raises OrderLogDamaged, OSError."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        before = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
        try:
            content = _read_from(before, 0)
            whole = content.rfind(b"\n") + 1
            self.records = _read_lines(content[:whole], 1)
            self._descriptor = _replace(path, content[:whole])
            self._take_rest(before, whole)
        finally:
            os.close(before)
        self._count = len(self.records)
        self._is_failed = False

    def _take_rest(self, before: int, at: int) -> None:
        """What its owner until now appended after it was read, and may have sent."""
        rest = _read_from(before, at)
        whole = rest[: rest.rfind(b"\n") + 1]
        if whole:
            self.records += _read_lines(whole, len(self.records) + 1)
            _write_whole(self._descriptor, whole)
            os.fsync(self._descriptor)

    def append(self, *records: Record) -> None:
        """Durable when it returns. Raises OrderLogFailed, then and for ever after."""
        if self._is_failed or self._count + len(records) > RECORDS_MAX:
            raise OrderLogFailed("the log of orders failed before, or is full")
        try:
            _write_whole(self._descriptor, b"".join(_line(record) for record in records))
            os.fdatasync(self._descriptor)
            is_ours = os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except OSError as error:
            self._is_failed = True
            raise OrderLogFailed(f"the log of orders cannot be written: {error.strerror}") from error
        if not is_ours:
            self._is_failed = True
            raise OrderLogFailed("another gateway has taken the log of orders over")
        self._count += len(records)

    def close(self) -> None:
        os.close(self._descriptor)


def _replace(path: Path, content: bytes) -> int:
    """A descriptor of a new file under that name, in one step."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    try:
        _write_whole(descriptor, content)
        os.fsync(descriptor)
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _read_from(descriptor: int, at: int) -> bytes:
    parts = []
    while part := os.pread(descriptor, READ_BYTES, at):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _sync_folder(path: Path) -> None:
    """The name of a new log is as durable as what is written to it."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_whole(descriptor: int, content: bytes) -> None:
    """A disk that runs full takes a part without a word. Raises OSError."""
    if os.write(descriptor, content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _line(record: Record) -> bytes:
    content = _encode(record)
    return b"%08x %s\n" % (zlib.crc32(content), content)


def _read_lines(content: bytes, first: int) -> list[Record]:
    return [_read_line(line, at) for at, line in enumerate(content.splitlines(), first)]


def _read_line(line: bytes, at: int) -> Record:
    content = line[CRC_DIGITS + 1 :]
    if line[: CRC_DIGITS + 1] != b"%08x " % zlib.crc32(content):
        raise OrderLogDamaged(f"line {at} of the log of orders is damaged")
    try:
        return _decode(content)
    except msgspec.DecodeError as error:
        raise OrderLogDamaged(f"line {at} of the log of orders cannot be read: {error}") from error
