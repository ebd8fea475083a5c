"""Lay down the demo: firms, users, accounts, deposits, limits and the keys of the makers."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts import demo
from common import clock
from settlement import services as settlement_services

DEPOSITS = {"USDC": Decimal(5_000_000), "BTC": Decimal(50), "ETH": Decimal(500)}


class Command(BaseCommand):
    help = "Create the demo's firms, users, accounts, deposits and limits. A second run adds nothing."

    def handle(self, *_args: Any, **_options: Any) -> None:
        at = clock.now()
        for firm in demo.FIRMS:
            account = demo.lay_down(firm, at=at)
            if account is not None:
                _deposit(account.pk, firm.key_name, at)
            demo.write_key(firm, Path(settings.STATE_DIR) / "demo", at=at)


def _deposit(account_id: int, firm: str, at: dt.datetime) -> None:
    """The ledger knows the command id: a second run credits nothing."""
    for asset, amount in DEPOSITS.items():
        settlement_services.deposit(
            account_id=account_id, asset=asset, amount=amount, at=at, command_id=f"demo:{firm}:{asset}"
        )
