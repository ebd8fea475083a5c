"""What the portfolio margin rests on: terms of contracts, haircuts, forwards and volatilities as they come."""

from collections.abc import Mapping, Sequence

import numpy as np
import parley_core

from gateway.engine import submit
from gateway.feeds.updates import Floats, QuoteBatch
from gateway.registry import Contract, Integers, Registry, coin_id
from wire.instruments import COINS
from wire.margin import HAIRCUTS, YEARS_MIN
from wire.units import InstrumentKind

YEAR_NS = 365 * 86_400 * 1_000_000_000
VOLATILITY_MAX = 100.0
PRICE_MAX = 1e12
RATE_MAX = 10.0
"""A year; close to expiry a forward that lags the index would give any rate."""
MARGIN_KINDS = (InstrumentKind.OPTION, InstrumentKind.FUTURE, InstrumentKind.PERPETUAL, InstrumentKind.SPOT)
"""Position = the engine's number of the kind."""


async def describe(engine: parley_core.Engine, contracts: Sequence[Contract]) -> None:
    """What listings do not say. Describing again what is described changes nothing."""
    for contract in contracts:
        terms = contract.terms
        await submit(
            engine.describe_instrument,
            contract.instrument_id,
            MARGIN_KINDS.index(terms.kind),
            terms.is_inverse,
            terms.option_type is not None and terms.option_type.value == "call",
            float(terms.strike or 0),
        )


async def set_haircuts(engine: parley_core.Engine) -> None:
    for coin in COINS:
        maintenance, initial = HAIRCUTS[coin]
        await submit(engine.set_margin_parameters, coin_id(coin), maintenance, initial)


async def set_margin_inputs(
    engine: parley_core.Engine,
    registry: Registry,
    ids: Integers,
    batch: QuoteBatch,
    market: tuple[int, Mapping[str, float]],
) -> None:
    """Forwards, volatilities and marks of a batch, coin by coin. market: the market clock, and the indices in USD.

    What a source leaves out keeps what it had; a coin without an index is passed over.
    """
    market_time_ns, indices = market
    coins = np.array([registry.get(int(each)).coin_id for each in ids], dtype=np.int64)
    is_option = registry.is_option[ids]
    forward = np.where(is_option, batch.forward_price, batch.mark_price)
    volatility = np.where(is_option, batch.mark_volatility, 0.0)
    is_known = (forward > 0) & (forward <= PRICE_MAX) & (volatility >= 0) & (volatility <= VOLATILITY_MAX)
    for coin, index in indices.items():
        rows = np.flatnonzero(is_known & (coins == coin_id(coin))) if coin in COINS and index > 0 else np.array([], int)
        if not len(rows):
            continue
        expiries, years, rates = _expiries(registry, ids[rows], forward[rows], index, market_time_ns)
        await submit(
            engine.set_margin_inputs,
            coin_id(coin),
            index,
            expiries,
            years,
            rates,
            np.ascontiguousarray(ids[rows]),
            np.ascontiguousarray(forward[rows]),
            np.ascontiguousarray(volatility[rows]),
        )


def _expiries(
    registry: Registry, ids: Integers, forward: Floats, index: float, market_time_ns: int
) -> tuple[Integers, Floats, Floats]:
    """Expiry times, years to them, and the rate that takes the forward of coin-priced options to spot."""
    expiries = np.unique(registry.expiry_at_ns[ids])
    expiries = expiries[expiries > 0]
    years = np.maximum((expiries - market_time_ns) / YEAR_NS, YEARS_MIN)
    rates = np.zeros(len(expiries))
    for row, expiry in enumerate(expiries):
        is_inverse = registry.is_option[ids] & registry.is_inverse[ids] & (registry.expiry_at_ns[ids] == expiry)
        if is_inverse.any():
            rates[row] = np.log(forward[is_inverse][0] / index) / years[row]
    return expiries, years, np.clip(rates, -RATE_MAX, RATE_MAX)
