"""The core's SVI: the formula, its density, and the fit on slices that it made itself."""

import numpy as np
import parley_core
import pytest

TRUE = (0.02, 0.12, -0.35, 0.03, 0.18)


def _fit(bid: np.ndarray, ask: np.ndarray, k: np.ndarray, floor: float = 0.0, **changes: float) -> tuple:
    grid = np.linspace(1.5 * k.min(), 1.5 * k.max(), 61)
    weight = np.full(len(k), 100.0)
    options = {"density_min": 1e-4, "density_weight": 30.0, "floor_weight": 100.0} | changes
    return parley_core.svi_fit(
        k, bid, ask, (bid + ask) / 2, weight, weight / 10, grid, np.full(61, floor), *options.values(),
        (0.03, 0.1, 0.0, 0.0, 0.3),
    )  # fmt: skip


def test_total_variance_is_the_formula() -> None:
    k = np.array([-0.5, 0.0, 0.7])
    a, b, rho, m, sigma = TRUE
    expected = a + b * (rho * (k - m) + np.sqrt((k - m) ** 2 + sigma**2))
    np.testing.assert_allclose(parley_core.svi_total_variance(k, *TRUE), expected, rtol=1e-15)


def test_density_agrees_with_differences_of_total_variance() -> None:
    k, h = np.linspace(-1, 1, 21), 1e-4
    w, up, down = (parley_core.svi_total_variance(k + shift, *TRUE) for shift in (0, h, -h))
    first, second = (up - down) / (2 * h), (up - 2 * w + down) / h**2
    expected = (1 - k * first / (2 * w)) ** 2 - first**2 / 4 * (1 / w + 0.25) + second / 2
    np.testing.assert_allclose(parley_core.svi_density(k, *TRUE), expected, atol=1e-6)


def test_density_of_the_axler_vogt_slice_is_negative() -> None:
    """Gatheral and Jacquier (2014), example 3.1: this slice is not free of butterfly arbitrage."""
    vogt = (-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)
    assert parley_core.svi_density(np.linspace(-1.5, 1.5, 301), *vogt).min() < 0


def test_fit_finds_a_slice_again() -> None:
    k = np.linspace(-0.6, 0.5, 31)
    w = parley_core.svi_total_variance(k, *TRUE)
    parameters, cost, density, excess, iterations = _fit(w * 0.999, w * 1.001, k)
    np.testing.assert_allclose(parley_core.svi_total_variance(k, *parameters), w, rtol=1e-3)
    assert cost < 1e-3
    assert density > 0
    assert excess > 0
    assert iterations < 120


def test_fit_gives_way_to_the_floor() -> None:
    k = np.linspace(-0.3, 0.3, 15)
    w = np.full(15, 0.04)
    _, _, density, excess, _ = _fit(w * 0.99, w * 1.01, k, floor=0.05, floor_weight=1e4)
    assert density > 0
    assert excess > -1e-4


def test_fit_takes_one_sided_quotes() -> None:
    k = np.linspace(-0.4, 0.4, 21)
    w = parley_core.svi_total_variance(k, *TRUE)
    bid, ask = w * 0.99, w * 1.01
    bid[:5] = -np.inf
    weight = np.full(21, 100.0)
    grid = np.linspace(-0.6, 0.6, 41)
    mid_weight = np.where(np.isinf(bid), 0.0, 10.0)
    mid = np.where(np.isinf(bid), 0.0, w)
    parameters, *_ = parley_core.svi_fit(
        k, bid, ask, mid, weight, mid_weight, grid, np.zeros(41), 1e-4, 30.0, 100.0, (0.03, 0.1, 0.0, 0.0, 0.3)
    )
    np.testing.assert_allclose(parley_core.svi_total_variance(k, *parameters), w, rtol=0.02)


@pytest.mark.parametrize("name", ["bid", "ask", "mid", "outside_weight", "mid_weight"])
def test_fit_names_the_array_of_the_wrong_length(name: str) -> None:
    arrays = {key: np.ones(3) for key in ("k", "bid", "ask", "mid", "outside_weight", "mid_weight")}
    arrays[name] = np.ones(2)
    with pytest.raises(ValueError, match=f"shape mismatch: {name} has 2 elements, k has 3"):
        parley_core.svi_fit(
            **arrays, grid=np.ones(2), floor=np.zeros(2), density_min=0.0, density_weight=1.0, floor_weight=1.0,
            start=TRUE,
        )  # fmt: skip


def test_fit_refuses_a_start_that_is_not_finite() -> None:
    with pytest.raises(ValueError, match="sigma is not a finite number"):
        _ = parley_core.svi_fit(
            *[np.ones(3)] * 6, np.ones(2), np.zeros(2), 0.0, 1.0, 1.0, (0.1, 0.1, 0.0, 0.0, float("nan"))
        )
