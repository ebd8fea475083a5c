"""How good marks and surfaces are, measured against quotes and marks that did not go into them."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import parley_core
from numpy.typing import NDArray

from risk.domain import svi
from risk.domain.forwards import parity_forward
from risk.domain.svi import FittedSlice, SliceQuotes

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEFT_OUT_EVERY = 5
LEFT_OUT_OFFSET = 2
"""Every fifth strike of an expiry, from the third: the fit never sees the first or the last quoted strike go."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeftOutCheck:
    """``left_out``: two-sided quotes at strikes that the fit did not see. ``inside``: fitted price within bid and ask.
    ``violations``: grid points with g(k) < 0, and with total variance below the earlier expiry's.
    """

    slices: int
    stale: int
    left_out: int
    inside: int
    butterfly_violations: int
    calendar_violations: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class MarkedOptions:
    """Inverse options of one expiry, all arrays of one shape (n,). mark: coin. forward: the recorded one, USD.
    volatility: mark IV as a fraction. years: ACT/365, > 0.
    """

    mark: Floats
    forward: Floats
    strike: Floats
    years: Floats
    volatility: Floats
    is_call: Flags


def repricing_errors(options: MarkedOptions, forward: Floats) -> Floats:
    """|Black-76 at the mark volatility on ``forward`` - mark|, in coin, shape (n,)."""
    price = parley_core.black76_price(forward, options.strike, options.years, options.volatility, options.is_call)
    return np.abs(price / forward - options.mark)


def marks_forward(options: MarkedOptions) -> Floats:
    """The forward that the marks themselves imply by put-call parity, shape (n,); the recorded one where no strike has
    both a call and a put. Chains whose marks and underlyings were fetched a moment apart need it.
    """
    calls = dict(zip(options.strike[options.is_call], options.mark[options.is_call], strict=True))
    puts = dict(zip(options.strike[~options.is_call], options.mark[~options.is_call], strict=True))
    both = sorted(calls.keys() & puts.keys())
    implied = parity_forward(
        np.array(both), np.array([calls[strike] for strike in both]), np.array([puts[strike] for strike in both])
    )
    return np.full(len(options.mark), implied) if np.isfinite(implied) else options.forward


def check_left_out(quotes: Sequence[SliceQuotes]) -> LeftOutCheck:
    """Fit one coin's surface without every fifth strike, and look where those quotes lie."""
    split = [(one, _is_left_out(one.strike)) for one in quotes]
    fitted = svi.fit_surface([_select(one, ~left_out) for one, left_out in split], {})
    by_name = {one.underlying_name: one for one in fitted}
    counts = [
        _count_inside(_select(one, left_out), by_name[one.underlying_name])
        for one, left_out in split
        if one.underlying_name in by_name
    ]
    butterfly, calendar = svi.violations(fitted)
    return LeftOutCheck(
        slices=len(fitted),
        stale=sum(one.is_stale for one in fitted),
        left_out=sum(total for total, _ in counts),
        inside=sum(inside for _, inside in counts),
        butterfly_violations=butterfly,
        calendar_violations=calendar,
    )


def _is_left_out(strike: Floats) -> Flags:
    _, place = np.unique(strike, return_inverse=True)
    return np.asarray(place % LEFT_OUT_EVERY == LEFT_OUT_OFFSET, dtype=np.bool_)


def _select(quotes: SliceQuotes, keep: Flags) -> SliceQuotes:
    names = ("strike", "is_call", "bid", "ask")
    fields: dict[str, Any] = {name: np.ascontiguousarray(getattr(quotes, name)[keep]) for name in names}
    return dataclasses.replace(quotes, **fields)


def _count_inside(quotes: SliceQuotes, fitted: FittedSlice) -> tuple[int, int]:
    """(two-sided quotes, those that hold the fitted price)."""
    size = len(quotes.strike)
    forward, years = np.full(size, quotes.forward), np.full(size, quotes.years)
    volatility = fitted.volatility(quotes.strike)
    price = parley_core.black76_price(forward, quotes.strike, years, volatility, quotes.is_call) / quotes.forward
    two_sided = np.isfinite(quotes.bid) & np.isfinite(quotes.ask)
    inside = two_sided & (price >= quotes.bid) & (price <= quotes.ask)
    return int(two_sided.sum()), int(inside.sum())
