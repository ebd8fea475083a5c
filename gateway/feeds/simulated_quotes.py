"""How the simulated venue quotes: options around their smile with a spread by vega, everything else around its mark.

Prices are model values; the runner rounds them outward to the tick. Sizes are drawn per quote.
"""

import math

import numpy as np
import parley_core

from gateway.feeds.price_path import (
    SECONDS_PER_YEAR,
    CoinState,
    CoinTerms,
    atm_total_variance,
    forward_price,
    smile_volatility,
)
from gateway.feeds.updates import Floats, QuoteBatch
from wire.instruments import InstrumentTerms
from wire.units import NANOSECONDS_PER_SECOND, InstrumentKind, OptionType

LEVELS = 10
OPTION_LEVELS = 3
OPTION_TICK = 0.0001
HALF_SPREAD_VOLATILITY = 0.004
"""Half the spread of an at-the-money option, in volatility."""
HALF_SPREAD_WING = 0.004
"""More of it for each standard deviation away from the forward."""
OPTION_SIZES = {"BTC": (1.0, 20.0), "ETH": (10.0, 200.0)}
FUTURE_LEVEL_USD = (40_000.0, 160_000.0)
HALF_SPREAD_BASIS_POINTS = {
    InstrumentKind.SPOT: 0.15,
    InstrumentKind.PERPETUAL: 0.05,
    InstrumentKind.FUTURE: 0.4,
}


class OptionColumns:
    """The listed options of one coin as columns."""

    def __init__(self, contracts: list[InstrumentTerms]) -> None:
        self.names = [terms.name for terms in contracts]
        self.strike = np.array([float(terms.strike or 0) for terms in contracts])
        self.expiry_at_ns = np.array([terms.expiry_at_ns for terms in contracts], dtype=np.int64)
        self.is_call = np.array([terms.option_type is OptionType.CALL for terms in contracts], dtype=bool)

    def pick(self, rows: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> "OptionColumns":
        """The same columns for some rows only."""
        picked = OptionColumns([])
        picked.names = [self.names[row] for row in rows]
        picked.strike, picked.expiry_at_ns, picked.is_call = (
            self.strike[rows],
            self.expiry_at_ns[rows],
            self.is_call[rows],
        )
        return picked


def years_until(expiry_at_ns: "np.ndarray[tuple[int], np.dtype[np.int64]]", at_ns: int) -> Floats:
    """Time to expiry, ACT/365, at least one second so that a model stays defined on the last instant."""
    return np.maximum((expiry_at_ns - at_ns) / NANOSECONDS_PER_SECOND, 1.0) / SECONDS_PER_YEAR


def quote_options(
    options: OptionColumns, coin: str, state: CoinState, terms: CoinTerms, at_ns: int, random: np.random.Generator
) -> QuoteBatch:
    """Marks from the smile; bid and ask in coin, missing where the bid would be less than a tick."""
    years = years_until(options.expiry_at_ns, at_ns)
    forward = forward_price(state, years)
    theta = atm_total_variance(state, terms, years)
    moneyness = np.log(options.strike / forward)
    volatility = smile_volatility(terms, theta, moneyness, years)
    price, _, _, vega, _ = parley_core.black76_greeks(forward, options.strike, years, volatility, options.is_call)
    mark = price / forward
    wing = np.abs(moneyness) / np.sqrt(theta)
    half = vega * (HALF_SPREAD_VOLATILITY + HALF_SPREAD_WING * wing) / forward
    half = np.clip(half, OPTION_TICK / 2, np.maximum(mark * 0.25, OPTION_TICK))[:, None]
    step = np.arange(OPTION_LEVELS)[None, :]
    bids = mark[:, None] - half * (1 + step) - OPTION_TICK * step
    asks = np.maximum(mark[:, None], 0.0) + half * (1 + step) + OPTION_TICK * step
    low, high = OPTION_SIZES[coin]
    sizes = random.uniform(low, high, size=(2, len(options.names), OPTION_LEVELS)) * (1 + step)
    return QuoteBatch(
        names=options.names,
        mark_price=mark,
        mark_volatility=volatility,
        forward_price=forward,
        open_interest=np.full(len(options.names), np.nan),
        bid_prices=np.where(bids >= OPTION_TICK, bids, np.nan),
        bid_quantities=sizes[0],
        ask_prices=asks,
        ask_quantities=sizes[1],
    )


def quote_linear(
    contracts: list[InstrumentTerms], state: CoinState, at_ns: int, random: np.random.Generator
) -> QuoteBatch:
    """Spot, perpetuals and dated futures: ``LEVELS`` levels a side around the mark."""
    expiry = np.array([terms.expiry_at_ns for terms in contracts], dtype=np.int64)
    forward = np.where(expiry > 0, forward_price(state, years_until(expiry, at_ns)), state.price)
    is_perpetual = np.array([terms.kind is InstrumentKind.PERPETUAL for terms in contracts])
    mark = forward * np.where(is_perpetual, 1 + state.basis, 1.0)
    tick = np.array([float(terms.tick_size) for terms in contracts])
    basis_points = np.array([HALF_SPREAD_BASIS_POINTS[terms.kind] for terms in contracts])
    half = np.maximum(mark * basis_points * 1e-4, tick / 2)[:, None]
    away = half + np.cumsum(random.integers(0, 3, size=(len(contracts), LEVELS)) + 1, axis=1) * tick[:, None]
    usd = random.uniform(*FUTURE_LEVEL_USD, size=(2, len(contracts), LEVELS)) * np.sqrt(1 + np.arange(LEVELS))
    contract_usd = np.array([1.0 if terms.is_inverse else price for terms, price in zip(contracts, mark, strict=True)])
    sizes = usd / (contract_usd * np.array([float(terms.multiplier) for terms in contracts]))[:, None]
    nothing = np.full(len(contracts), math.nan)
    return QuoteBatch(
        names=[terms.name for terms in contracts],
        mark_price=mark,
        mark_volatility=nothing,
        forward_price=forward,
        open_interest=nothing,
        bid_prices=mark[:, None] - away,
        bid_quantities=sizes[0],
        ask_prices=mark[:, None] + away,
        ask_quantities=sizes[1],
    )
