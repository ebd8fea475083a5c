"""Quotes in volatility: what may be given of each leg, and which way its price is rounded."""

from decimal import Decimal

import pytest

from common.errors import Refusal
from rfq.domain.records import LegVolatility
from rfq.domain.volatility import VolatilityPrice, complete_prices, read_side
from tests.unit.rfq.builders import CALL, PUT, leg
from wire.units import Side

LEGS = (leg(CALL), leg(PUT, Side.SELL))
HEDGED = (leg(CALL), leg("BTC-PERPETUAL", Side.SELL, 100, fixed_price="78000"))
FUTURE = (leg(CALL), leg("BTC-27MAR26"))


def value(price: str, volatility: str = "0.5") -> VolatilityPrice:
    inputs = LegVolatility(volatility=Decimal(volatility), forward=Decimal(78500), years=Decimal("0.125"))
    return VolatilityPrice(price=Decimal(price), inputs=inputs)


@pytest.mark.parametrize(
    ("prices", "volatilities", "legs", "reason"),
    [
        ([], [], LEGS, "leg_count"),
        ([], ["0.5"], LEGS, "leg_count"),
        (["0.05", "0.04"], ["0.5", None], LEGS, "leg_price"),
        (["0.05", None], [], LEGS, "leg_price"),
        ([None, "70000"], ["0.5", "0.5"], FUTURE, "leg_price"),
        ([], ["0.5", "0.5"], FUTURE, "volatility_of_no_option"),
        ([], ["0", "0.5"], LEGS, "volatility"),
        ([], ["10.1", "0.5"], LEGS, "volatility"),
        ([], ["0.1234567", "0.5"], LEGS, "volatility_digits"),
        (["0.05", "78000.5"], [], HEDGED, "hedge_price"),
        (["0.05"], ["0.5", "0.5"], HEDGED, "leg_price"),
        ([], ["0.5", "0.5"], HEDGED, "hedge_price"),
    ],
)
def test_side_refused_by_name(prices, volatilities, legs, reason):
    with pytest.raises(Refusal) as refusal:
        read_side(prices, volatilities, legs)
    assert refusal.value.reason == reason


def test_each_leg_has_a_price_or_a_volatility():
    side = read_side(["0.05", None], [None, "0.55"], LEGS)
    assert (side.prices, side.volatilities) == ((Decimal("0.05"), None), (None, Decimal("0.55")))


@pytest.mark.parametrize("prices", [["0.05"], ["0.05", None], ["0.05", "78000"], ["0.05", "78000.0"]])
def test_hedge_leg_trades_at_the_takers_price(prices):
    assert read_side(prices, [], HEDGED).prices == (Decimal("0.05"), Decimal(78000))


@pytest.mark.parametrize(
    ("maker_side", "expected"), [(Side.BUY, ("0.0512", "0.0413")), (Side.SELL, ("0.0513", "0.0412"))]
)
def test_a_tick_never_costs_the_maker(maker_side, expected):
    side = read_side([], ["0.5", "0.6"], LEGS)
    values = [value("0.05123"), value("0.04128", "0.6")]
    prices, volatilities = complete_prices(side, LEGS, values, maker_side=maker_side)
    assert prices == tuple(map(Decimal, expected))
    assert volatilities == (values[0].inputs, values[1].inputs)


def test_a_price_on_the_tick_is_not_rounded():
    side = read_side([], ["0.5", "0.6"], LEGS)
    for maker_side in Side:
        prices, _ = complete_prices(side, LEGS, [value("0.0512"), value("0.0413")], maker_side=maker_side)
        assert prices == (Decimal("0.0512"), Decimal("0.0413"))


def test_a_volatility_whose_price_is_less_than_a_tick_is_no_bid():
    side = read_side([], ["0.5", "0.6"], LEGS)
    with pytest.raises(Refusal) as refusal:
        complete_prices(side, LEGS, [value("0.00009"), value("0.04")], maker_side=Side.BUY)
    assert refusal.value.reason == "price_not_positive"


def test_prices_alone_leave_no_volatilities():
    side = read_side(["0.05", "0.04"], [], LEGS)
    assert complete_prices(side, LEGS, [None, None], maker_side=Side.BUY) == ((Decimal("0.05"), Decimal("0.04")), None)
