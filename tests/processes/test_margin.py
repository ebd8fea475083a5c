"""Money, margin and the order that needs more of it than there is, through all the processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from terminal.supervisor.stack import Stack
from tests.processes.conftest import NewState
from tests.processes.desk import RestDesk, database, rows, wait_for

bursts = pytest.importorskip("tests.processes.burst", exc_type=ImportError)

ROOT = Path(__file__).parents[2]
PERPETUAL = "BTC-PERPETUAL"
RAISE_LIMITS = """
from decimal import Decimal
from common import clock
from common.actor import SYSTEM
from risk import services
services.set_limits(account_id={account_id}, actor=SYSTEM, at=clock.now(), max_order_quantity_lots=10**9,
    max_order_value=Decimal(10**11), max_position_lots=10**9, max_position_value=Decimal(10**11),
    price_collar_basis_points=2_000)
"""
pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


def _raise_limits(stack: Stack, account_id: int) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VALKEY_URL")}
    script = RAISE_LIMITS.format(account_id=account_id)
    subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "shell", "-c", script],
        env=environment | {"PARLEY_STATE": str(stack.state_dir)}, cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    with database(stack) as connection:
        wait_for(
            "limits in force", lambda: not rows(connection, "SELECT 1 FROM risk_limitset WHERE in_force_at IS NULL")
        )


def _bid(desk: RestDesk) -> float:
    """Below the market, so that it rests."""
    return float(bursts.ticker(desk)["bid_price"]) * 0.95


def _settled(desk: RestDesk, price: str, contracts: int) -> dict:
    command = desk.limit_order(PERPETUAL, "buy", price, str(contracts))
    order_id = desk.send_until_answered("orders", command)["entity_id"]
    return wait_for("an answer", lambda: (row := desk.get(f"orders/{order_id}"))["state"] in bursts.SETTLED_STATES and row)


def test_an_order_beyond_the_accounts_money_is_refused_and_recorded(new_state: NewState) -> None:
    with Stack(new_state("margin"), without=("makers", "celery")) as stack:
        desk = RestDesk(stack, "aurora")
        _raise_limits(stack, desk.account_id)
        price = f"{_bid(desk) // 0.5 * 0.5:.1f}"
        assert _settled(desk, price, 100_000)["state"] == "new"
        refused = _settled(desk, price, 100_000_000)
        assert (refused["state"], refused["reason"]) == ("rejected", "margin_headroom")
        assert refused["reason_value"].startswith("margin after -")
        assert refused["reason_bound"] == "0.00 USD"
        with database(stack) as connection:
            told = rows(
                connection,
                "SELECT cash_micros, coins FROM settlement_collateral WHERE account_id = %s",
                desk.account_id,
            )
            assert told == [(5_000_000 * 10**6, {"BTC": 50 * 10**9, "ETH": 500 * 10**9})]
            recorded = rows(
                connection, "SELECT after ->> 'reason_value' FROM audit_auditrecord WHERE entity = %s AND action = %s",
                f"order:{refused['order_id']}", "order.rejected",
            )  # fmt: skip
        assert recorded == [(refused["reason_value"],)]
        desk.close()
