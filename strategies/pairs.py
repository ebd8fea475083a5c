"""Pairs from daily prices: hedge ratios, tests for cointegration, selection. Pure; prices are US dollars.

Two log prices are cointegrated where some combination of them always comes back (Engle and Granger 1987). Test as many
pairs as there are and some will look so by chance: select on one period, judge on the next.
"""

import itertools
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_MACKINNON = {
    0.01: (-3.89644, -10.9519, -22.527),
    0.05: (-3.33613, -6.1101, -6.823),
    0.10: (-3.04445, -4.2412, -2.720),
}
"""Critical values of the residual test of two variables with a constant: b0 + b1/T + b2/T² (MacKinnon 2010)."""


class HedgeRatio(msgspec.Struct, frozen=True, kw_only=True):
    """``first ≈ intercept + ratio * second``."""

    ratio: float
    intercept: float


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of columns that passed the test. ``half_life``: samples in which half of a deviation is gone."""

    first: int
    second: int
    hedge: HedgeRatio
    statistic: float
    half_life: float


def fit_ols(first: Floats, second: Floats) -> HedgeRatio:
    """Least squares of the first on the second."""
    x = second - second.mean()
    variance = float(x @ x)
    if variance == 0.0:
        raise ValueError("the second series does not vary")
    ratio = float(x @ (first - first.mean())) / variance
    return HedgeRatio(ratio=ratio, intercept=float(first.mean() - ratio * second.mean()))


def fit_tls(first: Floats, second: Floats) -> HedgeRatio:
    """Total least squares: errors in both, so that swapping the series inverts the ratio (Golub and Van Loan 1980)."""
    centered = np.column_stack([second - second.mean(), first - first.mean()])
    normal = np.linalg.svd(centered, full_matrices=False)[2][-1]
    if normal[1] == 0.0:
        raise ValueError("the second series does not vary")
    ratio = float(-normal[0] / normal[1])
    return HedgeRatio(ratio=ratio, intercept=float(first.mean() - ratio * second.mean()))


def filter_kalman(first: Floats, second: Floats, *, delta: float = 1e-5, noise: float = 1e-3) -> tuple[Floats, Floats]:
    """Ratio and intercept after each sample, as a random walk that is observed through the first series.

    delta: variance that the walk gains in one step, as a share; noise: variance of an observation (Kalman 1960).
    """
    state = np.zeros(2)
    covariance = np.eye(2)
    drift = delta / (1.0 - delta) * np.eye(2)
    states = np.empty((len(first), 2))
    for at, (y, x) in enumerate(zip(first, second, strict=True)):
        covariance = covariance + drift
        observed = np.array([x, 1.0])
        spread = covariance @ observed
        gain = spread / (observed @ spread + noise)
        state = state + gain * (y - observed @ state)
        covariance = covariance - np.outer(gain, spread)
        states[at] = state
    return states[:, 0], states[:, 1]


def adf_statistic(residuals: Floats, *, lags: int | None = None) -> float:
    """t-value of the level in a regression of the change on the level and on earlier changes, without a constant.

    Dickey and Fuller 1979; Said and Dickey 1984.

    Without ``lags`` the count with the least AIC, up to 12·(T/100)^¼ (Schwert 1989), all on the same samples.
    """
    if lags is not None:
        return _regress_level(residuals, lags, lags)[0]
    most = int(12 * (len(residuals) / 100) ** 0.25)
    best = min(range(most + 1), key=lambda count: _regress_level(residuals, count, most)[1])
    return _regress_level(residuals, best, best)[0]


def critical_value(samples: int, *, level: float = 0.05) -> float:
    """Below it no cointegration is refused. Level: 0.01, 0.05 or 0.10."""
    constant, first, second = _MACKINNON[level]
    return constant + first / samples + second / samples**2


def half_life(residuals: Floats) -> float:
    """Of an AR(1): ln ½ / ln φ; infinite where nothing comes back."""
    before = residuals[:-1] - residuals[:-1].mean()
    phi = float(before @ (residuals[1:] - residuals[1:].mean()) / (before @ before))
    return float(np.log(0.5) / np.log(phi)) if 0.0 < phi < 1.0 else (0.0 if phi <= 0.0 else float("inf"))


def residuals_of(first: Floats, second: Floats, hedge: HedgeRatio) -> Floats:
    return first - hedge.ratio * second - hedge.intercept


def select_pairs(
    log_prices: Floats,
    groups: Sequence[str],
    *,
    level: float = 0.05,
    half_life_max: float = 60.0,
    ratio_range: tuple[float, float] = (0.25, 4.0),
) -> list[Candidate]:
    """Pairs of columns of one group (a sector) that pass the test in both directions, the best first.

    Columns with a gap are left out. Half lives below one sample or above the maximum are not traded.
    """
    bound = critical_value(len(log_prices), level=level)
    is_whole = np.asarray(np.isfinite(log_prices).all(axis=0))
    found = []
    for a, b in _pairs_of_groups(groups, is_whole):
        candidate = _test_pair(log_prices, a, b, bound)
        if candidate is None or not ratio_range[0] <= candidate.hedge.ratio <= ratio_range[1]:
            continue
        if 1.0 <= candidate.half_life <= half_life_max:
            found.append(candidate)
    return sorted(found, key=lambda each: (each.statistic, each.first, each.second))


def _pairs_of_groups(groups: Sequence[str], is_whole: npt.NDArray[np.bool_]) -> Iterable[tuple[int, int]]:
    members: dict[str, list[int]] = {}
    for column, group in enumerate(groups):
        if is_whole[column]:
            members.setdefault(group, []).append(column)
    return itertools.chain.from_iterable(itertools.combinations(columns, 2) for columns in members.values())


def _test_pair(log_prices: Floats, a: int, b: int, bound: float) -> Candidate | None:
    """With one lag first, which is quick and refuses most, then with as many as AIC wants."""
    first, second = log_prices[:, a], log_prices[:, b]
    both = (residuals_of(first, second, fit_ols(first, second)), residuals_of(second, first, fit_ols(second, first)))
    if any(adf_statistic(each, lags=1) > bound for each in both):
        return None
    statistics = [adf_statistic(each) for each in both]
    if max(statistics) > bound:
        return None
    hedge = fit_tls(first, second)
    residuals = residuals_of(first, second, hedge)
    return Candidate(first=a, second=b, hedge=hedge, statistic=max(statistics), half_life=half_life(residuals))


def _regress_level(residuals: Floats, lags: int, start: int) -> tuple[float, float]:
    """t-value of the level and AIC of the regression on the samples from ``start`` on."""
    changes = np.diff(residuals)
    target = changes[start:]
    columns = [residuals[start:-1], *(changes[start - lag : -lag] for lag in range(1, lags + 1))]
    design = np.column_stack(columns)
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ (design.T @ target)
    errors = target - design @ coefficients
    squared = float(errors @ errors)
    variance = squared / (len(target) - design.shape[1])
    aic = len(target) * np.log(squared / len(target)) + 2 * design.shape[1]
    return float(coefficients[0] / np.sqrt(variance * inverse[0, 0])), float(aic)
