"""Measure volume curves for VWAP parent orders."""

import argparse
import datetime as dt
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.actor import SYSTEM
from common.errors import Refusal
from orders import services
from orders.services.volumes import DAYS
from wire.instruments import COINS


class Command(BaseCommand):
    help = "Measure how volume spreads over a day: of the trades in our own book, or of a file of hourly volumes."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=DAYS, help="how many days before the end are looked at")
        parser.add_argument("--file", type=Path, help="CSV with the columns datetime and volume, also gzip")
        parser.add_argument("--coin", choices=sorted(COINS), help="whose volumes the file has")
        parser.add_argument(
            "--until", type=dt.date.fromisoformat, action="append", default=[],
            help="days (UTC) by which to look back, for a file: nothing of that day or later is read",
        )  # fmt: skip

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["file"] is None:
            found = services.measure_own_book(actor=SYSTEM, at=clock.now(), days=options["days"])
        elif options["coin"] and options["until"]:
            found = [self._measure(options, until) for until in options["until"]]
        else:
            raise CommandError("a file needs --coin and --until")
        for curve in found:
            self.stdout.write(f"{curve}: {curve.observations} observations on {curve.days} days")

    def _measure(self, options: dict[str, Any], until: dt.date) -> Any:
        end = dt.datetime.combine(until, dt.time(), dt.UTC)
        try:
            return services.measure_hourly(
                coin=options["coin"], path=options["file"], until=end, actor=SYSTEM, at=clock.now(),
                days=options["days"],
            )  # fmt: skip
        except (Refusal, OSError) as error:
            raise CommandError(str(error)) from error
