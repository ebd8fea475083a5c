"""The venue's clock: nanoseconds since midnight of New York, as ITCH and OUCH stamp their messages."""

import datetime as dt
import time
import zoneinfo
from typing import Final

NEW_YORK: Final = zoneinfo.ZoneInfo("America/New_York")
NANOSECONDS = 1_000_000_000


class MarketClock:
    """Midnight is that before the start of the process: a session that runs past the next one goes on counting."""

    def __init__(self) -> None:
        now_ns = time.time_ns()
        today = dt.datetime.fromtimestamp(now_ns / NANOSECONDS, tz=NEW_YORK)
        midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
        self._midnight_ns = round(midnight.timestamp()) * NANOSECONDS
        self.date = today.date()

    def now_ns(self) -> int:
        return time.time_ns() - self._midnight_ns
