"""Orders through services, outbox, the real engine and the handlers of every app, and back."""

from decimal import Decimal

import market.handlers
import orders.handlers
import risk.handlers
import settlement.handlers
from common import clock
from orders import services as orders_services
from orders.models import Order
from tests import builders
from tests.integration.risk import world
from wire.units import Side

APPS = (market.handlers, settlement.handlers, risk.handlers, orders.handlers)
NAME = "BTC-PERPETUAL"
MARK = 80_000
WIDE = {
    "max_order_quantity_lots": 10**6, "max_order_value": Decimal(10**10), "max_position_lots": 10**7,
    "max_position_value": Decimal(10**11), "price_collar_basis_points": 1_000,
}  # fmt: skip


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
