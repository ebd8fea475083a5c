"""Generated RFQs on recorded option chains, quoted by auto-quoters through the code that quotes live."""

import datetime as dt
import random
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from terminal.trading_month.recorded import BadRecording, NoSuchMonth, read_month

MONTHS_MAX = 120


class Command(BaseCommand):
    help = "Generate RFQs on recorded chains, quote them, hedge the makers, and report."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--recording", type=Path, required=True, help="folder of the recorded option chains")
        parser.add_argument("--from", dest="since", required=True, help="first month, YYYY-MM")
        parser.add_argument("--to", dest="until", required=True, help="last month, YYYY-MM")
        parser.add_argument("--rfqs", type=int, default=1_000)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--report", type=Path, default=Path("out"), help="folder for the HTML and the JSON")

    def handle(self, *, recording: Path, since: str, until: str, rfqs: int, seed: int, report: Path, **_: Any) -> None:
        from terminal.rfq_study.recorded_market import read
        from terminal.rfq_study.report import write_report
        from terminal.rfq_study.run import Study
        from terminal.rfq_study.summary import summarize
        from wire.demo_quoters import DEMO_QUOTERS

        if rfqs < 1:
            raise CommandError(f"--rfqs {rfqs} is below 1")
        try:
            played = [(month, one) for month in months(since, until) for one in read_month(recording, month)]
        except (NoSuchMonth, BadRecording) as error:
            raise CommandError(str(error)) from error
        lots = random.Random(seed)  # noqa: S311  a study, no secret
        places = Counter(lots.randrange(len(played)) for _ in range(rfqs))
        study = Study(DEMO_QUOTERS, seed)
        for number, (month, snapshot) in enumerate(played):
            study.step(read(snapshot), month, places[number])
        first, last = played[0][1].market_time_ns, played[-1][1].market_time_ns
        page, figures = write_report(summarize(study, len(played), first, last), report)
        self.stdout.write(f"{page} and {figures} written.")


def months(since: str, until: str) -> list[str]:
    """Every month from the first to the last, both included. Raises CommandError."""
    try:
        first, last = (dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC) for text in (since, until))
    except ValueError as error:
        raise CommandError(f"A month is YYYY-MM: {error}.") from error
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    if not 1 <= count <= MONTHS_MAX:
        raise CommandError(f"From {since} to {until} are {count} months: 1 to {MONTHS_MAX} can be studied.")
    start = first.year * 12 + first.month - 1
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(start, start + count)]
