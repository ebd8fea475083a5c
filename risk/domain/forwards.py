"""The forward that a chain of coin-priced options implies."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def parity_forward(strike: Floats, call_price: Floats, put_price: Floats) -> float:
    """Median over strikes of the forward by put-call parity, in USD; NaN where no strike has both prices.

    Prices in coin, one call and one put per strike: C - P = 1 - K / F. It is the forward that the prices were made
    with, also where the recorded underlying was fetched a moment apart.
    """
    difference = call_price - put_price
    usable = np.isfinite(difference) & (difference < 1)
    if not usable.any():
        return float("nan")
    return float(np.median(strike[usable] / (1 - difference[usable])))
