"""The core's option prices against tables of others, mpmath and themselves."""

import csv
from pathlib import Path

import mpmath
import numpy as np
import parley_core
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Array = np.ndarray


def _columns(path: Path) -> dict[str, list[str]]:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def _number(text: str) -> float:
    """A decimal, or a quotient of two as in ``1.0/12.0``."""
    numerator, _, denominator = text.partition("/")
    return float(numerator) / float(denominator or 1)


def _floats(columns: dict[str, list[str]], *names: str) -> list[Array]:
    return [np.array([_number(value) for value in columns[name]]) for name in names]


def _full(size: int, *values: float) -> list[Array]:
    return [np.full(size, value) for value in values]


def test_black76_price_matches_the_published_table_to_1e_12(reference: Path) -> None:
    table = _columns(reference / "black76_prices.csv")
    forward, strike, years, volatility, expected = _floats(
        table, "forward", "strike", "t", "vol", "undiscounted_call"
    )
    calls = parley_core.black76_price(forward, strike, years, volatility, np.ones(len(forward), bool))
    puts = parley_core.black76_price(forward, strike, years, volatility, np.zeros(len(forward), bool))
    np.testing.assert_allclose(calls, expected, rtol=1e-12, atol=0)
    np.testing.assert_allclose(calls - puts, forward - strike, rtol=0, atol=1e-11)


def test_black_scholes_price_matches_the_european_table(reference: Path) -> None:
    table = _columns(next((reference / "quantlib_tables").glob("europeanoption__testValues__*.csv")))
    spot, strike, years, volatility, rate, dividend_yield, expected, tolerance = _floats(
        table, "s", "strike", "t", "v", "r", "q", "result", "tol"
    )
    is_call = np.array(["Call" in kind for kind in table["type"]])
    prices = parley_core.black_scholes_price(spot, strike, years, volatility, is_call, rate, dividend_yield)
    assert np.all(np.abs(prices - expected) <= tolerance)


def test_black_scholes_greeks_match_the_table_of_greeks(reference: Path) -> None:
    """The order of the eleven rows is QuantLib's testGreekValues: delta x 2, elasticity, gamma x 2, vega x 2, theta,
    theta per day, rho, dividend rho; each printed to four digits. Elasticity is delta x spot / value."""
    table = _columns(next((reference / "quantlib_tables").glob("europeanoption__testGreekValues__*.csv")))
    spot, strike, years, volatility, rate, dividend_yield, expected = _floats(
        table, "s", "strike", "t", "v", "r", "q", "result"
    )
    is_call = np.array(["Call" in kind for kind in table["type"]])
    price, delta, gamma, vega, theta, rho = parley_core.black_scholes_greeks(
        spot, strike, years, volatility, is_call, rate, dividend_yield
    )
    dividend_rho = -years * spot * delta
    rows = [delta, delta, delta * spot / price, gamma, gamma, vega, vega, theta * 365, theta, rho, dividend_rho]
    actual = np.array([row[i] for i, row in enumerate(rows)])
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-4)


def _mpmath_call(forward: float, strike: float, years: float, volatility: float) -> mpmath.mpf:
    with mpmath.workdps(60):
        deviation = mpmath.mpf(volatility) * mpmath.sqrt(years)
        d1 = mpmath.log(mpmath.mpf(forward) / strike) / deviation + deviation / 2
        return forward * mpmath.ncdf(d1) - strike * mpmath.ncdf(d1 - deviation)


@settings(max_examples=300, deadline=None)
@given(
    forward=st.floats(1, 1e6),
    log_moneyness=st.floats(-3, 3),
    years=st.floats(1e-4, 5),
    volatility=st.floats(0.02, 4),
)
def test_black76_price_agrees_with_sixty_digits(
    forward: float, log_moneyness: float, years: float, volatility: float
) -> None:
    """Relative to the forward everywhere; the error of d1 squared limits the far wings."""
    strike = forward * float(np.exp(log_moneyness))
    arrays = _full(1, forward, strike, years, volatility)
    price = parley_core.black76_price(*arrays, np.array([True]))[0]
    exact = float(_mpmath_call(forward, strike, years, volatility))
    assert price == pytest.approx(exact, rel=2e-12, abs=2e-15 * forward) or exact < 1e-250 * forward


@settings(max_examples=300, deadline=None)
@given(
    log_moneyness=st.floats(-1.5, 1.5),
    years=st.floats(1 / 365, 3),
    volatility=st.floats(0.05, 3),
    is_call=st.booleans(),
)
def test_implied_volatility_gives_the_price_back(
    log_moneyness: float, years: float, volatility: float, is_call: bool
) -> None:
    forward = 80_000.0
    arrays = _full(1, forward, forward * float(np.exp(log_moneyness)), years)
    flags = np.array([is_call])
    price = parley_core.black76_price(*arrays, np.array([volatility]), flags)
    _, _, _, vega, _ = parley_core.black76_greeks(*arrays, np.array([volatility]), flags)
    implied = parley_core.black76_implied_volatility(price, *arrays, flags)
    if vega[0] < 1e-7:
        return  # the price no longer holds the volatility
    rounding = 8 * np.spacing(max(price[0], abs(arrays[1][0] - forward)))
    assert abs(implied[0] - volatility) <= rounding / vega[0] + 1e-12 * volatility


@settings(max_examples=100, deadline=None)
@given(log_target=st.floats(-600, -0.001), log_moneyness=st.floats(-4, 0))
def test_implied_volatility_holds_far_out_of_the_money(log_target: float, log_moneyness: float) -> None:
    strike = np.exp(-log_moneyness)
    price = np.exp(np.array([log_target]))
    arrays = [np.array([1.0]), np.array([strike]), np.array([1.0])]
    implied = parley_core.black76_implied_volatility(price, *arrays, np.array([True]))
    back = parley_core.black76_price(*arrays, implied, np.array([True]))
    np.testing.assert_allclose(back, price, rtol=1e-12 + 1e-14 * abs(log_target), atol=1e-15)


@pytest.mark.parametrize(
    ("price", "is_call", "expected"),
    [
        (9.9, True, np.nan),  # below intrinsic value
        (110.0, True, np.nan),  # at the forward
        (120.0, True, np.nan),
        (-0.1, False, np.nan),
        (100.0, False, np.nan),  # at the strike
        (np.nan, True, np.nan),
        (np.inf, True, np.nan),
        (0.0, False, 0.0),
    ],
)
def test_implied_volatility_outside_the_bounds_is_nan(price: float, is_call: bool, expected: float) -> None:
    implied = parley_core.black76_implied_volatility(
        np.array([price]), *_full(1, 110.0, 100.0, 0.5), np.array([is_call])
    )
    np.testing.assert_equal(implied, [expected])


def test_nan_stays_in_its_place() -> None:
    base = [np.full(9, value) for value in (100.0, 110.0, 0.5, 0.6)]
    bad = [(0, np.nan), (1, np.nan), (2, np.nan), (3, np.nan), (0, -1.0), (1, 0.0), (2, -1.0), (3, -0.1)]
    for place, (column, value) in enumerate(bad):
        base[column][place] = value
    is_call = np.ones(9, bool)
    for result in (parley_core.black76_price(*base, is_call), *parley_core.black76_greeks(*base, is_call)):
        assert np.isnan(result[:8]).all()
        assert np.isfinite(result[8])


def test_expiry_and_zero_volatility_are_intrinsic() -> None:
    forward = np.array([100.0, 100.0, 100.0, 100.0])
    strike = np.array([90.0, 110.0, 90.0, 110.0])
    years, volatility = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.0, 0.0])
    price, delta, gamma, vega, theta = parley_core.black76_greeks(
        forward, strike, years, volatility, np.ones(4, bool)
    )
    np.testing.assert_array_equal(price, [10, 0, 10, 0])
    np.testing.assert_array_equal(delta, [1, 0, 1, 0])
    for greek in (gamma, vega, theta):
        np.testing.assert_array_equal(np.abs(greek), 0)


def test_greeks_agree_with_differences() -> None:
    rng = np.random.default_rng(1)
    size = 500
    forward, strike = rng.uniform(50, 150, size), rng.uniform(50, 150, size)
    years, volatility = rng.uniform(0.05, 2, size), rng.uniform(0.2, 1.2, size)
    is_call = rng.random(size) < 0.5

    def price(f: Array = forward, t: Array = years, v: Array = volatility) -> Array:
        return parley_core.black76_price(f, strike, t, v, is_call)

    _, delta, gamma, vega, theta = parley_core.black76_greeks(forward, strike, years, volatility, is_call)
    h = 1e-3
    np.testing.assert_allclose(delta, (price(forward + h) - price(forward - h)) / (2 * h), atol=1e-6)
    second = (price(forward + 0.05) - 2 * price() + price(forward - 0.05)) / 0.05**2
    np.testing.assert_allclose(gamma, second, atol=1e-5)
    np.testing.assert_allclose(vega, (price(v=volatility + 1e-5) - price(v=volatility - 1e-5)) / 2e-5, rtol=1e-5, atol=1e-5)
    daily = (price(t=years - 1e-6) - price(t=years + 1e-6)) / 2e-6 / 365
    np.testing.assert_allclose(theta, daily, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["strike", "years", "volatility", "is_call"])
def test_a_shape_mismatch_names_the_array(name: str) -> None:
    arrays = {"forward": 3, "strike": 3, "years": 3, "volatility": 3, "is_call": 3} | {name: 2}
    values = {key: np.ones(size, bool if key == "is_call" else float) for key, size in arrays.items()}
    with pytest.raises(ValueError, match=f"shape mismatch: {name} has 2 elements, forward has 3"):
        parley_core.black76_price(**values)


def test_empty_arrays_are_fine() -> None:
    empty = np.array([])
    assert parley_core.black76_price(empty, empty, empty, empty, np.array([], bool)).shape == (0,)
    assert parley_core.black76_implied_volatility(empty, empty, empty, empty, np.array([], bool)).shape == (0,)
