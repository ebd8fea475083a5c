"""Who trades in the simulated market: people nobody knows, at what is quoted. They take nothing off the quotes."""

from decimal import Decimal

import numpy as np

from gateway.feeds.updates import FeedTrade, Floats, QuoteBatch
from wire.instruments import parse_instrument_name
from wire.units import Side

TRADES_A_SECOND = 0.5
"""Of each contract that is no option."""
SHARE_MEDIAN, SHARE_SPREAD = 0.02, 1.0
"""Of what is quoted at the best price: median, and deviation of its logarithm."""


class SimulatedTrades:
    """Draws of its own: the quotes of a seed are what they are without it."""

    def __init__(self, seed: int, at_ns: int) -> None:
        self._random = np.random.default_rng([seed, at_ns % 2**32, 1])
        self._count = 0
        self._from = at_ns

    def draw(self, batch: QuoteBatch, seconds: float, at_ns: int) -> list[FeedTrade]:
        """Those of a step: a Poisson number in each contract of ``batch``."""
        counts = self._random.poisson(TRADES_A_SECOND * seconds, len(batch.names))
        found = []
        for row in np.flatnonzero(counts):
            for _ in range(int(counts[row])):
                trade = self._trade(batch, int(row), at_ns)
                if trade is not None:
                    found.append(trade)
        return found

    def _trade(self, batch: QuoteBatch, row: int, at_ns: int) -> FeedTrade | None:
        """None where nobody quotes that side."""
        is_buy = bool(self._random.random() < 0.5)
        share = SHARE_MEDIAN * float(np.exp(SHARE_SPREAD * self._random.standard_normal()))
        prices: Floats = batch.ask_prices if is_buy else batch.bid_prices
        quantities: Floats = batch.ask_quantities if is_buy else batch.bid_quantities
        price, shown = float(prices[row, 0]), float(quantities[row, 0])
        if not (price > 0 and shown > 0):
            return None
        terms, self._count = parse_instrument_name(batch.names[row]), self._count + 1
        ticks = np.ceil(price / float(terms.tick_size)) if is_buy else np.floor(price / float(terms.tick_size))
        lots = max(1, round(min(share, 1.0) * shown / float(terms.lot_size)))
        return FeedTrade(
            trade_id=f"{self._from}-{self._count}",
            name=terms.name,
            side=Side.BUY if is_buy else Side.SELL,
            price=Decimal(int(ticks)) * terms.tick_size,
            quantity=Decimal(lots) * terms.lot_size,
            at_ns=at_ns,
        )
