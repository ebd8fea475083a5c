"""Hedge ratios, cointegration tests and selection on series whose truth is known; the backtest on series and recordings."""

import numpy as np
import pytest

from strategies.pairs import (
    adf_statistic,
    critical_value,
    filter_kalman,
    fit_ols,
    fit_tls,
    half_life,
    residuals_of,
    select_pairs,
)
from strategies.pairs_backtest import DAY_NS, Prices, Rules, read_prices, run, simulate


def cointegrated(seed, count=750, *, ratio=1.5, phi=0.9):
    rng = np.random.default_rng(seed)
    second = 4.0 + np.cumsum(rng.normal(0, 0.01, count))
    spread = np.zeros(count)
    for at in range(1, count):
        spread[at] = phi * spread[at - 1] + rng.normal(0, 0.005)
    return 0.3 + ratio * second + spread, second


def test_hedge_ratios_find_the_line_and_tls_inverts_when_swapped():
    first, second = cointegrated(1)
    ols, tls = fit_ols(first, second), fit_tls(first, second)
    assert ols.ratio == pytest.approx(1.5, abs=0.02)
    assert ols.ratio == pytest.approx(np.polyfit(second, first, 1)[0], rel=1e-9)
    assert ols.intercept == pytest.approx(np.polyfit(second, first, 1)[1], rel=1e-9)
    assert tls.ratio == pytest.approx(1.5, abs=0.02)
    assert fit_tls(second, first).ratio == pytest.approx(1 / tls.ratio, rel=1e-9)
    assert fit_ols(second, first).ratio != pytest.approx(1 / ols.ratio, rel=1e-9)
    with pytest.raises(ValueError, match="does not vary"):
        fit_ols(first, np.ones_like(first))


def test_kalman_filter_follows_a_ratio_that_moves():
    rng = np.random.default_rng(3)
    second = rng.normal(0, 1, 2_000) + 5
    ratio = np.where(np.arange(2_000) < 1_000, 1.0, 2.0)
    first = ratio * second + 0.5 + rng.normal(0, 0.03, 2_000)
    ratios, _ = filter_kalman(first, second, delta=1e-4, noise=1e-3)
    assert ratios[900:1_000].mean() == pytest.approx(1.0, abs=0.05)
    assert ratios[1_900:].mean() == pytest.approx(2.0, abs=0.05)


def test_adf_statistic_is_the_t_value_of_a_regression_done_by_hand():
    residuals = np.random.default_rng(4).normal(0, 1, 200).cumsum()
    changes = np.diff(residuals)
    design = np.column_stack([residuals[2:-1], changes[1:-1], changes[:-2]])
    coefficients, squared, *_ = np.linalg.lstsq(design, changes[2:], rcond=None)
    error = np.sqrt(squared[0] / (len(design) - 3) * np.linalg.inv(design.T @ design)[0, 0])
    assert adf_statistic(residuals, lags=2) == pytest.approx(coefficients[0] / error, rel=1e-9)


def test_the_test_keeps_its_size_and_finds_what_comes_back():
    """Independent random walks pass at about the level that was asked for; pairs that come back pass nearly always."""
    bound, passed, found = critical_value(750), 0, 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        first, second = np.cumsum(rng.normal(0, 1, (2, 750)), axis=1)
        passed += adf_statistic(residuals_of(first, second, fit_ols(first, second)), lags=1) < bound
    for seed in range(40):
        first, second = cointegrated(seed)
        found += adf_statistic(residuals_of(first, second, fit_ols(first, second))) < bound
    assert 6 <= passed <= 26
    assert found >= 36


def test_half_life_of_a_known_process():
    first, second = cointegrated(8, 50_000)
    assert half_life(residuals_of(first, second, fit_ols(first, second))) == pytest.approx(
        np.log(0.5) / np.log(0.9), rel=0.1
    )


def test_selection_finds_the_pair_within_its_group_and_leaves_gaps_out():
    rng = np.random.default_rng(5)
    first, second = cointegrated(9, ratio=1.2)
    walks = np.cumsum(rng.normal(0, 0.01, (750, 4)), axis=0) + 4
    columns = np.column_stack([first, walks, second, second + rng.normal(0, 0.003, 750)])
    columns[10, 6] = np.nan
    groups = ["x", "x", "y", "x", "y", "x", "x"]
    found = select_pairs(columns, groups, level=0.01)
    assert (found[0].first, found[0].second) == (0, 5)
    assert found[0].hedge.ratio == pytest.approx(1.2, abs=0.1)
    assert all(6 not in (each.first, each.second) and groups[each.first] == groups[each.second] for each in found)


def make_prices(count=900):
    first, second = cointegrated(12, count, ratio=1.0, phi=0.85)
    other = np.cumsum(np.random.default_rng(2).normal(0, 0.01, count)) + 4
    close = np.exp(np.column_stack([first, second, other]))
    return Prices(at_ns=np.arange(count) * DAY_NS, close=close, symbols=["A", "B", "C"], sectors=["x"] * 3)


def test_backtest_earns_on_a_spread_that_comes_back_and_pays_its_costs():
    prices = make_prices()
    free = run(prices, Rules(cost_basis_points=0.0), train_days=500, pairs_max=5)
    paid = run(prices, Rules(cost_basis_points=10.0), train_days=500, pairs_max=5)
    assert free.traded >= 1
    assert free.profit > 0.0
    assert free.costs == 0.0
    assert paid.orders == free.orders
    assert paid.costs == pytest.approx(paid.turnover * 10e-4)
    assert paid.profit == pytest.approx(free.profit - paid.costs)


def test_backtest_sees_nothing_of_the_future():
    """Whatever the prices become from a day on, nothing before that day changes."""
    prices = make_prices()
    candidates = select_pairs(np.log(prices.close[:500]), prices.sectors)
    close = prices.close.copy()
    close[700:] *= np.exp(np.random.default_rng(1).normal(0, 0.2, close[700:].shape))
    changed = Prices(at_ns=prices.at_ns, close=close, symbols=prices.symbols, sectors=prices.sectors)
    first = simulate(prices, candidates, Rules(), trade_from=500)
    second = simulate(changed, candidates, Rules(), trade_from=500)
    np.testing.assert_array_equal(first["equity"][:700], second["equity"][:700])
    assert np.abs(first["equity"][500:700]).max() > 0
    assert first["equity"][-1] != second["equity"][-1]


def test_recorded_equities_from_selection_to_outcome(recordings):
    prices = read_prices(recordings / "equities")
    chosen = [at for at, sector in enumerate(prices.sectors) if sector == "Utilities"]
    utilities = Prices(
        at_ns=prices.at_ns,
        close=np.ascontiguousarray(prices.close[:, chosen]),
        symbols=[prices.symbols[at] for at in chosen],
        sectors=[prices.sectors[at] for at in chosen],
    )
    outcome = run(utilities, Rules(), train_days=756, pairs_max=50)
    assert outcome.pairs > 0
    assert outcome.orders > 0
    assert np.isfinite([outcome.profit, outcome.sharpe, outcome.drawdown]).all()
    assert outcome == run(utilities, Rules(), train_days=756, pairs_max=50)
