"""Leg prices and quantities: read, on their grids, and written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Refusal
from rfq.domain.prices import check_two_way, leg_quantity, net_of, net_text, price_text, quantity_text
from rfq.domain.volatility import read_side
from tests.unit.rfq.builders import CALL, PUT, leg, prices
from wire.units import Side

LEGS = (leg(CALL), leg(PUT))


def reason_of(call) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.reason


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["0.05"], "leg_count"),
        (["0.05", "0.05", "0.05"], "leg_count"),
        (["0.05", "0.04005"], "price_off_tick"),
        (["0.05", "0.0500000000000000000000000000001"], "price_off_tick"),
        (["0", "0.05"], "price_not_positive"),
        (["-0.05", "0.05"], "price_not_positive"),
        (["nan", "0.05"], "not_a_number"),
        (["Infinity", "0.05"], "not_a_number"),
        (["five", "0.05"], "not_a_number"),
        (["", "0.05"], "not_a_number"),
        (["100000001", "0.05"], "price_too_large"),
    ],
)
def test_leg_prices_refused(texts, reason):
    assert reason_of(lambda: read_side(texts, [], LEGS)) == reason


def test_leg_prices_read():
    assert read_side(["0.0500", "0.0401"], [], LEGS).prices == (Decimal("0.05"), Decimal("0.0401"))


@pytest.mark.parametrize(
    ("quantity", "ratio", "reason"),
    [("0", 1, "quantity_not_positive"), ("0.05", 1, "quantity_off_lot"), ("0.15", 3, "quantity_off_lot"),
     ("1000000000000", 1, "quantity_too_large")],
)
def test_leg_quantity_refused(quantity, ratio, reason):
    assert reason_of(lambda: leg_quantity(Decimal(quantity), ratio, CALL, Decimal("0.1"))) == reason


def test_leg_quantity_is_units_times_ratio():
    assert leg_quantity(Decimal("0.05"), 2, CALL, Decimal("0.1")) == Decimal("0.1")


@pytest.mark.parametrize(
    ("quote", "asked", "reason"),
    [
        (prices(bid=None, ask=None), None, "no_price"),
        (prices(), Side.BUY, "side_not_asked"),
        (prices(), Side.SELL, "side_not_asked"),
        (prices(bid=("0.06", "0.05"), ask=("0.06", "0.05")), None, "crossed_quote"),
        (prices(bid=("0.07", "0.05"), ask=("0.06", "0.05")), None, "crossed_quote"),
    ],
)
def test_quote_refused(quote, asked, reason):
    assert reason_of(lambda: check_two_way(LEGS, quote, asked)) == reason


def test_quote_may_cross_in_a_leg_but_not_in_sum():
    spread = (leg(CALL), leg(PUT, Side.SELL))
    check_two_way(spread, prices(bid=("0.05", "0.05"), ask=("0.06", "0.04")), None)
    assert reason_of(lambda: check_two_way(spread, prices(bid=("0.05", "0.04"), ask=("0.06", "0.05")), None)) == "crossed_quote"


@pytest.mark.parametrize("asked", [None, Side.BUY, Side.SELL])
def test_one_way_quotes(asked):
    if asked is not Side.SELL:
        check_two_way(LEGS, prices(bid=None), asked)
    if asked is not Side.BUY:
        check_two_way(LEGS, prices(ask=None), asked)


def test_hedge_leg_is_not_in_the_net():
    legs = (leg(CALL), leg("BTC-PERPETUAL", Side.SELL, 100, is_hedge=True))
    net = net_of(legs, (Decimal("0.05"), Decimal(70000)))
    assert net == Decimal("0.05")
    assert net_text(legs, net) == "0.0500"


@given(st.integers(-(10**9), 10**9), st.sampled_from(["0.0001", "0.5", "0.05", "5", "0.2", "1"]))
def test_price_text_is_exact_and_at_the_precision_of_the_tick(ticks, tick):
    price = ticks * Decimal(tick)
    text = price_text(price, Decimal(tick))
    assert Decimal(text) == price
    assert "E" not in text
    assert len(text.partition(".")[2]) == len(tick.partition(".")[2])


def test_quantity_text_without_zeros():
    assert [quantity_text(Decimal(text)) for text in ("10.000", "0.1000", "1E+3")] == ["10", "0.1", "1000"]
