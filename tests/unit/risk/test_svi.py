import dataclasses

import numpy as np
import parley_core
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from risk.domain import forwards, svi

TRUE = (0.02, 0.12, -0.35, 0.03, 0.18)


def quotes(name="BTC-27MAR26", *, years=0.25, parameters=TRUE, strikes=25, half_spread=0.0005, width=0.6):
    """Quotes around a known slice, calls and puts at every strike, in units of the forward."""
    k = np.linspace(-width, width, strikes) if strikes > 1 else np.array([0.0])
    strike = np.repeat(np.round(80_000 * np.exp(k)), 2)
    is_call = np.tile([True, False], strikes)
    forward = np.full(len(strike), 80_000.0)
    volatility = np.sqrt(parley_core.svi_total_variance(np.log(strike / 80_000), *parameters) / years)
    price = parley_core.black76_price(forward, strike, np.full(len(strike), years), volatility, is_call) / 80_000
    bid = np.where(price > 2 * half_spread, price - half_spread, np.nan)
    return svi.SliceQuotes(
        underlying_name=name, forward=80_000.0, years=years, strike=strike, is_call=is_call, bid=bid,
        ask=price + half_spread,
    )


def without(one, keep):
    """Only the first ``keep`` strikes around the money stay quoted."""
    nearest = np.argsort(np.abs(np.log(one.strike / one.forward)), kind="stable")
    mask = np.ones(len(one.strike), bool)
    mask[nearest[: 2 * keep]] = False
    return dataclasses.replace(
        one, bid=np.where(mask, np.nan, one.bid), ask=np.where(mask, np.nan, one.ask)
    )


def test_slice_lies_inside_its_quotes():
    fitted = svi.fit_slice(quotes(), None, None)
    assert (fitted.share_inside, fitted.is_stale, fitted.reason) == (1.0, False, "")
    assert svi.violations([fitted]) == (0, 0)


def test_missing_bids_are_bounds_not_zeros():
    one = quotes()
    blind = dataclasses.replace(one, bid=np.where(one.strike > 100_000, np.nan, one.bid))
    fitted = svi.fit_slice(blind, None, None)
    strike = np.array([75_000.0, 80_000.0, 90_000.0])
    expected = svi.fit_slice(one, None, None).volatility(strike)
    np.testing.assert_allclose(fitted.volatility(strike), expected, rtol=0.02)


@pytest.mark.parametrize("keep", [1, 2, 4])
def test_few_quotes_and_nothing_else_make_a_flat_slice_that_says_so(keep):
    fitted = svi.fit_slice(without(quotes(), keep), None, None)
    assert fitted.reason.endswith("quotes: flat") and not fitted.is_stale
    assert svi.violations([fitted]) == (0, 0)


def test_few_quotes_take_the_shape_of_the_earlier_expiry():
    early = svi.fit_slice(quotes("BTC-13FEB26", years=0.1, parameters=(0.005, 0.04, -0.3, 0.0, 0.1)), None, None)
    fitted = svi.fit_slice(without(quotes(), 2), early, None)
    assert fitted.reason.endswith("quotes: shape of BTC-13FEB26")
    assert svi.violations([early, fitted]) == (0, 0)


def test_few_quotes_keep_the_last_good_slice_as_stale():
    fitted = svi.fit_slice(without(quotes(), 0), None, TRUE)
    assert (fitted.is_stale, fitted.reason) == (True, "0 quotes")
    np.testing.assert_allclose(fitted.parameters, TRUE)


def test_no_quotes_and_no_past_are_no_slice():
    assert svi.fit_slice(without(quotes(), 0), None, None) is None


def test_quotes_that_cross_the_calendar_give_way_to_it():
    early = quotes("BTC-13FEB26", years=0.1, parameters=(0.05, 0.12, -0.3, 0.0, 0.2))
    late = quotes("BTC-27MAR26", years=0.2, parameters=(0.03, 0.12, -0.3, 0.0, 0.2))
    fitted = svi.fit_surface([late, early], {})
    assert [one.underlying_name for one in fitted] == ["BTC-13FEB26", "BTC-27MAR26"]
    assert svi.violations(fitted) == (0, 0)


def test_quotes_with_butterfly_arbitrage_give_way_to_it():
    vogt = (-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)
    fitted = svi.fit_slice(quotes(years=1.0, parameters=vogt, width=1.2, strikes=41), None, None)
    assert svi.violations([fitted]) == (0, 0)


def test_violations_are_seen():
    """The oracle itself: a slice with a hole in its density, and a later expiry below an earlier one."""
    fitted = svi.fit_slice(quotes(), None, None)
    vogt = dataclasses.replace(fitted, parameters=(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153), reach=(-1.5, 1.5))
    assert svi.violations([vogt])[0] > 0
    later = dataclasses.replace(fitted, years=1.0, parameters=(TRUE[0] - 0.005, *TRUE[1:]))
    assert svi.violations([fitted, later])[1] > 0


@settings(max_examples=60, deadline=None)
@example(seed=0, noise=0.25, strikes=5, years=1.0)
@given(
    seed=st.integers(0, 2**32 - 1),
    noise=st.floats(0, 0.3),
    strikes=st.integers(5, 40),
    years=st.floats(0.003, 2),
)
def test_any_quotes_make_slices_free_of_arbitrage(seed, noise, strikes, years):
    rng = np.random.default_rng(seed)
    chain = []
    for number, factor in enumerate((1.0, 1.3, 2.0)):
        one = quotes(f"BTC-{number}", years=years * factor, strikes=strikes)
        jitter = rng.lognormal(0, noise, len(one.strike))
        ask = np.minimum(one.ask * jitter, 0.9)
        bid = np.where(rng.random(len(ask)) < 0.2, np.nan, one.bid * jitter)
        chain.append(dataclasses.replace(one, bid=np.minimum(bid, ask), ask=ask))
    fitted = svi.fit_surface(chain, {})
    assert svi.violations(fitted) == (0, 0)
    assert len(fitted) == 3


def test_parity_forward_is_the_one_that_made_the_prices():
    strike = np.array([60_000.0, 80_000.0, 100_000.0])
    forward, years, volatility = (np.full(3, value) for value in (81_234.5, 0.3, 0.7))
    call, put = (
        parley_core.black76_price(forward, strike, years, volatility, np.full(3, is_call)) / 81_234.5
        for is_call in (True, False)
    )
    call[0] = np.nan
    assert forwards.parity_forward(strike, call, put) == pytest.approx(81_234.5, rel=1e-12)
    assert np.isnan(forwards.parity_forward(strike, call * np.nan, put))
