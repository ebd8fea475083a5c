"""An order beyond the money behind it: refused by the engine at the lot at which the pages say that margin ends."""

import asyncio
from decimal import Decimal

import numpy as np
import pytest

import market.handlers
import orders.handlers
import risk.handlers
import settlement.handlers
from audit.models import AuditRecord
from common import clock
from common.actor import SYSTEM
from gateway.feeds import margin_inputs
from gateway.registry import Registry
from orders import services as orders_services
from orders.models import Order
from risk import services
from settlement import services as settlement_services
from tests import builders
from tests.integration.orders.venue import BTC, Venue
from tests.integration.risk import world
from wire.client import CancelOrder
from wire.units import Side

pytestmark = pytest.mark.django_db

APPS = (market.handlers, settlement.handlers, risk.handlers, orders.handlers)
NAME = "BTC-PERPETUAL"
MARK = 80_000
WIDE = {
    "max_order_quantity_lots": 10**6, "max_order_value": Decimal(10**10), "max_position_lots": 10**7,
    "max_position_value": Decimal(10**11), "price_collar_basis_points": 1_000,
}  # fmt: skip


@pytest.fixture
def venue(tmp_path):
    opened = Venue(tmp_path / "journal")
    yield opened
    opened.engine.stop()


@pytest.fixture
def perpetual(venue):
    """A market that stands still, the same one in the engine and on the pages."""
    row = builders.listed(NAME)
    venue.list([row])
    venue.engine.set_index(clock.now_ns(), BTC, MARK * 10**6)
    ticks = 2 * MARK
    venue.engine.set_quotes(clock.now_ns(), builders.FEBRUARY, row.id, ticks, [(ticks - 20, 10**6)], [(ticks + 20, 10**6)])
    contracts = Registry([(row.id, NAME)]).contracts()
    asyncio.run(margin_inputs.set_haircuts(venue.engine))
    asyncio.run(margin_inputs.describe(venue.engine, contracts))
    none, ids = np.zeros(0), np.array([row.id], dtype=np.int64)
    venue.engine.set_margin_inputs(
        clock.now_ns(), BTC, float(MARK), np.zeros(0, np.int64), none, none, ids, np.array([float(MARK)]), np.zeros(1)
    )
    return row


@pytest.fixture
def desk(venue):
    desk = builders.trading_firm(deposits={"USDC": "10000"})
    services.set_limits(account_id=desk.account.id, actor=SYSTEM, at=clock.now(), **WIDE)
    settle(venue)
    return desk


def settle(venue):
    """Until neither side has anything more to say."""
    while True:
        relayed = venue.relayed
        venue.relay()
        venue.project(*APPS)
        if venue.relayed == relayed:
            return


def play():
    builders.play_market()
    world.play(names=[NAME])


def place(venue, desk, perpetual, lots, side=Side.BUY):
    play()
    message = builders.limit_order(perpetual, desk.account, quantity=str(lots), price=str(MARK), side=side)
    order = orders_services.place_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    settle(venue)
    return Order.objects.get(pk=order.pk)


def most_lots(desk):
    """What the margin preview of the pages allows."""
    play()

    def is_allowed(lots):
        leg = services.PreviewLeg(instrument_name=NAME, signed_quantity=Decimal(lots), price=Decimal(MARK))
        figures = services.preview_margin(account_id=desk.account.id, legs=[leg], require_fresh=False).after
        return figures.initial_margin <= figures.equity

    lowest, beyond = 0, 10**6
    assert not is_allowed(beyond)
    while beyond - lowest > 1:
        middle = (lowest + beyond) // 2
        lowest, beyond = (middle, beyond) if is_allowed(middle) else (lowest, beyond and middle)
    return lowest


def test_passes_at_the_headroom_and_is_refused_one_lot_above(venue, perpetual, desk):
    lots = most_lots(desk)
    assert lots > 100
    accepted = place(venue, desk, perpetual, lots)
    assert accepted.state == "new"
    message = CancelOrder(command_id="c1", order_id=accepted.pk)
    orders_services.cancel_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    settle(venue)
    refused = place(venue, desk, perpetual, lots + 1)
    assert (refused.state, refused.reason, refused.reason_bound) == ("rejected", "margin_headroom", "0.00 USD")
    short = Decimal(refused.reason_value.removeprefix("margin after ").removesuffix(" USD"))
    assert -10 < short < 0
    record = AuditRecord.objects.filter(entity=f"order:{refused.pk}", action="order.rejected").get()
    assert record.reason == "margin_headroom"
    assert record.after["reason_value"] == refused.reason_value


def test_money_that_comes_in_is_headroom_at_once(venue, perpetual, desk):
    lots = most_lots(desk) + 1
    assert place(venue, desk, perpetual, lots).reason == "margin_headroom"
    settlement_services.deposit(
        account_id=desk.account.id, asset="USDC", amount=Decimal(100), at=clock.now(), command_id="more"
    )
    settle(venue)
    assert place(venue, desk, perpetual, lots).state == "new"


def test_what_works_counts_and_closing_always_passes(venue, perpetual, desk):
    lots = most_lots(desk)
    play()
    message = builders.limit_order(perpetual, desk.account, quantity=str(lots // 2), price=str(MARK + 10))
    orders_services.place_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    settle(venue)
    assert venue.engine.positions()
    assert place(venue, desk, perpetual, lots // 2 + 2).reason == "margin_headroom"
    assert place(venue, desk, perpetual, lots // 2, Side.SELL).state == "new"


def test_an_account_without_money_opens_nothing(venue, perpetual):
    poor = builders.trading_firm()
    services.set_limits(account_id=poor.account.id, actor=SYSTEM, at=clock.now(), **WIDE)
    settle(venue)
    assert place(venue, poor, perpetual, 1).reason == "margin_headroom"
