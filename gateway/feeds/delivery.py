"""The delivery price: the average of the index over the 30 minutes before expiry, as coin venues settle."""

import numpy as np

from gateway.feeds.updates import Floats
from wire.units import NANOSECONDS_PER_SECOND

DELIVERY_WINDOW_NS = 30 * 60 * NANOSECONDS_PER_SECOND


def average_index(times_ns: list[int], prices: list[float], expiry_at_ns: int) -> float | None:
    """Time-weighted average of the index over the window, linear between the known instants, in USD.

    ``times_ns`` ascends. Before the first and after the last known instant the index is taken as constant; None
    where nothing is known.
    """
    if not times_ns:
        return None
    start = expiry_at_ns - DELIVERY_WINDOW_NS
    at = _seconds_from(start, times_ns)
    knots = np.unique(np.concatenate([[0.0], at, [DELIVERY_WINDOW_NS / NANOSECONDS_PER_SECOND]]))
    knots = knots[(knots >= 0) & (knots <= DELIVERY_WINDOW_NS / NANOSECONDS_PER_SECOND)]
    values = np.interp(knots, at, np.asarray(prices, dtype=float))
    return float(np.trapezoid(values, knots) / (knots[-1] - knots[0]))


def _seconds_from(start_ns: int, times_ns: list[int]) -> Floats:
    return (np.asarray(times_ns, dtype=np.int64) - start_ns) / NANOSECONDS_PER_SECOND
