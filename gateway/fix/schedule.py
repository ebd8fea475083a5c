"""When a session may be logged on: hours of the UTC day, possibly over midnight."""

import dataclasses

from wire.units import NANOSECONDS_PER_SECOND

MINUTES_OF_DAY = 24 * 60
_MINUTE_NS = 60 * NANOSECONDS_PER_SECOND


@dataclasses.dataclass(frozen=True, slots=True)
class Schedule:
    """Minutes of the day; equal ones: always."""

    opens_at_minute: int
    closes_at_minute: int

    @property
    def is_always(self) -> bool:
        return self.opens_at_minute == self.closes_at_minute

    def is_open(self, at_ns: int) -> bool:
        return self.is_always or self._minutes_since_opening(at_ns) < self._length()

    def opened_at_ns(self, at_ns: int) -> int:
        """When the period began that is now or was last; 0 for a session without hours."""
        if self.is_always:
            return 0
        minute = at_ns // _MINUTE_NS
        return (minute - self._minutes_since_opening(at_ns)) * _MINUTE_NS

    def __str__(self) -> str:
        hours = (self.opens_at_minute, self.closes_at_minute)
        return " to ".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in hours) + " UTC"

    def _minutes_since_opening(self, at_ns: int) -> int:
        return (at_ns // _MINUTE_NS - self.opens_at_minute) % MINUTES_OF_DAY

    def _length(self) -> int:
        return (self.closes_at_minute - self.opens_at_minute) % MINUTES_OF_DAY
