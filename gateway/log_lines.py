"""Lines of a log that is synced before anyone hears of what is in it: a CRC-32 of the rest, a space, JSON."""

import zlib
from collections.abc import Callable
from typing import TypeVar

import msgspec

CRC_DIGITS = 8
Record = TypeVar("Record")


class LineDamaged(ValueError):
    """A line that was once whole is not what was written."""


def write_line(content: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(content), content)


def read_lines(content: bytes, first: int, decode: Callable[[bytes], Record]) -> list[Record]:
    """``first``: what the first line counts as. Raises LineDamaged, naming the line."""
    return [_read_line(line, at, decode) for at, line in enumerate(content.splitlines(), first)]


def whole_bytes(data: bytes) -> int:
    """Without a torn last line: its writer never said that it was there."""
    return data.rfind(b"\n") + 1


def _read_line(line: bytes, at: int, decode: Callable[[bytes], Record]) -> Record:
    content = line[CRC_DIGITS + 1 :]
    if line[: CRC_DIGITS + 1] != b"%08x " % zlib.crc32(content):
        raise LineDamaged(f"line {at} is damaged")
    try:
        return decode(content)
    except msgspec.DecodeError as error:
        raise LineDamaged(f"line {at} cannot be read: {error}") from error
