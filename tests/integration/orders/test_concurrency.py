"""Threads against a real PostgreSQL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from common import clock
from orders import services
from orders.models import Order
from settlement import selectors as settlement_selectors
from settlement import services as settlement
from settlement.models import Fill, Transfer
from streams.models import Fact, OutboxCommand
from tests import builders

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


def at_once(calls):
    """Run the calls in threads that start together; returns what each returned or raised."""
    barrier = threading.Barrier(THREADS)

    def run(share):
        barrier.wait()
        results = []
        try:
            for call in share:
                try:
                    results.append(call())
                except Exception as error:  # noqa: BLE001 - whatever a thread raises is its result
                    results.append(error)
        finally:
            connection.close()
        return results

    shares = [calls[index::THREADS] for index in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        return [result for results in pool.map(run, shares) for result in results]


def test_one_command_from_many_threads_places_one_order():
    desk, instrument = builders.trading_firm(), builders.listed("BTC-PERPETUAL")
    builders.play_market(instrument)
    message = builders.limit_order(instrument, desk.account, command_id="once")
    found = at_once(
        [lambda: services.place_order(user=desk.user, actor=desk.actor, message=message, at=clock.now()).id] * 24
    )
    assert len(set(found)) == 1
    assert (Order.objects.count(), OutboxCommand.objects.count(), Fact.objects.count()) == (1, 1, 1)


def test_hot_account_keeps_every_unit_under_concurrent_writers():
    """Deposits, fills and netting cycles at once on one account, each fill told twice."""
    desk, call = builders.trading_firm(), builders.listed("BTC-27MAR26-80000-C")

    def deposit(number):
        return lambda: settlement.deposit(
            account_id=desk.account.id, asset="BTC", amount=Decimal("0.1"), at=clock.now(), command_id=f"d{number % 40}"
        )

    def fill(number):
        return lambda: settlement.book_fill(
            execution_id=number % 40, account_id=desk.account.id, firm_id=desk.firm.id, instrument=call,
            side="buy", price=Decimal("0.05"), quantity=Decimal(1), liquidity="taker", counterparty_account_id=0,
            at=clock.now(), order_id=1,
        )

    def net(_):
        return lambda: settlement.run_netting_cycle(at=clock.now())

    found = at_once([make(number) for number in range(80) for make in (deposit, fill, net)])
    assert [error for error in found if isinstance(error, Exception)] == []
    settlement.run_netting_cycle(at=clock.now())
    (balance,) = settlement_selectors.list_balances([desk.account.id])
    assert (balance.posted, balance.pending) == (f"{40 * Decimal('0.1') - 40 * Decimal('0.0503'):f}".rstrip("0"), "0")
    assert (Fill.objects.count(), Transfer.objects.filter(code="deposit").count()) == (40, 80)
    assert settlement_selectors.check_ledger() == []
    sequences = list(Fact.objects.filter(firm_id=desk.firm.id).order_by("sequence").values_list("sequence", flat=True))
    assert sequences == list(range(1, len(sequences) + 1))
