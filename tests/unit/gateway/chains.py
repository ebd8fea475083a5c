"""Builders of small recorded chains."""

import datetime as dt
from pathlib import Path

import polars as pl

AT = dt.datetime(2026, 2, 1, 4, 54, 2, 172460, tzinfo=dt.UTC)
ROW = {
    "timestamp": AT,
    "instrument_name": "BTC-6FEB26-80000-C",
    "underlying": 78930.0,
    "underlying_name": "BTC-6FEB26",
    "option_type": "call",
    "strike": 80000.0,
    "expiry_datetime": dt.datetime(2026, 2, 6, 8, tzinfo=dt.UTC),
    "bid_price": 0.015,
    "ask_price": 0.0165,
    "mark_price": 0.0157,
    "implied_volatility": 0.52,
    "open_interest": 120.0,
    "currency": "BTC",
    "index_price": 78950.0,
    "snapshot": "20260201T045402Z",
}


def row(**changes: object) -> dict[str, object]:
    return {**ROW, **changes}


def put(**changes: object) -> dict[str, object]:
    return row(**{"instrument_name": "BTC-6FEB26-80000-P", "option_type": "put", **changes})


def write_chain(folder: Path, rows: list[dict[str, object]], *, name: str = "202602", **overrides: pl.DataType) -> Path:
    path = folder / f"deribit_option_chain_{name}.parquet"
    frame = pl.DataFrame(rows, schema_overrides={"bid_price": pl.Float64, "ask_price": pl.Float64, **overrides})
    frame.write_parquet(path)
    return path
