"""Measured volume curves as a parent order that starts now would use them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from common import clock, valkey
from market import oracle
from orders.domain.volumes import DAY_NS, count_parts, cut
from orders.models import VolumeCurve
from wire.units import NANOSECONDS_PER_SECOND
from wire.volume_views import DayClock, VolumeCurveView

if TYPE_CHECKING:
    from market.models import Instrument


def list_curves(instrument: Instrument, *, duration_s: int, now: dt.datetime) -> list[VolumeCurveView]:
    """The newest of each source that had been measured by then, the instrument's own before its coin's.

    What was measured of a later time of the curve's own clock is left out: it would look ahead.
    """
    starts = {DayClock.WALL: clock.to_ns(now), DayClock.MARKET: _market_time_ns()}
    found = []
    for subject in dict.fromkeys((instrument.name, instrument.base_currency)):
        newest: dict[str, VolumeCurve] = {}
        for curve in VolumeCurve.objects.filter(subject=subject).order_by("source", "until"):
            start_ns = starts[DayClock(curve.clock)]
            if start_ns is not None and clock.to_ns(curve.until) <= start_ns:
                newest[curve.source] = curve
        for curve in newest.values():
            start_ns = starts[DayClock(curve.clock)]
            assert start_ns is not None, "without a time no curve was taken"
            found.append(_view(curve, start_ns, duration_s))
    return found


def list_measured() -> list[VolumeCurve]:
    """The newest curve of each subject and source."""
    rows = VolumeCurve.objects.order_by("subject", "source", "-until").distinct("subject", "source")
    return list(rows[:ROWS_MAX])


ROWS_MAX = 500


def _market_time_ns() -> int | None:
    try:
        return oracle.find_market_time_ns()
    except valkey.Unreachable:
        return None


def _view(curve: VolumeCurve, start_ns: int, duration_s: int) -> VolumeCurveView:
    return VolumeCurveView(
        subject=curve.subject,
        source=curve.source,
        clock=DayClock(curve.clock),
        days=curve.days,
        observations=curve.observations,
        first_at_ns=clock.to_ns(curve.first_at),
        until_ns=clock.to_ns(curve.until),
        starts_at_ns=start_ns,
        volumes=cut(
            curve.parts,
            period_ns=DAY_NS,
            start_ns=start_ns,
            duration_ns=duration_s * NANOSECONDS_PER_SECOND,
            count=count_parts(duration_s),
        ),
    )
