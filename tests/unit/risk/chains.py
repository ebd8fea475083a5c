"""Recorded option chains as slices of quotes."""

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl

from risk.domain import forwards
from risk.domain.svi import Flags, Floats, SliceQuotes

YEAR_SECONDS = 365 * 86_400
LEFT_OUT_EVERY = 5
"""Every fifth strike is left out of a fit, the third first."""


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """Quotes that a fit did not see; bid and ask in coin."""

    strike: Floats
    is_call: Flags
    bid: Floats
    ask: Floats


def months(recordings: Path) -> list[Path]:
    return sorted((recordings / "deribit").glob("deribit_option_chain_*.parquet"))


def read(path: Path) -> pl.DataFrame:
    frame = pl.read_parquet(path)
    return frame.with_columns(
        coin=pl.col("currency").cast(pl.String),
        is_call=pl.col("option_type").cast(pl.String).str.to_lowercase().str.starts_with("c"),
        years=(pl.col("expiry_datetime") - pl.col("timestamp")).dt.total_microseconds() / 1e6 / YEAR_SECONDS,
    )


def snapshots(frame: pl.DataFrame, count: int) -> list[pl.DataFrame]:
    """``count`` snapshots spread evenly over the file, one frame per coin."""
    times = frame["timestamp"].unique().sort()
    picked = [times[round(i * (len(times) - 1) / max(count - 1, 1))] for i in range(count)]
    found = []
    for at in picked:
        rows = frame.filter(pl.col("timestamp") == at).sort("expiry_datetime", "strike", "is_call")
        found += [rows.filter(pl.col("coin") == coin) for coin in ("BTC", "ETH")]
    return found


def slices(rows: pl.DataFrame) -> list[tuple[SliceQuotes, LeftOut]]:
    """Quotes of each expiry with every fifth out-of-the-money strike taken out, and what was taken."""
    return [
        _slice(group) for _, group in rows.group_by("expiry_datetime", maintain_order=True) if group["years"][0] > 0
    ]


def parity_forwards(frame: pl.DataFrame) -> Floats:
    """The forward of every row's snapshot and expiry that its marks imply; the recorded one where there is no pair."""
    key = ["timestamp", "coin", "expiry_datetime"]
    pairs = frame.pivot(on="is_call", index=[*key, "strike"], values="mark_price")
    implied = [
        (*name, forwards.parity_forward(*(group[each].fill_null(np.nan).to_numpy() for each in ("strike", "true", "false"))))
        for name, group in pairs.group_by(key)
    ]
    table = pl.DataFrame(implied, schema=[*((each, frame.schema[each]) for each in key), ("forward", pl.Float64)], orient="row")
    joined = frame.join(table, on=key, how="left", maintain_order="left").with_columns(pl.col("forward").fill_nan(None))
    return joined["forward"].fill_null(joined["underlying"]).to_numpy()


def _slice(group: pl.DataFrame) -> tuple[SliceQuotes, LeftOut]:
    forward = float(group["underlying"].median())
    strike, is_call = group["strike"].to_numpy(), group["is_call"].to_numpy()
    bid, ask = (group[side].fill_null(np.nan).to_numpy().copy() for side in ("bid_price", "ask_price"))
    otm = np.flatnonzero(np.where(is_call, strike >= forward, strike < forward))
    out = otm[np.argsort(strike[otm], kind="stable")][2::LEFT_OUT_EVERY]
    left_out = LeftOut(strike[out], is_call[out], bid[out], ask[out])
    bid[out] = ask[out] = np.nan
    name = f"{group['coin'][0]}-{group['expiry_datetime'][0]:%d%b%y}"
    quotes = SliceQuotes(
        underlying_name=name, forward=forward, years=group["years"][0], strike=strike, is_call=is_call, bid=bid, ask=ask
    )
    return quotes, left_out
