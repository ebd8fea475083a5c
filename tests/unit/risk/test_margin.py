import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.domain.margin import Greeks, Holding, Mark, account_risk, margin_used, to_dollars
from wire.instruments import parse_instrument_name

INDEX = {"BTC": 80_000.0, "ETH": 2_500.0}
CALL, FUTURE, PERPETUAL, LINEAR = "BTC-27MAR26-80000-C", "BTC-27MAR26", "BTC-PERPETUAL", "BTC_USDC-PERPETUAL"


def holding(name, quantity, entry, **mark):
    fields = {"price": 80_000.0, "forward": 80_000.0, "index": 80_000.0, "volatility": 0.6, "years": 0.15, **mark}
    return Holding(terms=parse_instrument_name(name), quantity=quantity, entry_price=entry, mark=Mark(**fields))


@given(
    quantity=st.integers(-10_000, 10_000).filter(bool),
    entry=st.floats(20_000, 200_000),
    index=st.floats(20_000, 200_000),
)
def test_inverse_perpetual_is_coins_less_dollars(quantity, entry, index):
    risk = account_risk([holding(PERPETUAL, quantity, entry, price=index, forward=index, index=index)], {}, {"BTC": index})
    dollars = 10 * quantity
    assert risk.equity == pytest.approx(dollars / entry * index - dollars, abs=1e-6 * abs(dollars))
    assert risk.greeks["BTC"].delta == pytest.approx(dollars / entry)


def test_linear_perpetual_is_its_move():
    risk = account_risk([holding(LINEAR, -2, 79_000.0)], {}, INDEX)
    assert risk.equity == pytest.approx(-2_000)
    assert risk.greeks["BTC"].delta == pytest.approx(-2)


def test_equity_is_cash_and_collateral_and_every_value():
    holdings = [holding(CALL, -2, 0.09, price=0.08), holding(PERPETUAL, 800, 82_000.0), holding(FUTURE, -80, 81_000.0)]
    risk = account_risk(holdings, {"USDC": 1_000.0, "USDT": 500.0, "BTC": 3.0, "ETH": 2.0}, INDEX)
    assert risk.cash == 1_500
    assert risk.equity == pytest.approx(1_500 + 3 * 80_000 + 2 * 2_500 + sum(row.value for row in risk.holdings))
    assert risk.unrealized == pytest.approx(sum(row.unrealized for row in risk.holdings))
    assert [each.coin for each in risk.coins] == ["BTC", "ETH"]
    assert risk.initial == pytest.approx(sum(each.initial for each in risk.coins))


def test_long_and_short_of_one_option_need_nothing():
    risk = account_risk([holding(CALL, 5, 0.08), holding(CALL, -5, 0.09)], {"USDC": 1_000.0}, INDEX)
    assert (risk.initial, risk.maintenance, risk.worst_scenario) == (0, 0, "")


def test_long_and_short_of_one_perpetual_keep_what_they_made():
    risk = account_risk([holding(PERPETUAL, 100, 70_000.0), holding(PERPETUAL, -100, 80_000.0)], {}, INDEX)
    assert risk.equity == pytest.approx(1_000 / 70_000 * 80_000 - 1_000)


def test_a_hedge_lowers_the_margin_of_a_short_call():
    naked = account_risk([holding(CALL, -1, 0.08)], {"USDC": 100_000.0}, INDEX)
    hedged = account_risk([holding(CALL, -1, 0.08), holding(PERPETUAL, 4_000, 80_000.0)], {"USDC": 100_000.0}, INDEX)
    assert hedged.initial < naked.initial


def test_a_depeg_raises_initial_margin_only():
    book = [holding(CALL, -1, 0.08)]
    peg, off = (account_risk(book, {"USDC": 100_000.0}, INDEX, stable_price=price) for price in (1.0, 0.95))
    assert off.cash == pytest.approx(95_000)
    assert off.initial > peg.initial
    assert off.maintenance == pytest.approx(peg.maintenance)


def test_order_of_positions_changes_nothing():
    book = [holding(CALL, -1, 0.08), holding("BTC-26JUN26-60000-P", 2, 0.03, years=0.4), holding(PERPETUAL, 10, 8e4)]
    one, other = (account_risk(rows, {"BTC": 1.0}, INDEX) for rows in (book, book[::-1]))
    assert one.initial == pytest.approx(other.initial, rel=1e-12)
    assert one.worst_scenario == other.worst_scenario


def test_one_stale_mark_makes_the_account_stale():
    fresh = [holding(CALL, 1, 0.08), holding(PERPETUAL, 10, 80_000.0)]
    assert not account_risk(fresh, {}, INDEX).is_stale
    assert account_risk([*fresh, holding(FUTURE, 1, 80_000.0, is_stale=True)], {}, INDEX).is_stale


def test_an_empty_account_is_empty():
    risk = account_risk([], {}, {})
    assert (risk.equity, risk.initial, risk.maintenance, risk.greeks, risk.worst_scenario) == (0, 0, 0, {}, "")


def test_a_nan_mark_does_not_become_money():
    risk = account_risk([holding(CALL, 1, 0.08, volatility=math.nan)], {}, INDEX)
    assert math.isnan(risk.initial)
    with pytest.raises(ValueError, match="no amount of money"):
        to_dollars(risk.initial)


@pytest.mark.parametrize(
    ("amount", "expected"), [(1.005, "1.00"), (1.015, "1.02"), (2.675, "2.68"), (-0.004, "-0.00"), (1e9, "1000000000.00")]
)
def test_dollars_are_rounded_half_to_even_by_their_text(amount, expected):
    assert str(to_dollars(amount)) == expected == str(Decimal(expected))


@pytest.mark.parametrize(
    ("initial", "equity", "expected"),
    [(0, 0, 0), (-5, 10, 0), (5, 10, 0.5), (20, 10, 2), (1, 0, 999), (1, -5, 999), (1e9, 1, 999)],
)
def test_margin_used(initial, equity, expected):
    assert margin_used(initial, equity) == expected


def test_greeks_add_up():
    assert Greeks(delta=1, vega=2).plus(Greeks(delta=-0.5, theta=3)) == Greeks(delta=0.5, vega=2, theta=3)
