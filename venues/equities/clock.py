"""The venue's clock: nanoseconds since midnight of New York, as ITCH and OUCH stamp their messages."""

import datetime as dt
import time
import zoneinfo
from typing import Final

NEW_YORK: Final = zoneinfo.ZoneInfo("America/New_York")
NANOSECONDS = 1_000_000_000
DAY_NS_MAX = 72 * 3_600 * NANOSECONDS
"""ITCH has 48 bits for a time, which are 78 hours: a session ends before."""


class MarketClock:
    """Midnight is that before the session began: one that runs past the next midnight goes on counting."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new day."""
        now_ns = time.time_ns()
        today = dt.datetime.fromtimestamp(now_ns / NANOSECONDS, tz=NEW_YORK)
        midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
        self._midnight_ns = round(midnight.timestamp()) * NANOSECONDS
        self.date = today.date()

    def now_ns(self) -> int:
        return time.time_ns() - self._midnight_ns
