"""The main job on recorded input: a month of recorded chains, traded through the running processes."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from terminal.supervisor.process import StartFailure
from terminal.supervisor.stack import Stack
from terminal.trading_month.recorded import BadRecording, NoSuchMonth, RecordedSnapshot, read_month

GRACE_MS = "1000"
"""A month holds some hundred RFQs: makers get one second of grace instead of five, unless PARLEY_RFQ_GRACE_MS says."""


class Command(BaseCommand):
    help = "Trade a recorded month through the running processes and report on it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--recording", type=Path, required=True, help="folder of the recorded option chains")
        parser.add_argument("--month", required=True, help="YYYY-MM")
        parser.add_argument("--report", type=Path, default=Path("out"), help="folder for report.html and report.json")
        parser.add_argument("--snapshots", type=int, default=0, help="stop after so many snapshots; 0: the whole month")
        parser.add_argument("--url", default="", help="attach to processes that already run on this month, in steps")

    def handle(self, *, recording: Path, month: str, report: Path, snapshots: int, url: str, **_: Any) -> None:
        if snapshots < 0:
            raise CommandError(f"--snapshots {snapshots} is below 0")
        try:
            played = read_month(recording, month)
        except (NoSuchMonth, BadRecording) as error:
            raise CommandError(str(error)) from error
        played = played[:snapshots] if snapshots else played
        if url:
            self._drive(played, month, report, url)
        else:
            self._start_and_drive(played, recording, month, report)

    def _start_and_drive(self, played: list[RecordedSnapshot], recording: Path, month: str, report: Path) -> None:
        """Own processes on a state folder of their own; this command again, attached to them."""
        report.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"state-{month}-", dir=report)).resolve()
        folder.chmod(0o755)
        grace = {"PARLEY_RFQ_GRACE_MS": os.environ.get("PARLEY_RFQ_GRACE_MS", GRACE_MS)}
        since, until = played[0].at().isoformat(), played[-1].at().isoformat()
        stack = Stack(folder, recording=recording.resolve(), speed="step", since=since, until=until, environment=grace)
        try:
            with stack:
                self.stdout.write(f"Parley runs at {stack.url} on the recording of {month}; state in {folder}.")
                servers = {"DATABASE_URL": stack.database_url, "VALKEY_URL": stack.valkey_url}
                arguments = ["--recording", str(recording), "--month", month, "--report", str(report)]
                arguments += ["--snapshots", str(len(played)), "--url", stack.url]
                done = subprocess.run(
                    [sys.executable, sys.argv[0], "trading_month", *arguments],
                    env=os.environ | grace | servers | {"PARLEY_STATE": str(folder)},
                    check=False,
                )
        except StartFailure as failure:
            raise CommandError(str(failure)) from failure
        if done.returncode:
            raise CommandError(f"the month was not traded to its end; logs in {folder / 'logs'}")

    def _drive(self, played: list[RecordedSnapshot], month: str, report: Path, url: str) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from terminal.trading_month.report import write_report
        from terminal.trading_month.run import MonthRun

        run = MonthRun(month, played, url, settings.STATE_DIR / "demo" / "aurora.json")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns) as progress:
            task = progress.add_task(month, total=len(played))
            run.play(lambda done: progress.update(task, completed=done))
        page, figures = write_report(run.report, report)
        self.stdout.write(f"{page} and {figures} written.")
