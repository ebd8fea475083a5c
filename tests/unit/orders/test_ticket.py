from decimal import Decimal

import pytest

from common.errors import Refusal
from orders.domain.ticket import check_ticket
from wire.client import PlaceOrder
from wire.instruments import parse_instrument_name
from wire.units import OrderType, Side, TimeInForce

NOW = 10**18
TERMS = parse_instrument_name("BTC-27MAR26-80000-C")


def ticket(**changes):
    fields = {
        "command_id": "c", "account_id": 1, "instrument_name": TERMS.name, "side": Side.BUY,
        "order_type": OrderType.LIMIT, "quantity": "0.5", "price": "0.05", **changes,
    }
    return PlaceOrder(**fields)


def test_ticket_is_put_on_the_grid():
    found = check_ticket(ticket(), TERMS, NOW)
    assert (found.price_ticks, found.quantity_lots, found.time_in_force) == (500, 5, TimeInForce.GTC)
    assert (found.price, found.quantity) == (Decimal("0.05"), Decimal("0.5"))


def test_market_ticket_has_no_price_and_does_not_rest():
    found = check_ticket(ticket(order_type=OrderType.MARKET, price=None), TERMS, NOW)
    assert (found.price, found.price_ticks, found.time_in_force) == (None, None, TimeInForce.IOC)


@pytest.mark.parametrize(
    ("changes", "reason", "value", "bound"),
    [
        ({"price": "0.05005"}, "price_off_grid", "0.05005", "0.0001"),
        ({"price": "0.0500000000000000000000000001"}, "price_off_grid", "0.0500000000000000000000000001", "0.0001"),
        ({"price": "0"}, "price_not_positive", "0", "0"),
        ({"price": "-0.05"}, "price_not_positive", "-0.05", "0"),
        ({"price": "9" * 30}, "price_too_large", "9" * 30, "100000000.0000"),
        ({"price": None}, "price_required", None, None),
        ({"quantity": "0.55"}, "quantity_off_grid", "0.55", "0.1"),
        ({"quantity": "0"}, "quantity_not_positive", "0", "0"),
        ({"quantity": "0.0"}, "quantity_not_positive", "0.0", "0"),
        ({"quantity": "9" * 32}, "quantity_too_large", "9" * 32, "100000000000.0"),
        ({"order_type": OrderType.MARKET}, "price_forbidden", "0.05", None),
        ({"order_type": OrderType.MARKET, "price": None, "is_post_only": True}, "post_only_market", "market", "limit"),
        ({"time_in_force": TimeInForce.IOC, "is_post_only": True}, "post_only_ioc", "ioc", "gtc"),
    ],
)
def test_bad_ticket_is_refused_by_name(changes, reason, value, bound):
    with pytest.raises(Refusal) as raised:
        check_ticket(ticket(**changes), TERMS, NOW)
    assert (raised.value.reason, raised.value.value, raised.value.bound) == (reason, value, bound)
