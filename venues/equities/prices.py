"""Where the venue's prices come from: sectors that walk, and what of each symbol's price comes back to its sector.

log(price) = log(anchor) + beta · (market + sector) + residual. Market and sectors walk at random; a residual is pulled
back by the share ``reversion`` in each step. So any two symbols of one sector cointegrate, with the ratio of their
betas as hedge ratio, and their spread comes back with a half life of log(2) / reversion steps.
"""

import dataclasses
import math
import random
from collections.abc import Sequence

from venues.equities.symbols import SECTORS, Symbol

BASIS_POINT = 1e-4
LOG_MOVE_MAX = 1.2
"""Prices stay within a factor of exp(1.2) of their anchors."""
CENTS_LEAST = 500


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Standard deviations of a step in basis points: of market and sectors (``common``), of a symbol (``noise``)."""

    common: float = 1.0
    noise: float = 3.0
    reversion: float = 0.02


class Prices:
    """The same seed gives the same steps. ``cents``: the fair price of each symbol, in cents and fractions of one."""

    def __init__(self, symbols: Sequence[Symbol], motion: Motion, seed: int) -> None:
        self._symbols = symbols
        self._motion = motion
        self._gauss = random.Random(f"prices {seed}").gauss  # noqa: S311 - a market, no secret
        self._market = 0.0
        self._sectors = [0.0] * len(SECTORS)
        self._residuals = [0.0] * len(symbols)
        self.cents = [float(symbol.anchor_cents) for symbol in symbols]

    def step(self) -> None:
        gauss, motion = self._gauss, self._motion
        common, noise, kept = motion.common * BASIS_POINT, motion.noise * BASIS_POINT, 1.0 - motion.reversion
        self._market += gauss(0.0, common)
        self._sectors = [sector + gauss(0.0, common) for sector in self._sectors]
        moves = [self._market + sector for sector in self._sectors]
        residuals = [kept * residual + gauss(0.0, noise) for residual in self._residuals]
        self._residuals = residuals
        self.cents = [
            _price(symbol, symbol.beta * moves[symbol.sector] + residual)
            for symbol, residual in zip(self._symbols, residuals, strict=True)
        ]


def _price(symbol: Symbol, move: float) -> float:
    bounded = min(max(move, -LOG_MOVE_MAX), LOG_MOVE_MAX)
    return max(symbol.anchor_cents * math.exp(bounded), CENTS_LEAST)
