"""``manage.py replay_rfq ID`` or ``--all``: prove that an RFQ's facts lead to the state that is stored."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import NotFound
from rfq.selectors import replays


class Command(BaseCommand):
    help = "Replay RFQs from their steps to the same bytes. Exit status 1, naming the first difference of each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rfq_id", nargs="*", type=int)
        parser.add_argument("--all", action="store_true", help="every RFQ")

    def handle(self, *args: Any, rfq_id: list[int], **options: Any) -> None:
        if bool(rfq_id) == options["all"]:
            raise CommandError("name RFQs, or say --all")
        failed = steps = count = 0
        for number in replays.iterate_ids() if options["all"] else rfq_id:
            try:
                found = replays.replay_rfq(number)
            except NotFound as error:
                raise CommandError(f"{error.message} {number}") from error
            count += 1
            steps += found.steps
            if found.difference is not None:
                failed += 1
                self.stderr.write(f"DIFFERS rfq {number} {found.difference}")
            elif not options["all"]:
                self.stdout.write(f"rfq {number}: {found.steps} steps replay to {found.state_sha256}")
        if failed:
            sys.exit(1)
        self.stdout.write(f"{count} RFQs replay byte for byte, {steps} steps")
