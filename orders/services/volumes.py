"""Measures volume curves: of the trades in our own book, and of files of recorded volumes. Only the past is read."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from audit import services as audit
from common import clock, db
from common.errors import Refusal
from market import selectors as market
from orders.domain.volumes import DAY_NS, Measured, Volume, measure
from orders.models import VolumeCurve
from settlement import selectors as settlement
from wire.units import NANOSECONDS_PER_SECOND
from wire.volume_views import DayClock

if TYPE_CHECKING:
    from common.actor import Actor

DAYS = 30
TRADES_MIN = 50
"""Fewer make no curve: the next trade would change it."""
TRADES_MAX = 200_000
"""The newest ones of an instrument."""
ROWS_MAX = 200_000
INSTRUMENTS_MAX = 20_000
CURVES_KEPT = 30
"""Of a subject and a source."""
OWN_BOOK_SOURCE = "own_book"
HOUR_NS = 3_600 * NANOSECONDS_PER_SECOND


def measure_own_book(*, actor: Actor, at: dt.datetime, days: int = DAYS) -> list[VolumeCurve]:
    """Of every instrument that traded often enough in the whole days of UTC before ``at``, by the wall clock.

    Today counts from tomorrow on: of a day that is not over, the hours that have been would count as all of it.
    """
    until = at.replace(hour=0, minute=0, second=0, microsecond=0)
    since = until - dt.timedelta(days=days)
    found = []
    often = settlement.traded_often(since=since, until=until, trades_min=TRADES_MIN)
    for instrument_id in often[:INSTRUMENTS_MAX]:
        trades = settlement.book_trades(instrument_id).filter(at__gte=since, at__lt=until).order_by("-at")
        rows = trades.values_list("at", "quantity")[:TRADES_MAX]
        measured = measure(Volume(at_ns=clock.to_ns(row_at), quantity=quantity) for row_at, quantity in rows)
        name = market.get_instrument_by_id(instrument_id).name
        if measured is not None:
            found.append(_store(name, OWN_BOOK_SOURCE, DayClock.WALL, measured, until=until, actor=actor, at=at))
    return found


def measure_hourly(
    *, coin: str, path: Path, until: dt.datetime, actor: Actor, at: dt.datetime, days: int = DAYS
) -> VolumeCurve:
    """Of a file with the columns ``datetime`` (UTC) and ``volume``, an hour a row, by the market's clock.

    Rows that are not whole before ``until`` are not read. Raises Refusal ``no_volumes`` and ``file_refused``.
    """
    end_ns = clock.to_ns(until)
    begin_ns = end_ns - days * DAY_NS
    rows = [row for row in _read_hours(path) if begin_ns <= row.at_ns and row.at_ns + HOUR_NS <= end_ns]
    measured = measure(rows)
    if measured is None:
        raise Refusal("no_volumes", f"nothing traded in the {days} days before {until:%Y-%m-%d}", value=path.name)
    source = path.name.partition(".")[0][:64]
    return _store(coin, source, DayClock.MARKET, measured, until=until, actor=actor, at=at)


def _read_hours(path: Path) -> Iterator[Volume]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), 2):
            if number > ROWS_MAX:
                raise Refusal("file_refused", "the file has too many rows", value=number, bound=ROWS_MAX)
            try:
                begins_at = dt.datetime.fromisoformat(row["datetime"])
                quantity = Decimal(row["volume"])
            except (KeyError, TypeError, ValueError, InvalidOperation) as error:
                raise Refusal("file_refused", f"line {number} of {path.name} is no volume", value=number) from error
            if begins_at.tzinfo is None:
                begins_at = begins_at.replace(tzinfo=dt.UTC)
            yield Volume(at_ns=clock.to_ns(begins_at), quantity=quantity, span_ns=HOUR_NS)


def _store(
    subject: str, source: str, by: DayClock, measured: Measured, *, until: dt.datetime, actor: Actor, at: dt.datetime
) -> VolumeCurve:
    """The same again changes nothing; the oldest ones are forgotten."""
    with db.unit_of_work():
        curve, is_new = VolumeCurve.objects.get_or_create(
            subject=subject, source=source, until=until,
            defaults={
                "clock": by.value, "parts": measured.parts, "days": measured.days, "volume": measured.volume,
                "observations": measured.observations, "first_at": clock.from_ns(measured.first_ns), "measured_at": at,
            },
        )  # fmt: skip
        if is_new:
            same = VolumeCurve.objects.filter(subject=subject, source=source).order_by("-until")
            VolumeCurve.objects.filter(pk__in=[row.pk for row in same[CURVES_KEPT:]]).delete()
            audit.record(
                stream="house", action="volume_curve.measured", entity=f"curve:{curve.pk}", actor=actor, at=at,
                after={
                    "subject": subject, "source": source, "until": until.isoformat(), "days": measured.days,
                    "observations": measured.observations,
                },
            )  # fmt: skip
        return curve
