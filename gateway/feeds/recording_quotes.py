"""From the rows of one recorded snapshot to quotes: what is recorded stays as it is, what is not follows stated rules.

Options: bid, ask, mark and mark volatility as recorded, missing ones missing. A recording has no sizes: the quoted
size is ``OPTION_SIZE_SHARE`` of the open interest, within ``OPTION_SIZE_BOUNDS`` of the coin, in contracts.
Futures and perpetuals have a recorded mark and no bid or ask: they are quoted around it, ``FUTURE_LEVELS`` levels a
side, each half a spread further away than the one before, rounded outward to the tick.
"""

import numpy as np
import polars as pl

from gateway.feeds.updates import Floats, QuoteBatch
from wire.instruments import COINS, InstrumentTerms, parse_instrument_name
from wire.units import InstrumentKind

OPTION_SIZE_SHARE = 0.05
OPTION_SIZE_BOUNDS = {"BTC": (1.0, 25.0), "ETH": (10.0, 250.0), "SOL": (10.0, 1_000.0)}
FUTURE_LEVELS = 5
PERPETUAL_HALF_SPREAD_BASIS_POINTS = 0.5
FUTURE_HALF_SPREAD_BASIS_POINTS = 1.5
FUTURE_LEVEL_USD = 250_000.0
"""Quoted size of the best level in USD; level i quotes i times as much."""


def snapshot_index(rows: pl.DataFrame) -> dict[str, float]:
    """Median index of each coin: rows of one snapshot were fetched within seconds and differ a little."""
    medians = rows.group_by("currency").agg(pl.col("index_price").median()).sort("currency")
    return {coin: float(price) for coin, price in medians.iter_rows()}


def future_marks(
    rows: pl.DataFrame, recorded: dict[str, float], index: dict[str, float], at_ns: int
) -> dict[str, float]:
    """Marks of perpetuals and dated futures at a snapshot.

    A dated future without a recorded mark takes the forward that its options were recorded with; a perpetual without
    one takes the index, which it tracks by construction.
    """
    marks = {f"{coin}-PERPETUAL": price for coin, price in index.items() if coin in COINS}
    own_future = pl.col("instrument_name").str.extract(r"^([^-]+-[^-]+)-")
    dated = rows.filter(pl.col("underlying_name") == own_future)
    forwards = dated.group_by("underlying_name").agg(pl.col("underlying").median()).sort("underlying_name")
    marks.update({name: float(price) for name, price in forwards.iter_rows()})
    for name, price in recorded.items():
        terms = parse_instrument_name(name)
        if not terms.expiry_at_ns or terms.expiry_at_ns > at_ns:
            marks[name] = price
    return marks


def quote_snapshot(rows: pl.DataFrame, marks: dict[str, float], index: dict[str, float]) -> QuoteBatch:
    """One batch with every option row and every future of ``marks``."""
    names = [*rows["instrument_name"].to_list(), *marks]
    options, futures = rows.height, len(marks)
    levels = _future_levels(marks)
    sides = {}
    for side in ("bid", "ask"):
        prices = np.full((options + futures, FUTURE_LEVELS), np.nan)
        quantities = np.full_like(prices, np.nan)
        prices[:options, 0] = rows[f"{side}_price"].to_numpy()
        quantities[:options, 0] = np.where(np.isnan(prices[:options, 0]), np.nan, _option_sizes(rows))
        prices[options:], quantities[options:] = levels[f"{side}_prices"], levels["quantities"]
        sides[f"{side}_prices"], sides[f"{side}_quantities"] = prices, quantities
    nothing = np.full(futures, np.nan)
    return QuoteBatch(
        names=names,
        mark_price=np.concatenate([rows["mark_price"].to_numpy(), np.array(list(marks.values()), dtype=float)]),
        mark_volatility=np.concatenate([rows["implied_volatility"].to_numpy(), nothing]),
        forward_price=np.concatenate([rows["underlying"].to_numpy(), _future_forwards(marks, index)]),
        open_interest=np.concatenate([rows["open_interest"].to_numpy(), nothing]),
        **sides,
    )


def _option_sizes(rows: pl.DataFrame) -> Floats:
    low = rows["currency"].replace_strict({c: b[0] for c, b in OPTION_SIZE_BOUNDS.items()}, return_dtype=pl.Float64)
    high = rows["currency"].replace_strict({c: b[1] for c, b in OPTION_SIZE_BOUNDS.items()}, return_dtype=pl.Float64)
    size = rows["open_interest"].to_numpy() * OPTION_SIZE_SHARE
    return np.clip(size, low.to_numpy(), high.to_numpy())


def _future_forwards(marks: dict[str, float], index: dict[str, float]) -> Floats:
    """A dated future is its own forward; the forward of a perpetual is the index."""
    return np.array(
        [
            index.get(name.split("-")[0], price) if name.endswith("-PERPETUAL") else price
            for name, price in marks.items()
        ],
        dtype=float,
    )


def _future_levels(marks: dict[str, float]) -> dict[str, Floats]:
    terms = [parse_instrument_name(name) for name in marks]
    price = np.array(list(marks.values()), dtype=float)[:, None]
    tick = np.array([float(t.tick_size) for t in terms])[:, None]
    spread = np.array([_half_spread_basis_points(t) for t in terms])[:, None]
    half = np.maximum(price * spread * 1e-4, tick)
    step = np.arange(1, FUTURE_LEVELS + 1)[None, :]
    per_contract = np.array([1.0 if t.is_inverse else p for t, p in zip(terms, marks.values(), strict=True)])[:, None]
    per_contract = per_contract * np.array([float(t.multiplier) for t in terms])[:, None]
    return {
        "bid_prices": price - half * step,
        "ask_prices": price + half * step,
        "quantities": np.floor(FUTURE_LEVEL_USD * step / per_contract),
    }


def _half_spread_basis_points(terms: InstrumentTerms) -> float:
    is_perpetual = terms.kind is InstrumentKind.PERPETUAL
    return PERPETUAL_HALF_SPREAD_BASIS_POINTS if is_perpetual else FUTURE_HALF_SPREAD_BASIS_POINTS
