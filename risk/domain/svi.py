"""One raw SVI slice per expiry, fitted to bid and ask, free of butterfly and calendar arbitrage on a grid.

A slice is fitted with the shortest expiry first; its total variance is the floor of the next. The distance outside
bid and ask is counted in half spreads of price (so vega weighs it), the distance to mid a little. Penalties grow
until the checks on a fine grid hold; a slice on which they do not is a failed one.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import parley_core
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Parameters = tuple[float, float, float, float, float]
"""a, b, rho, m, sigma of w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2))."""

QUOTES_MIN = 5
WING_FACTOR = 1.5
"""The grid reaches this far beyond the listed strikes, in log-moneyness."""
REACH_MIN = 0.1
FIT_POINTS = 61
CHECK_POINTS = 601
EVEN_POINTS = 2_001
BEND_STEPS = np.linspace(-4, 4, 81)
DENSITY_MARGIN = 2e-3
FLOOR_MARGIN = 2e-4
"""Relative distance from the earlier expiry that a fit aims at."""
FLOOR_SLACK = 2e-5
"""Relative distance that is insisted on at the points checked, so that nothing crosses between them."""
PENALTY_WEIGHTS = (30.0, 300.0, 3_000.0, 30_000.0)
MID_WEIGHT = 0.15
TICK = 1e-4
"""Coin, the smallest half of a spread being half of it."""
VARIANCE_MIN = 1e-8
WARM_SHARE_MIN = 0.5
"""Below this share inside bid and ask a warm start is not trusted alone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SliceQuotes:
    """Quotes of one expiry. bid, ask: in units of the forward (an inverse option's own coin price; a linear option's
    price over the forward), NaN where nobody quotes. years > 0; one row per option, calls and puts.
    """

    underlying_name: str
    forward: float
    years: float
    strike: Floats
    is_call: Flags
    bid: Floats
    ask: Floats


@dataclasses.dataclass(frozen=True, kw_only=True)
class FittedSlice:
    """``reason`` says why a slice is stale, or from what it was made where quotes were few."""

    underlying_name: str
    forward: float
    years: float
    parameters: Parameters
    share_inside: float
    quotes_used: int
    reach: tuple[float, float]
    """Log-moneyness between which the slice was checked."""
    is_stale: bool = False
    reason: str = ""

    def total_variance(self, k: Floats) -> Floats:
        return parley_core.svi_total_variance(k, *self.parameters)

    def volatility(self, strike: Floats) -> Floats:
        """Implied volatility at strikes in USD."""
        return np.sqrt(self.total_variance(np.log(strike / self.forward)) / self.years)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Band:
    """Out-of-the-money quotes as total variances; bid -inf or ask inf where a side is missing."""

    k: Floats
    bid: Floats
    ask: Floats
    mid: Floats
    outside_weight: Floats
    mid_weight: Floats

    @property
    def two_sided(self) -> Flags:
        return np.isfinite(self.bid) & np.isfinite(self.ask)

    def share_inside(self, w: Floats) -> float:
        both = self.two_sided
        if not both.any():
            return 0.0
        inside = (w >= self.bid) & (w <= self.ask)
        return float(inside[both].mean())


def fit_surface(
    quotes: Sequence[SliceQuotes], last_good: dict[str, Parameters], *, wings: Sequence[float] = ()
) -> list[FittedSlice]:
    """Slices of one coin, by expiry. ``last_good``: parameters by underlying, to start from and to fall back on.

    ``wings``: further log-moneyness that every slice is checked at, beyond 1.5 times the listed strikes.
    """
    ordered = sorted(quotes, key=lambda one: one.years)
    reach = _reach(ordered, wings)
    fitted: list[FittedSlice] = []
    for one in ordered:
        earlier = fitted[-1] if fitted else None
        found = fit_slice(one, earlier, last_good.get(one.underlying_name), reach=reach)
        if found is not None:
            fitted.append(found)
    return fitted


def fit_slice(
    quotes: SliceQuotes,
    earlier: FittedSlice | None,
    last_good: Parameters | None,
    *,
    reach: tuple[float, float] | None = None,
) -> FittedSlice | None:
    """The slice, a stale one where no fit is free of arbitrage, or None where there is nothing to make one of."""
    reach = reach or _reach([quotes], ())
    band = _band(quotes)
    floor = _floor(earlier)
    if len(band.k) < QUOTES_MIN:
        return _from_few(quotes, band, earlier, last_good, reach)
    parameters = _fit(band, floor, last_good, reach, quotes.years)
    if parameters is None:
        reason = "no fit is free of arbitrage"
        return _fallback(quotes, band, earlier, last_good, reach, reason)
    return _result(quotes, band, parameters, reach)


def violations(slices: Sequence[FittedSlice], points: int = 1_001) -> tuple[int, int]:
    """Grid points where g(k) < 0, and where total variance falls from one expiry to the next."""
    butterfly = calendar = 0
    earlier: Floats | None = None
    for one in sorted(slices, key=lambda each: each.years):
        k = np.linspace(*one.reach, points)
        w = one.total_variance(k)
        butterfly += int(((parley_core.svi_density(k, *one.parameters) < 0) | (w <= 0)).sum())
        if earlier is not None:
            calendar += int((w < earlier).sum())
        earlier = w
    return butterfly, calendar


def _reach(quotes: Sequence[SliceQuotes], wings: Sequence[float]) -> tuple[float, float]:
    """One range for all slices of a coin, so that each is checked wherever a later one must lie above it."""
    k = [np.log(one.strike / one.forward) for one in quotes if len(one.strike)]
    low = min([float(each.min()) for each in k] + [-REACH_MIN, *wings])
    high = max([float(each.max()) for each in k] + [REACH_MIN, *wings])
    return WING_FACTOR * low, WING_FACTOR * high


def _band(quotes: SliceQuotes) -> _Band:
    forward = quotes.forward
    is_otm = np.where(quotes.is_call, quotes.strike >= forward, quotes.strike < forward)
    strike, is_call = quotes.strike[is_otm], quotes.is_call[is_otm]
    prices = [np.ascontiguousarray(side[is_otm]) * forward for side in (quotes.bid, quotes.ask)]
    size = len(strike)
    forwards, years = np.full(size, forward), np.full(size, quotes.years)
    bid, ask = (
        parley_core.black76_implied_volatility(price, forwards, strike, years, is_call) for price in prices
    )
    bid = np.where(bid > 0, bid, -np.inf)
    ask = np.where(ask > 0, ask, np.inf)
    keep = (np.isfinite(bid) | np.isfinite(ask)) & (bid <= ask)
    two_sided = np.isfinite(bid) & np.isfinite(ask)
    mid = np.where(np.isfinite(ask), ask, bid)
    mid[two_sided] = (bid[two_sided] + ask[two_sided]) / 2
    _, _, _, vega, _ = parley_core.black76_greeks(forwards, strike, years, np.where(keep, mid, 0.5), is_call)
    half = np.where(two_sided, (prices[1] - prices[0]) / 2, 2 * TICK * forward)
    weight = vega / (2 * np.where(keep, mid, 0.5) * quotes.years) / np.maximum(half, TICK * forward / 2)
    order = np.flatnonzero(keep)[np.argsort(strike[keep], kind="stable")]
    variance = np.square([bid, ask, mid]) * quotes.years
    variance[0][~np.isfinite(bid)] = -np.inf
    return _Band(
        k=np.log(strike[order] / forward),
        bid=variance[0][order],
        ask=variance[1][order],
        mid=variance[2][order],
        outside_weight=weight[order],
        mid_weight=(weight * MID_WEIGHT * two_sided)[order],
    )


def _floor(earlier: FittedSlice | None) -> Parameters | None:
    return earlier.parameters if earlier else None


def _floor_at(k: Floats, floor: Parameters | None) -> Floats:
    if floor is None:
        return np.full(len(k), VARIANCE_MIN)
    return np.maximum(parley_core.svi_total_variance(k, *floor), VARIANCE_MIN)


def _is_free(parameters: Parameters, floor: Parameters | None, reach: tuple[float, float]) -> bool:
    k = _check_points(reach, parameters, floor)
    w = parley_core.svi_total_variance(k, *parameters)
    density = parley_core.svi_density(k, *parameters)
    return bool((w >= _floor_at(k, floor) * (1 + FLOOR_SLACK)).all() and (density >= 0).all())


def _check_points(reach: tuple[float, float], parameters: Parameters, floor: Parameters | None) -> Floats:
    """Dense at the money, even out to the wings, and dense again around the bend of either slice."""
    bends = [m + sigma * BEND_STEPS for _, _, _, m, sigma in filter(None, (parameters, floor))]
    points = np.concatenate([_grid(reach, CHECK_POINTS), np.linspace(*reach, EVEN_POINTS), *bends])
    return np.unique(points[(points >= reach[0]) & (points <= reach[1])])


def _grid(reach: tuple[float, float], points: int) -> Floats:
    """Dense at the money, where short slices bend, and out to the ends of the reach."""
    u = np.linspace(-1, 1, points)
    spread = 0.15 * u + 0.85 * u**3
    return np.where(u < 0, -reach[0] * spread, reach[1] * spread)


def _fit(
    band: _Band, floor: Parameters | None, warm: Parameters | None, reach: tuple[float, float], years: float
) -> Parameters | None:
    grid = _grid(reach, FIT_POINTS)
    goal = _floor_at(grid, floor) * (1 + FLOOR_MARGIN)
    best = _best_start(band, grid, goal, warm, years)
    for weight in PENALTY_WEIGHTS:
        best, _ = _minimize(band, grid, goal, weight, best)
        if _is_free(best, floor, reach):
            return best
    return _repair(best, floor, reach)


def _best_start(
    band: _Band, grid: Floats, goal: Floats, warm: Parameters | None, years: float
) -> Parameters:
    """The fit of least cost over the warm start, or over a few cold ones where there is none."""
    starts = [warm] if warm is not None else cold_starts(band.k, band.mid, years)
    found = [_minimize(band, grid, goal, PENALTY_WEIGHTS[0], start) for start in starts]
    if warm is not None and band.share_inside(parley_core.svi_total_variance(band.k, *found[0][0])) < WARM_SHARE_MIN:
        starts = cold_starts(band.k, band.mid, years)
        found += [_minimize(band, grid, goal, PENALTY_WEIGHTS[0], start) for start in starts]
    return min(found, key=lambda each: each[1])[0]


def cold_starts(k: Floats, w: Floats, years: float) -> list[Parameters]:
    """Starts from the level at the money, with three skews and two widths of the bend."""
    usable = np.isfinite(w)
    center = float(np.interp(0.0, k[usable], w[usable])) if usable.any() else 0.25 * years
    width = max(float(np.sqrt(center)), 0.02)
    return [
        (0.5 * center, 0.5 * center / (scale * width), rho, 0.0, scale * width)
        for rho, scale in ((-0.3, 1.0), (0.1, 1.0), (-0.3, 3.0), (0.1, 0.3))
    ]


def _minimize(
    band: _Band, grid: Floats, goal: Floats, weight: float, start: Parameters
) -> tuple[Parameters, float]:
    parameters, cost, *_ = parley_core.svi_fit(
        band.k, band.bid, band.ask, band.mid, band.outside_weight, band.mid_weight, grid, goal,
        DENSITY_MARGIN, weight, weight, start,
    )  # fmt: skip
    return parameters, cost if np.isfinite(cost) else np.inf


def _repair(parameters: Parameters, floor: Parameters | None, reach: tuple[float, float]) -> Parameters | None:
    """Lift the slice over its floor, then flatten its wings step by step: a little misfit instead of arbitrage."""
    for flat in (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5):
        a, b, rho, m, sigma = parameters
        candidate = _lift((a + flat * b * sigma, b * (1 - flat), rho, m, sigma), floor, reach)
        if _is_free(candidate, floor, reach):
            return candidate
    return None


def _lift(parameters: Parameters, floor: Parameters | None, reach: tuple[float, float]) -> Parameters:
    k = _check_points(reach, parameters, floor)
    goal = _floor_at(k, floor) * (1 + FLOOR_MARGIN)
    missing = float((goal - parley_core.svi_total_variance(k, *parameters)).max())
    return (parameters[0] + max(0.0, missing), *parameters[1:])


def _from_few(
    quotes: SliceQuotes,
    band: _Band,
    earlier: FittedSlice | None,
    last_good: Parameters | None,
    reach: tuple[float, float],
) -> FittedSlice | None:
    """Too few quotes for five parameters: the last good slice, the earlier one's shape, or a flat one."""
    count = f"{len(band.k)} quotes"
    if last_good is not None or not len(band.k):
        return _fallback(quotes, band, earlier, last_good, reach, count)
    if earlier is None:
        level = float(np.median(band.mid))
        return _result(quotes, band, (level, 0.0, 0.0, 0.0, 0.1), reach, reason=f"{count}: flat")
    shape = earlier.total_variance(band.k)
    factor = max(1 + 2 * FLOOR_MARGIN, float(np.median(band.mid / shape)))
    a, b, rho, m, sigma = earlier.parameters
    reason = f"{count}: shape of {earlier.underlying_name}"
    candidate = _repair((a * factor, b * factor, rho, m, sigma), earlier.parameters, reach)
    return None if candidate is None else _result(quotes, band, candidate, reach, reason=reason)


def _fallback(
    quotes: SliceQuotes,
    band: _Band,
    earlier: FittedSlice | None,
    last_good: Parameters | None,
    reach: tuple[float, float],
    reason: str,
) -> FittedSlice | None:
    """The last good slice, lifted where the earlier expiry has risen above it, marked stale."""
    if last_good is None:
        return None
    candidate = _repair(last_good, _floor(earlier), reach)
    if candidate is None:
        return None
    return dataclasses.replace(_result(quotes, band, candidate, reach, reason=reason), is_stale=True)


def _result(
    quotes: SliceQuotes, band: _Band, parameters: Parameters, reach: tuple[float, float], reason: str = ""
) -> FittedSlice:
    return FittedSlice(
        underlying_name=quotes.underlying_name,
        forward=quotes.forward,
        years=quotes.years,
        parameters=parameters,
        share_inside=band.share_inside(parley_core.svi_total_variance(band.k, *parameters)) if len(band.k) else 0.0,
        quotes_used=len(band.k),
        reach=reach,
        reason=reason,
    )
