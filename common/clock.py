"""The wall clock. Rules take the time as an argument; only entrances ask for it here."""

import datetime as dt
import time


def now() -> dt.datetime:
    """Current UTC time."""
    return dt.datetime.now(tz=dt.UTC)


def now_ns() -> int:
    """Current UTC time in nanoseconds since the epoch."""
    return time.time_ns()


def to_ns(at: dt.datetime) -> int:
    """Nanoseconds since the epoch of an aware datetime, exact to the microsecond it holds."""
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1_000


def from_ns(at_ns: int) -> dt.datetime:
    """UTC datetime of nanoseconds since the epoch, truncated to microseconds."""
    return _EPOCH + dt.timedelta(microseconds=at_ns // 1_000)


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
