"""What the gateway is told of an account's money: everything that moves the ledger, in order, and again when asked."""

import json
from decimal import Decimal

import pytest

from common import clock, db
from risk import handlers
from risk import services as risk
from settlement import services
from settlement.models import LedgerAccount
from streams.models import OutboxCommand
from tests import builders
from wire import gateway
from wire.units import Liquidity, Side

pytestmark = pytest.mark.django_db


def told():
    rows = (json.loads(row.payload) for row in OutboxCommand.objects.order_by("id"))
    return [row for row in rows if row["type"] == "gateway.set_collateral"]


def put_in_force(desk):
    event = gateway.LimitsInForce(account_id=desk.account.id, coin="")
    builders.project(builders.Journal().envelope(event), handlers)


def deposit(desk, asset, amount, command_id):
    services.deposit(
        account_id=desk.account.id, asset=asset, amount=Decimal(amount), at=clock.now(), command_id=command_id
    )


def fill(desk, instrument, *, execution_id, price, quantity="1", side=Side.BUY):
    services.book_fill(
        execution_id=execution_id, account_id=desk.account.id, firm_id=desk.firm.id, instrument=instrument, side=side,
        price=Decimal(price), quantity=Decimal(quantity), liquidity=Liquidity.TAKER, counterparty_account_id=0,
        at=clock.now(), reference_price=Decimal(70_000),
    )  # fmt: skip


def test_an_account_is_told_of_once_the_gateway_knows_it_and_whenever_its_money_moves():
    desk = builders.trading_firm(deposits={"USDC": "1000.5", "ETH": "0.000000001999999999"})
    assert told() == []
    put_in_force(desk)
    put_in_force(desk)
    deposit(desk, "BTC", "2", "d1")
    deposit(desk, "BTC", "2", "d1")
    first, second = told()
    assert first == {
        "type": "gateway.set_collateral", "command_id": f"collateral-{desk.account.id}-1", "account_id": desk.account.id,
        "cash_micros": 1_000_500_000, "coins": [{"coin": "ETH", "nanos": 1}], "last_execution_id": 0,
    }
    assert second["coins"] == [{"coin": "BTC", "nanos": 2 * 10**9}, {"coin": "ETH", "nanos": 1}]
    assert second["command_id"].endswith("-2")


def test_fills_of_one_unit_of_work_are_told_once_with_their_fees_and_premiums():
    desk = builders.trading_firm(deposits={"BTC": "1"})
    option = builders.listed("BTC-27MAR26-80000-C")
    put_in_force(desk)
    with db.unit_of_work():
        fill(desk, option, execution_id=7, price="0.05", quantity="0.1")
        fill(desk, option, execution_id=8, price="0.05", quantity="0.1")
    _, after = told()
    row = LedgerAccount.objects.get(account=desk.account, asset="BTC")
    paid = row.debits_pending
    assert paid > 2 * 500_000, "premium and fees"
    assert after["coins"] == [{"coin": "BTC", "nanos": 10**9 - 10 * paid}]
    assert after["last_execution_id"] == 8
    services.run_netting_cycle(at=clock.now())
    assert len(told()) == 2, "netting moves from pending to posted; what is owned stays"


def test_the_start_tells_everything_again_and_finds_accounts_that_were_never_told_of():
    desk, other = builders.trading_firm(deposits={"USDC": "5"}), builders.trading_firm()
    put_in_force(desk)
    limits = {"max_order_quantity_lots": 1, "max_order_value": Decimal(1), "max_position_lots": 1,
              "max_position_value": Decimal(1), "price_collar_basis_points": 1}  # fmt: skip
    row = risk.set_limits(account_id=other.account.id, actor=builders.actor_of(builders.add_user(other.firm, role="admin")),
                          at=clock.now(), **limits)  # fmt: skip
    row.in_force_at = clock.now()
    row.save()
    assert risk.tell_collateral() == 2
    newest = {one["account_id"]: (one["command_id"], one["cash_micros"]) for one in told()}
    assert newest == {
        desk.account.id: (f"collateral-{desk.account.id}-2", 5_000_000),
        other.account.id: (f"collateral-{other.account.id}-2", 0),
    }


def test_more_than_the_command_holds_is_told_as_its_bound():
    desk = builders.trading_firm(deposits={"USDC": "9" * 20})
    put_in_force(desk)
    assert told()[0]["cash_micros"] == 9 * 10**18
