from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError

from common import clock, db
from common.errors import Conflict, NotFound, Refusal
from settlement import selectors, services
from settlement.models import LedgerAccount, NettingCycle, Position, Transfer, TransferCode, TransferKind
from settlement.services import ledger
from tests import builders

pytestmark = pytest.mark.django_db


def balance(account, asset):
    found = {row.asset: (row.posted, row.pending) for row in selectors.list_balances([account.id])}
    return found.get(asset)


def deposit(account, amount="5", asset="BTC", command_id="d1"):
    return services.deposit(
        account_id=account.id, asset=asset, amount=Decimal(amount), at=clock.now(), command_id=command_id
    )


def test_deposit_is_pending_then_posted():
    desk = builders.trading_firm()
    posted = deposit(desk.account, "5.00000001")
    assert balance(desk.account, "BTC") == ("5.00000001", "0")
    assert [row.kind for row in Transfer.objects.order_by("id")] == ["pending", "post"]
    assert posted.pending.key == "deposit:d1"
    assert selectors.check_ledger() == []


def test_repeated_deposit_gets_the_first_answer():
    desk = builders.trading_firm()
    first, second = deposit(desk.account), deposit(desk.account)
    assert first.pk == second.pk
    assert balance(desk.account, "BTC") == ("5", "0")


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"amount": "6"}, Conflict, "command_id_reused"),
        ({"asset": "ETH"}, Conflict, "command_id_reused"),
        ({"asset": "DOGE", "command_id": "d2"}, NotFound, "unknown_asset"),
        ({"amount": "0", "command_id": "d2"}, Refusal, "amount_not_positive"),
        ({"amount": "-1", "command_id": "d2"}, Refusal, "amount_not_positive"),
        ({"amount": "NaN", "command_id": "d2"}, Refusal, "amount_not_positive"),
        ({"amount": "Infinity", "command_id": "d2"}, Refusal, "amount_not_positive"),
        ({"amount": "0.000000001", "command_id": "d2"}, Refusal, "amount_off_grid"),
        ({"amount": "1e40", "command_id": "d2"}, Refusal, "amount_too_large"),
        ({"amount": "1e999999", "command_id": "d2"}, Refusal, "amount_too_large"),
        ({"command_id": ""}, Refusal, "invalid_command_id"),
        ({"command_id": "x" * 65}, Refusal, "invalid_command_id"),
    ],
)
def test_bad_deposit_is_refused_and_changes_nothing(changes, kind, reason):
    desk = builders.trading_firm()
    deposit(desk.account)
    before = list(Transfer.objects.values_list("key", "amount"))
    with pytest.raises(kind) as raised:
        deposit(desk.account, **changes)
    assert raised.value.reason == reason
    assert list(Transfer.objects.values_list("key", "amount")) == before


@pytest.mark.parametrize("account_id", [0, -1, 10**15])
def test_deposit_to_nobody_is_refused(account_id):
    with pytest.raises(NotFound) as raised:
        services.deposit(account_id=account_id, asset="BTC", amount=Decimal(1), at=clock.now(), command_id="d9")
    assert raised.value.reason == "unknown_account" and not Transfer.objects.exists()


def test_transfers_can_neither_be_changed_nor_deleted():
    deposit(builders.trading_firm().account)
    transfer = Transfer.objects.order_by("id").first()
    for change in (
        lambda: Transfer.objects.filter(id=transfer.id).update(amount=1),
        lambda: Transfer.objects.filter(kind="post").delete(),
        lambda: connection.cursor().execute("DELETE FROM settlement_transfer"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def write(debit="external", credit="fees", amount=10, *, key="k", kind=TransferKind.PENDING):
    posting = ledger.Posting(key=key, code=TransferCode.FEE, debit=debit, credit=credit, asset="BTC", amount=amount)
    with db.unit_of_work():
        ledger.enter()
        return ledger.write([posting], kind=kind, at=clock.now())


def resolve(pendings, kind):
    with db.unit_of_work():
        ledger.enter()
        return ledger.resolve(pendings, kind=kind, at=clock.now())


def totals(owner):
    row = LedgerAccount.objects.get(owner=owner, asset="BTC")
    return row.debits_pending, row.debits_posted, row.credits_pending, row.credits_posted


def test_pending_post_and_void_move_the_totals():
    pendings = write(key="a") + write(key="b", amount=7)
    assert (totals("external"), totals("fees")) == ((17, 0, 0, 0), (0, 0, 17, 0))
    resolve(pendings[:1], TransferKind.POST)
    assert (totals("external"), totals("fees")) == ((7, 10, 0, 0), (0, 0, 7, 10))
    resolve(pendings[1:], TransferKind.VOID)
    assert (totals("external"), totals("fees")) == ((0, 10, 0, 0), (0, 0, 0, 10))
    assert selectors.check_ledger() == []


def test_database_refuses_what_must_not_be():
    pendings = write(key="a")
    resolve(pendings, TransferKind.POST)
    refused = [
        lambda: write(key="a"),  # the same transfer twice
        lambda: resolve(pendings, TransferKind.POST),  # resolved twice
        lambda: resolve(pendings, TransferKind.VOID),
        lambda: write(key="c", amount=0),
        lambda: write(key="d", amount=-5),
        lambda: write(key="e", debit="fees", credit="fees"),
        lambda: write(key="f", debit="fees", credit="clearing", amount=11),  # a limited account below zero
        lambda: write(key="g", debit="clearing", credit="external", amount=11),
    ]
    before = totals("fees"), totals("external")
    for attempt in refused:
        with pytest.raises(DatabaseError):
            attempt()
        assert (totals("fees"), totals("external")) == before
    with pytest.raises(ValueError):
        write(key="h", debit="nobody")
    assert selectors.check_ledger() == []


def damage(query, *arguments):
    """Change a table behind the services' back, triggers and all."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(query, arguments)
        cursor.execute("SET LOCAL session_replication_role = origin")


def broken():
    return {found.name for found in selectors.check_ledger()}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("UPDATE settlement_ledgeraccount SET credits_posted = credits_posted + 1 WHERE owner LIKE 'account:%%'", "posted_debits_equal_credits"),
        ("UPDATE settlement_ledgeraccount SET credits_pending = credits_pending + 1 WHERE owner = 'clearing'", "pending_debits_equal_credits"),
        ("UPDATE settlement_transfer SET amount = amount + 1 WHERE kind = 'post'", "resolution_repeats_its_pending"),
        ("DELETE FROM settlement_transfer WHERE kind = 'posted'", "balances_are_the_sum_of_transfers"),
        ("UPDATE settlement_transfer SET asset = 'ETH' WHERE code = 'premium' AND kind = 'pending'", "transfer_keeps_to_its_asset"),
        ("UPDATE settlement_position SET quantity = quantity + 1 WHERE account_id IS NOT NULL", "positions_are_the_sum_of_fills"),
        ("DELETE FROM settlement_fill", "positions_are_the_sum_of_fills"),
        ("UPDATE settlement_netobligation SET amount = amount - 1 WHERE amount > 0", "cycle_sums_to_zero"),
        ("UPDATE settlement_position SET entry_value = entry_value + 1 WHERE account_id IS NULL", "clearing_carries_the_open_entries"),
    ],
)
def test_check_names_each_break(query, name):
    desk = builders.trading_firm(deposits={"BTC": "5"})
    for instrument in (builders.listed("BTC-27MAR26-80000-C"), builders.listed("BTC-PERPETUAL")):
        services.book_fill(
            execution_id=instrument.id, account_id=desk.account.id, firm_id=desk.firm.id, instrument=instrument,
            side="buy", price=Decimal("50000" if instrument.kind == "perpetual" else "0.05"), quantity=Decimal(10),
            liquidity="taker", counterparty_account_id=0, at=clock.now(), order_id=1,
        )
    services.run_netting_cycle(at=clock.now())
    assert broken() == set()
    call_command("check_ledger", stdout=StringIO())
    damage(query)
    assert name in broken()
    errors = StringIO()
    with pytest.raises(CommandError):
        call_command("check_ledger", stdout=StringIO(), stderr=errors)
    assert name in errors.getvalue()


def test_limited_account_below_zero_is_a_break():
    write(kind=TransferKind.POSTED)
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    connection.cursor().execute(
        "ALTER TABLE settlement_ledgeraccount DROP CONSTRAINT ledger_debits_must_not_exceed_credits"
    )
    damage("UPDATE settlement_ledgeraccount SET debits_posted = 11 WHERE owner = 'fees'")
    assert "limited_account_not_negative" in broken()


def test_rows_that_money_refers_to_cannot_be_deleted():
    desk = builders.trading_firm(deposits={"BTC": "5"})
    with pytest.raises(ProtectedError):
        desk.account.delete()


@pytest.mark.parametrize(
    "changes", [{"entry_value": -1}, {"quantity": 0}, {"average_price": 5, "quantity": 0, "entry_value": 0}]
)
def test_database_refuses_impossible_positions(changes):
    desk, instrument = builders.trading_firm(), builders.listed("BTC-PERPETUAL")
    row = Position.objects.create(
        account=desk.account, instrument=instrument, quantity=1, average_price=1, entry_value=1, updated_at=clock.now()
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Position.objects.filter(id=row.id).update(**changes)
    with pytest.raises(IntegrityError), transaction.atomic():
        Position.objects.create(account=desk.account, instrument=instrument, updated_at=clock.now())


def test_netting_without_pendings_makes_no_cycle():
    deposit(builders.trading_firm().account)
    assert services.run_netting_cycle(at=clock.now()) is None
    assert not NettingCycle.objects.exists()
