"""Which contracts the simulated venue lists at an instant: expiries that roll, and strikes around the forward.

The calendar follows coin option venues: the next two days, the next two Fridays, the last Fridays of the next two
months and of the next two quarters, all at 08:00 UTC; the nearest ``EXPIRIES_LISTED`` of them carry options.
"""

import calendar
import datetime as dt
import itertools
import math

from wire.instruments import EXPIRY_HOUR_UTC
from wire.units import NANOSECONDS_PER_SECOND

EXPIRIES_LISTED = 6
DATED_FUTURES_LISTED = 3
STRIKES_A_SIDE = 8
STRIKES_A_SIDE_MIN = 5
"""New strikes are added when fewer than this remain on one side of the forward."""
STRIKES_MAX = 41
STRIKE_RANGE_DEVIATIONS = 2.2
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_FRIDAY = 4


def list_expiries(at_ns: int) -> list[int]:
    """Option expiries listed at that instant, ascending, UTC nanoseconds."""
    now = _datetime(at_ns)
    today = now.replace(hour=EXPIRY_HOUR_UTC, minute=0, second=0, microsecond=0)
    first = today if today > now else today + dt.timedelta(days=1)
    dates = {first, first + dt.timedelta(days=1)}
    friday = first + dt.timedelta(days=(_FRIDAY - first.weekday()) % 7)
    dates |= {friday, friday + dt.timedelta(days=7)}
    dates |= set(_last_fridays(first, range(3))) | set(_quarter_ends(first))
    return [_nanoseconds(date) for date in sorted(dates)[:EXPIRIES_LISTED]]


def list_future_expiries(at_ns: int) -> list[int]:
    """Expiries of the dated futures: the first Friday of the options and the next quarter ends."""
    now = _datetime(at_ns)
    fridays = [expiry for expiry in list_expiries(at_ns) if _datetime(expiry).weekday() == _FRIDAY]
    quarters = [_nanoseconds(date) for date in _quarter_ends(now)]
    return sorted({fridays[0], *quarters})[:DATED_FUTURES_LISTED]


def expiry_code(expiry_at_ns: int) -> str:
    """As in an instrument's name: 27MAR26."""
    day = _datetime(expiry_at_ns)
    return f"{day.day}{_MONTH_NAMES[day.month - 1]}{day.year % 100:02d}"


def strike_step(forward: float, deviation: float) -> float:
    """A round step such that ``STRIKES_A_SIDE`` of them reach ``STRIKE_RANGE_DEVIATIONS`` standard deviations."""
    raw = max(forward * deviation * STRIKE_RANGE_DEVIATIONS / STRIKES_A_SIDE, 1.0)
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(nice * magnitude for nice in _NICE_STEPS if nice * magnitude >= raw)
    return float(max(1.0, math.ceil(step)))


def list_strikes(forward: float, deviation: float, listed: list[float]) -> list[float]:
    """Strikes that should be listed beside those that are. ``deviation``: of the log forward until expiry."""
    below = sum(strike < forward for strike in listed)
    if min(below, len(listed) - below) >= STRIKES_A_SIDE_MIN or len(listed) >= STRIKES_MAX:
        return []
    step = min((b - a for a, b in itertools.pairwise(listed)), default=strike_step(forward, deviation))
    middle = round(forward / step)
    wanted = [step * (middle + i) for i in range(-STRIKES_A_SIDE, STRIKES_A_SIDE + 1) if middle + i > 0]
    return [strike for strike in wanted if strike not in listed][: STRIKES_MAX - len(listed)]


def _last_fridays(start: dt.datetime, months: range) -> list[dt.datetime]:
    found = []
    for offset in months:
        year, month = divmod(start.year * 12 + start.month - 1 + offset, 12)
        last_day = calendar.monthrange(year, month + 1)[1]
        last = start.replace(
            year=year, month=month + 1, day=last_day, hour=EXPIRY_HOUR_UTC, minute=0, second=0, microsecond=0
        )
        last -= dt.timedelta(days=(last.weekday() - _FRIDAY) % 7)
        if last >= start:
            found.append(last)
    return found


def _quarter_ends(start: dt.datetime) -> list[dt.datetime]:
    return [friday for friday in _last_fridays(start, range(8)) if friday.month % 3 == 0][:2]


def _datetime(at_ns: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(at_ns / NANOSECONDS_PER_SECOND, tz=dt.UTC)


def _nanoseconds(at: dt.datetime) -> int:
    return int(at.timestamp()) * NANOSECONDS_PER_SECOND
