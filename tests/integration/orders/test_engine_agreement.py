"""The real engine beside the real database: what it did and what was projected are the same."""

import random
from decimal import Decimal

import pytest

from common import clock
from orders import services
from orders.models import Order, OrderEvent
from settlement import selectors as settlement_selectors
from settlement import services as settlement
from settlement.models import Fill, Position
from tests import builders
from tests.integration.orders.venue import MID_TICKS, NAMES, Venue
from wire.client import CancelOrder
from wire.units import OrderType, Side, TimeInForce

pytestmark = pytest.mark.django_db

@pytest.fixture
def venue(tmp_path):
    opened = Venue(tmp_path / "journal")
    yield opened
    opened.engine.stop()


def random_order(rng, row):
    is_market = rng.random() < 0.1
    tick = row.terms.tick_size
    return {
        "side": rng.choice(list(Side)), "quantity": str(rng.randint(1, 40) * row.terms.lot_size),
        "order_type": OrderType.MARKET if is_market else OrderType.LIMIT,
        "price": None if is_market else str((MID_TICKS[row.name] + rng.randint(-5, 5)) * tick),
        "time_in_force": rng.choice([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC]),
    }


def test_database_agrees_with_the_engine(venue):
    rng = random.Random(1)
    desks = [builders.trading_firm(deposits={"BTC": "50", "USDC": "5000000"}) for _ in range(2)]
    rows = [builders.listed(name) for name in NAMES]
    venue.list(rows)
    for desk in desks:
        venue.limit(desk)
    for step in range(60):
        builders.play_market(*rows)
        desk, row = rng.choice(desks), rng.choice(rows)
        if step % 5 == 0:
            venue.quote(row, rng)
        working = list(Order.objects.filter(firm=desk.firm, state__in=["new", "partially_filled"])[:5])
        if working and rng.random() < 0.3:
            message = CancelOrder(command_id=f"x{step}", order_id=rng.choice(working).id)
            services.cancel_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
        else:
            message = builders.limit_order(row, desk.account, **random_order(rng, row))
            services.place_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
        if rng.random() < 0.4:
            venue.relay()
            venue.project()
    venue.relay()
    venue.project()
    assert_agreement(venue, rows)
    assert Fill.objects.exists() and Order.objects.filter(state="canceled").exists()
    settle(venue, rows, [desk.account.id for desk in desks])


def assert_agreement(venue, rows):
    lots = {row.id: row.lot_size for row in rows}
    held = {(account, instrument): net for account, instrument, net, *_ in venue.engine.positions() if account and net}
    stored = Position.objects.filter(account__isnull=False).exclude(quantity=0)
    assert {(row.account_id, row.instrument_id): int(row.quantity / lots[row.instrument_id]) for row in stored} == held
    working = {row[0] for row in venue.engine.working_orders()}
    assert {order.id for order in Order.objects.exclude(state__in=["filled", "canceled", "rejected", "expired"])} == working
    assert not Order.objects.filter(state__in=["pending_new", "pending_cancel", "unknown"]).exists()
    for order in Order.objects.all():
        assert order.traded_lots == order.cumulative_lots
    told = OrderEvent.objects.filter(kind="executed").count()
    assert told == Fill.objects.count()
    assert settlement_selectors.check_ledger() == []


def settle(venue, rows, account_ids):
    """Expiry: working orders end, positions are paid, the engine forgets them."""
    (option,) = [row for row in rows if row.expiry_at]
    settlement.run_netting_cycle(at=clock.now())
    venue.engine.deliver(clock.now_ns(), option.expiry_at_ns, option.id, 85_000_000_000)
    venue.project()
    venue.relay()
    venue.project()
    assert not Order.objects.working().filter(instrument=option).exists()
    assert not Position.objects.filter(instrument=option).exclude(quantity=0).exists()
    assert option.id not in {instrument for _, instrument, net, *_ in venue.engine.positions() if net}
    settlement.run_netting_cycle(at=clock.now())
    assert settlement_selectors.check_ledger() == []
    assert all(Decimal(row.pending) == 0 for row in settlement_selectors.list_balances(account_ids))
