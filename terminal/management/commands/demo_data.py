"""Lay down the demo: firms, users, accounts, deposits, limits and what the makers quote by, and their keys."""

import argparse
import datetime as dt
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts import demo
from common import clock
from common.actor import SYSTEM, Actor
from makers import services as makers_services
from orders import services as orders_services
from orders import volume_selectors
from risk import services as risk_services
from settlement import services as settlement_services
from terminal.supervisor import equities
from wire.algos import STRATEGIES, strategy_id_of
from wire.client_controls import SetScopeLimits
from wire.demo_quoters import DEMO_QUOTERS
from wire.instruments import COINS
from wire.units import ControlScope

DEPOSITS = {"USDC": Decimal(5_000_000), "BTC": Decimal(50), "ETH": Decimal(500)}
LIMITS: dict[str, Any] = {
    "max_order_quantity_lots": 1_000_000,
    "max_order_value": Decimal(10_000_000),
    "max_position_lots": 10_000_000,
    "max_position_value": Decimal(50_000_000),
    "price_collar_basis_points": 1_000,
}
"""Lots differ by instrument: a million is 10 million USD of the inverse perpetual. Values in USD."""
VOLUME_MONTHS = tuple(dt.datetime(2026, month, 1, tzinfo=dt.UTC) for month in (1, 2, 3))


class Command(BaseCommand):
    help = "Create the demo's firms, users, accounts, deposits and limits. A second run adds nothing."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--pairs", nargs=2, help="a hot file without its owner, and where it goes with")

    def handle(self, *_args: Any, **options: Any) -> None:
        at = clock.now()
        for firm in demo.FIRMS:
            account = demo.lay_down(firm, at=at)
            if account is not None:
                _deposit(account.pk, firm.key_name, at)
                _set_limits(account.pk, firm.key_name, at)
                for other in demo.lay_down_others(account, firm, at=at):
                    _deposit(other.pk, f"{firm.key_name}:{other.name}", at)
                    _set_limits(other.pk, f"{firm.key_name}:{other.name}", at)
                demo.write_fix_sessions(firm, Path(settings.STATE_DIR) / "demo", at=at)
                if firm.key_name in DEMO_QUOTERS:
                    makers_services.lay_down_quoter(
                        firm_id=account.firm_id, parameters=DEMO_QUOTERS[firm.key_name], actor=SYSTEM, at=at
                    )
            demo.write_key(firm, Path(settings.STATE_DIR) / "demo", at=at)
        _set_algo_limits(at)
        _measure_volumes(at)
        if options["pairs"]:
            template, hot = map(Path, options["pairs"])
            _lay_down_pairs(template, hot, at)


def _set_algo_limits(at: dt.datetime) -> None:
    """Deployment caps of every algorithm: without them the risk gate takes none of their orders."""
    admin = demo.get_admin()
    actor = Actor(user_id=admin.pk, firm_id=admin.firm_id, via="system")
    for algo in STRATEGIES:
        message = SetScopeLimits(
            command_id=f"demo:algo:{algo.value}",
            scope=ControlScope.STRATEGY,
            scope_id=strategy_id_of(algo),
            max_order_value="1000000",
            max_open_risk="20000000",
            max_working_orders=200,
            max_orders=1_000_000,
        )
        risk_services.set_control(user=admin, actor=actor, message=message, at=at)


def _measure_volumes(at: dt.datetime) -> None:
    """Volume curves of the recorded hours, where ``PARLEY_DATA`` names them: each by the days before a month of the
    recorded market, so that whatever part of it plays has one that does not look ahead.
    """
    folder = Path(os.environ.get("PARLEY_DATA", "")) / "ohlcv"
    known = {curve.subject for curve in volume_selectors.list_measured()}
    for coin in COINS:
        path = folder / f"{coin}_USD_hourly.csv.gz"
        if coin not in known and path.is_file():
            for month in VOLUME_MONTHS:
                orders_services.measure_hourly(coin=coin, path=path, until=month, actor=SYSTEM, at=at)


def _deposit(account_id: int, firm: str, at: dt.datetime) -> None:
    """The ledger knows the command id: a second run credits nothing."""
    for asset, amount in DEPOSITS.items():
        settlement_services.deposit(
            account_id=account_id, asset=asset, amount=amount, at=at, command_id=f"demo:{firm}:{asset}"
        )


def _lay_down_pairs(template: Path, hot: Path, at: dt.datetime) -> None:
    """An account of the demo's first firm that pairs trade for, and nothing else."""
    account, user = demo.lay_down_pairs(at=at)
    _set_limits(account.pk, "pairs", at)
    owner = {"account_id": account.pk, "user_id": user.pk, "desk_id": account.desk_id, "firm_id": account.firm_id}
    equities.add_owner(template, hot, owner)


def _set_limits(account_id: int, firm: str, at: dt.datetime) -> None:
    """The same id and content again change nothing; what an administrator set since then stays."""
    risk_services.set_limits(account_id=account_id, actor=SYSTEM, at=at, command_id=f"demo:{firm}:limits", **LIMITS)
