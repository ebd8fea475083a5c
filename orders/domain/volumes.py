"""How volume spreads over a day of UTC, and the part of it that lies before an order that starts at a time."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise

from wire.algos import VOLUME_CURVE_PARTS_MAX
from wire.units import NANOSECONDS_PER_SECOND

DAY_NS = 86_400 * NANOSECONDS_PER_SECOND
PARTS_A_DAY = 288
"""Five minutes each."""
SHARES = 10**9
"""A whole day's volume in the parts of a curve."""
PART_SECONDS_MIN = 60
"""Of the volumes that an algorithm is given: finer parts would say no more."""
_FINE = 1_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Volume:
    """So much traded in [at_ns, at_ns + span_ns); a trade has no span."""

    at_ns: int
    quantity: Decimal
    span_ns: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured:
    """``parts``: each part's mean share of its day's volume, in billionths."""

    parts: list[int]
    days: int
    observations: int
    volume: Decimal
    first_ns: int


def measure(rows: Iterable[Volume], *, parts: int = PARTS_A_DAY) -> Measured | None:
    """Every day counts alike, however much traded on it; days without a trade do not count. None where none did."""
    days: dict[int, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * parts)
    observations, first_ns, volume = 0, 0, Decimal(0)
    for row in rows:
        if row.quantity <= 0:
            continue
        observations += 1
        volume += row.quantity
        first_ns = row.at_ns if observations == 1 else min(first_ns, row.at_ns)
        _spread(days[row.at_ns // DAY_NS], row)
    if not observations:
        return None
    shares = [[quantity / total for quantity in day] for day, total in ((day, sum(day)) for day in days.values())]
    return Measured(
        parts=[int(SHARES * sum(part) / len(shares)) for part in zip(*shares, strict=True)],
        days=len(days),
        observations=observations,
        volume=volume,
        first_ns=first_ns,
    )


def _spread(day: list[Decimal], row: Volume) -> None:
    """Evenly over its span, which ends with the day at the latest."""
    part_ns = DAY_NS // len(day)
    first = row.at_ns % DAY_NS // part_ns
    count = min(max(1, row.span_ns // part_ns), len(day) - first)
    for number in range(first, first + count):
        day[number] += row.quantity / count


def count_parts(duration_s: int) -> int:
    """Parts that a curve of an order of this duration has."""
    return min(VOLUME_CURVE_PARTS_MAX, max(1, duration_s // PART_SECONDS_MIN))


def cut(parts: Sequence[int], *, period_ns: int, start_ns: int, duration_ns: int, count: int) -> tuple[int, ...]:
    """Relative volumes of ``count`` equal parts of the time from ``start_ns`` on; ``parts`` come back every period."""
    edges = [start_ns + duration_ns * number // count for number in range(count + 1)]
    reached = [_until(parts, period_ns, at_ns) for at_ns in edges]
    return tuple(after - before for before, after in pairwise(reached))


def _until(parts: Sequence[int], period_ns: int, at_ns: int) -> int:
    """Volume from time zero to ``at_ns``, in thousandths of what ``parts`` count in."""
    periods, rest_ns = divmod(at_ns, period_ns)
    part, inside = divmod(rest_ns * len(parts), period_ns)
    whole = periods * sum(parts) + sum(parts[:part])
    return _FINE * whole + _FINE * parts[part] * inside // period_ns
