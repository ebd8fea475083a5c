"""How well a measured volume curve tells the next day: hours of BTC, ETH and SOL, each day by the 30 days before it.

``python -m bench volumes`` prints the table of docs/algos.md. Nothing of a day is in the curve that it is held to.
"""

import argparse
import csv
import datetime as dt
import gzip
import os
from collections.abc import Iterator
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from statistics import fmean, median

from orders.domain.volumes import DAY_NS, SHARES, Volume, measure

DATA = Path(os.environ.get("PARLEY_DATA", Path(__file__).parents[2] / "shared" / "data"))
COINS = ("BTC", "ETH", "SOL")
HOURS, DAYS_BEFORE = 24, 30
HOUR_NS = DAY_NS // HOURS
Hour = tuple[float, float]
"""(close, volume)"""
Days = dict[int, list[Hour]]


def read_days(coin: str) -> Days:
    """Whole days, by their number since the epoch. Raises OSError without the file."""
    days: Days = {}
    with gzip.open(DATA / "ohlcv" / f"{coin}_USD_hourly.csv.gz", "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            number = int(dt.datetime.fromisoformat(row["datetime"]).timestamp()) * 10**9 // DAY_NS
            days.setdefault(number, []).append((float(row["close"]), float(row["volume"])))
    return {number: hours for number, hours in days.items() if len(hours) == HOURS}


def curve_before(days: Days, number: int) -> list[float] | None:
    """Shares of the hours of a day by the days before it; None where one of them is not whole."""
    before = range(number - DAYS_BEFORE, number)
    if not all(one in days for one in before):
        return None
    rows = (
        Volume(at_ns=one * DAY_NS + hour * HOUR_NS, quantity=Decimal(volume), span_ns=HOUR_NS)
        for one in before
        for hour, (_, volume) in enumerate(days[one])
    )
    measured = measure(rows, parts=HOURS)
    assert measured is not None, "whole days trade"
    return [part / SHARES for part in measured.parts]


def miss(curve: list[float], hours: list[Hour]) -> tuple[float, float]:
    """(mean distance of what should be traded from what was, a share of the day; basis points from the day's VWAP)."""
    total = sum(volume for _, volume in hours)
    reached = list(accumulate(volume / total for _, volume in hours))
    planned = list(accumulate(curve))
    vwap = sum(close * volume for close, volume in hours) / total
    price = sum(close * share for (close, _), share in zip(hours, curve, strict=True)) / sum(curve)
    distance = fmean(abs(due - done) for due, done in zip(planned, reached, strict=True))
    return distance, abs(price - vwap) / vwap * 10_000


def table(coins: tuple[str, ...]) -> Iterator[str]:
    """Markdown."""
    heads = ("coin", "days", "missed, flat", "missed, curve", "from VWAP, flat", "from VWAP, curve", "better days")
    yield f"| {' | '.join(heads)} |"
    yield "|---|---|---|---|---|---|---|"
    flat = [1 / HOURS] * HOURS
    for coin in coins:
        days = read_days(coin)
        curves = {number: curve for number in sorted(days) if (curve := curve_before(days, number))}
        by_flat = [miss(flat, days[number]) for number in curves]
        by_curve = [miss(curve, days[number]) for number, curve in curves.items()]
        better = fmean(curve[0] < level[0] for curve, level in zip(by_curve, by_flat, strict=True))
        shares = [f"{fmean(distance for distance, _ in found):.2%}" for found in (by_flat, by_curve)]
        costs = [f"{median(cost for _, cost in found):.2f} bp" for found in (by_flat, by_curve)]
        yield f"| {coin} | {len(curves)} | " + " | ".join([*shares, *costs, f"{better:.0%}"]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.volumes", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one coin only")
    given = parser.parse_args()
    if not (DATA / "ohlcv").is_dir():
        print("skipped, no recordings")
        return
    for line in table(COINS[:1] if given.quick else COINS):
        print(line)


if __name__ == "__main__":
    main()
