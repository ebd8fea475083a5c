"""``manage.py verify_allocation [RFQ_ID ...]`` or ``--all``: share every accept out again from its stored quotes."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import NotFound
from rfq.selectors import allocations


class Command(BaseCommand):
    help = "Compute stored allocations again from stored quotes. Exit status 1, naming the first difference of each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("rfq_id", nargs="*", type=int)
        parser.add_argument("--all", action="store_true", help="every RFQ that was accepted")

    def handle(self, *args: Any, rfq_id: list[int], **options: Any) -> None:
        if bool(rfq_id) == options["all"]:
            raise CommandError("name RFQs, or say --all")
        failed = count = 0
        for number in allocations.iterate_accepted_ids() if options["all"] else rfq_id:
            try:
                difference = allocations.find_allocation_difference(number)
            except NotFound as error:
                raise CommandError(f"{error.message} {number}") from error
            count += 1
            if difference is not None:
                failed += 1
                self.stderr.write(f"DIFFERS rfq {number}: {difference}")
        if failed:
            sys.exit(1)
        self.stdout.write(f"{count} allocations verified")
