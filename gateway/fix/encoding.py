"""Bytes of FIX messages: header in ascending order, length and checksum, times in the standard's form."""

import datetime as dt
import re

from gateway.fix.message import HEADER_TAGS, SEPARATOR, TRAILER_TAGS, Field
from wire.units import NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND

_FRONT = frozenset({8, 9, 35})
_TIME = re.compile(r"(\d{8}-\d{2}:\d{2}):([0-5]\d|60)(?:\.(\d{1,9})\d{0,3})?", re.ASCII)
"""To the picosecond, as the standard allows; what is finer than a nanosecond is not kept."""


def encode(begin_string: str, kind: str, header: dict[int, str], body: list[Field] | tuple[Field, ...]) -> str:
    """A whole message; ``header`` without 8, 9 and 35; the body's order is kept, for groups need it."""
    fields = [(35, kind), *sorted(header.items()), *body]
    text = "".join([f"{tag}={value}{SEPARATOR}" for tag, value in fields])
    return seal(begin_string, text)


def seal(begin_string: str, text: str) -> str:
    """Put length and checksum around everything that follows tag 9."""
    whole = f"8={begin_string}{SEPARATOR}9={len(text.encode())}{SEPARATOR}{text}"
    return f"{whole}10={sum(whole.encode()) % 256:03d}{SEPARATOR}"


def repeat(raw: str, sending_time: str) -> str:
    """A message once more under its old number: PossDupFlag and OrigSendingTime in its header."""
    pairs = [part.partition("=") for part in raw.split(SEPARATOR) if part]
    fields = [(int(tag), value) for tag, _, value in pairs]
    header = {tag: value for tag, value in fields if tag in HEADER_TAGS - _FRONT}
    header |= {43: "Y", 122: header[52], 52: sending_time}
    body = [field for field in fields if field[0] not in HEADER_TAGS | TRAILER_TAGS]
    return encode(fields[0][1], dict(fields)[35], header, body)


def format_time(at_ns: int, begin_string: str = "FIX.4.2") -> str:
    """UTCTimestamp; milliseconds from FIX 4.2 on."""
    at = dt.datetime.fromtimestamp(at_ns // NANOSECONDS_PER_SECOND, dt.UTC).strftime("%Y%m%d-%H:%M:%S")
    return f"{at}.{at_ns // NANOSECONDS_PER_MS % 1_000:03d}" if begin_string >= "FIX.4.2" else at


def parse_time(text: str) -> int:
    """Nanoseconds of a UTCTimestamp; a leap second is the last one before it. Raises ValueError."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    minute, second, fraction = found.groups()
    at = dt.datetime.strptime(f"{minute}:{min(int(second), 59)}", "%Y%m%d-%H:%M:%S").replace(tzinfo=dt.UTC)
    return int(at.timestamp()) * NANOSECONDS_PER_SECOND + int((fraction or "0").ljust(9, "0"))
