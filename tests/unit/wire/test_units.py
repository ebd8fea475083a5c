from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.units import ASSET_DECIMALS, OffGrid, Side, from_smallest_units, to_smallest_units, to_steps


@pytest.mark.parametrize(
    ("amount", "asset", "units"),
    [
        ("1", "BTC", 10**8), ("0.000000005", "BTC", 0), ("0.000000015", "BTC", 2), ("-0.000000015", "BTC", -2),
        ("0.000000025", "BTC", 2), ("1.5", "USDC", 1_500_000), ("1", "ETH", 10**18), ("0", "SOL", 0),
    ],
)
def test_money_rounds_half_to_even(amount, asset, units):
    assert to_smallest_units(Decimal(amount), asset) == units


def test_unknown_asset_is_refused():
    with pytest.raises(KeyError):
        to_smallest_units(Decimal(1), "DOGE")


@given(units=st.integers(-(10**27), 10**27), asset=st.sampled_from(sorted(ASSET_DECIMALS)))
def test_units_round_trip(units, asset):
    assert to_smallest_units(from_smallest_units(units, asset), asset) == units


@pytest.mark.parametrize(
    ("value", "step", "count"), [("70000.5", "0.5", 140_001), ("0.0005", "0.0001", 5), ("-1", "0.5", -2), ("0", "10", 0)]
)
def test_steps_are_counted(value, step, count):
    assert to_steps("price", Decimal(value), Decimal(step)) == count


@pytest.mark.parametrize(
    ("value", "step"),
    [
        ("70000.25", "0.5"), ("NaN", "1"), ("Infinity", "1"), ("-Infinity", "1"), ("sNaN", "1"),
        ("70000.00000000000000000000000001", "0.5"), ("0.0000000000000000000000000001", "0.0001"),
    ],
)
def test_off_the_grid_is_refused(value, step):
    with pytest.raises(OffGrid):
        to_steps("price", Decimal(value), Decimal(step))


@given(count=st.integers(-(10**12), 10**12), step=st.sampled_from(["0.0001", "0.5", "0.05", "10", "0.001"]))
def test_whole_steps_are_exact(count, step):
    assert to_steps("quantity", count * Decimal(step), Decimal(step)) == count


def test_side_signs():
    assert [(side.sign, side.opposite) for side in Side] == [(1, Side.SELL), (-1, Side.BUY)]
