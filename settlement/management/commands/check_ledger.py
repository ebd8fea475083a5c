"""Recompute the ledger and say whether the books are in order."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from settlement import selectors


class Command(BaseCommand):
    help = "Check that debits equal credits, balances equal transfers and positions equal fills; names every break."

    def handle(self, *_args: Any, **_options: Any) -> None:
        breaks = selectors.check_ledger()
        for found in breaks:
            self.stderr.write(str(found))
        if breaks:
            raise CommandError(f"the ledger has {len(breaks)} breaks")
        for total in selectors.ledger_totals():
            self.stdout.write(
                f"{total.asset}: posted {total.debits_posted} = {total.credits_posted}, "
                f"pending {total.debits_pending} = {total.credits_pending}"
            )
        self.stdout.write("the ledger is in order")
