"""``manage.py verify_audit``: prove the audit trail, or name where it is damaged."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit import verify


class Command(BaseCommand):
    help = "Recompute every chain of the audit trail. Exit status 1, naming each stream's first damage."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stream", default="", help="only this stream, such as firm:1 or house")

    def handle(self, *args: Any, stream: str, **options: Any) -> None:
        result = verify.verify(stream)
        for damage in result.damages:
            self.stderr.write(f"DAMAGED {damage}")
        if result.damages:
            sys.exit(1)
        self.stdout.write(
            f"{result.records} records in {result.streams} streams verify, {result.checkpoints} checkpoints hold"
        )
