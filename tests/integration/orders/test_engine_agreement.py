"""The real engine beside the real database: what it did and what was projected are the same."""

import asyncio
import random
from decimal import Decimal

import msgspec
import pytest

from common import clock
from gateway.commands import CommandSubmitter
from gateway.engine import list_contract
from gateway.events import decode_event
from gateway.registry import Contract
from orders import services
from orders.models import Order, OrderEvent
from settlement import selectors as settlement_selectors
from settlement import services as settlement
from settlement.models import Fill, Position
from streams.models import OutboxCommand
from tests import builders
from wire import gateway
from wire.client import CancelOrder
from wire.units import OrderType, Side, TimeInForce

parley_core = pytest.importorskip("parley_core")
pytestmark = pytest.mark.django_db

NAMES = ["BTC-PERPETUAL", "BTC-27MAR26-80000-C", "BTC_USDC-PERPETUAL"]
MID_TICKS = {"BTC-PERPETUAL": 140_000, "BTC-27MAR26-80000-C": 500, "BTC_USDC-PERPETUAL": 140_000}
BTC = 0


class Venue:
    """Relays the outbox into an engine and projects what it says, as dispatcher and gateway do."""

    def __init__(self, folder):
        self.engine = parley_core.Engine(str(folder))
        self.engine.start()
        self.submitter, self.sequence, self.relayed = CommandSubmitter(self.engine), 0, 0

    def list(self, instruments):
        self.engine.set_index(clock.now_ns(), BTC, 70_000_000_000)
        for row in instruments:
            contract = Contract(row.id, row.terms, float(row.tick_size), float(row.lot_size), 1, 1)
            asyncio.run(list_contract(self.engine, contract, msgspec.json.encode(row.terms), 4))

    def quote(self, row, rng):
        mid = MID_TICKS[row.name] + rng.randint(-3, 3)
        self.engine.set_quotes(
            clock.now_ns(), builders.FEBRUARY, row.id, mid, [(mid - 2, 20), (mid - 4, 50)], [(mid + 2, 20), (mid + 4, 50)]
        )

    def limit(self, desk):
        command = gateway.SetLimits(
            command_id=f"limits-{desk.account.id}", account_id=desk.account.id, firm_id=desk.firm.id,
            desk_id=desk.desk.id, max_order_quantity_lots=10**6, max_order_value_micros=10**16,
            max_position_lots=10**7, max_position_value_micros=10**17, price_collar_basis_points=5_000,
        )
        self.take(command)

    def take(self, command):
        self.sequence += 1
        asyncio.run(self.submitter.submit(self.sequence, command))

    def relay(self):
        for row in OutboxCommand.objects.filter(id__gt=self.relayed).order_by("id"):
            self.take(msgspec.json.decode(row.payload, type=gateway.AnyGatewayCommand))
            self.relayed = row.id

    def project(self):
        assert self.engine.flush(20), self.engine.state
        while page := self.engine.drain():
            for raw in page:
                builders.project(decode_event(raw))


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
