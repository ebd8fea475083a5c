"""Confidence intervals of means by the bias-corrected and accelerated bootstrap (Efron 1987, BCa).

Seeded, so that the same observations give the same interval for ever. Resampling follows ``scipy.stats.bootstrap``:
PCG64, indices drawn row by row; percentiles are interpolated linearly.
"""

import dataclasses
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
LEVEL = 0.95
COUNT_MIN = 8
"""Fewer observations than this get no interval."""
_DRAWN_AT_ONCE = 1_000_000
_NORMAL = NormalDist()

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """Mean of ``count`` observations with its interval at ``LEVEL``; None where there are too few of them."""

    count: int
    value: float | None
    low: float | None = None
    high: float | None = None


def estimate_mean(observed: Sequence[float], *, seed: int) -> Estimate:
    """Mean and BCa interval. Observations that are all the same have an interval of no width."""
    values = np.asarray(observed, dtype=np.float64)
    if not len(values):
        return Estimate(count=0, value=None)
    mean = float(values.mean())
    if len(values) < COUNT_MIN:
        return Estimate(count=len(values), value=mean)
    if np.ptp(values) == 0:
        return Estimate(count=len(values), value=mean, low=mean, high=mean)
    resampled = resample_means(values, seed=seed)
    low, high = np.percentile(resampled, [100 * share for share in bca_shares(values, resampled)])
    return Estimate(count=len(values), value=mean, low=float(low), high=float(high))


def resample_means(values: Floats, *, seed: int) -> Floats:
    """Means of RESAMPLES samples drawn with replacement, shape (RESAMPLES,)."""
    chance = np.random.default_rng(seed)
    rows = max(1, _DRAWN_AT_ONCE // len(values))
    means = []
    for start in range(0, RESAMPLES, rows):
        drawn = chance.integers(0, len(values), (min(rows, RESAMPLES - start), len(values)))
        means.append(values[drawn].mean(axis=-1))
    return np.concatenate(means)


def bca_shares(values: Floats, resampled: Floats) -> tuple[float, float]:
    """The two shares of the resampled means between which the interval lies."""
    mean = values.mean()
    below = ((resampled < mean).sum() + (resampled <= mean).sum()) / (2 * len(resampled))
    bias = _NORMAL.inv_cdf(min(max(float(below), 1e-9), 1 - 1e-9))
    left_out = (values.sum() - values) / (len(values) - 1)
    off = left_out.mean() - left_out
    acceleration = float((off**3).sum() / (6 * (off**2).sum() ** 1.5))
    tail = (1 - LEVEL) / 2
    low, high = (bias + _NORMAL.inv_cdf(share) for share in (tail, 1 - tail))
    return (
        _NORMAL.cdf(bias + low / (1 - acceleration * low)),
        _NORMAL.cdf(bias + high / (1 - acceleration * high)),
    )
