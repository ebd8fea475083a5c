import datetime as dt
import math
from pathlib import Path

import polars as pl
import pytest

from gateway.feeds.chain_files import RecordingError, list_chain_files, read_chain, read_snapshot_index
from tests.unit.gateway.chains import AT, ROW, put, row, write_chain


def test_chain_keeps_nulls(tmp_path: Path) -> None:
    path = write_chain(tmp_path, [row(bid_price=None), put(ask_price=None)])

    chain = read_chain(path)

    assert (chain.rows_refused, chain.recorded_by_snapshot) == (0, {"20260201T045402Z": 2})
    assert chain.rows["bid_price"].to_list() == [None, 0.015]
    assert chain.rows["ask_price"].to_list() == [0.0165, None]


@pytest.mark.parametrize(
    ("changes", "column", "why"),
    [
        ({"bid_price": 0.02}, "bid_price", "bid above ask"),
        ({"bid_price": -0.001}, "bid_price", "must be above 0"),
        ({"bid_price": 0.0}, "bid_price", "must be above 0"),
        ({"ask_price": math.nan}, "ask_price", "not a finite number"),
        ({"underlying": math.inf}, "underlying", "not a finite number"),
        ({"index_price": None}, "index_price", "missing"),
        ({"mark_price": -1.0}, "mark_price", "must not be negative"),
        ({"implied_volatility": -0.1}, "implied_volatility", "must not be negative"),
        ({"open_interest": None}, "open_interest", "missing"),
        ({"instrument_name": "DOGE-6FEB26-80000-C"}, "instrument_name", "not the name of an option"),
        ({"instrument_name": "BTC-PERPETUAL"}, "instrument_name", "not the name of an option"),
        ({"strike": 81000.0}, "strike", "contradicts the name"),
        ({"option_type": "put"}, "option_type", "contradicts the name"),
        ({"option_type": "straddle"}, "option_type", "neither call nor put"),
        ({"currency": "ETH"}, "currency", "contradicts the name"),
        ({"expiry_datetime": dt.datetime(2026, 2, 7, 8, tzinfo=dt.UTC)}, "expiry_datetime", "contradicts the name"),
        (
            {"timestamp": dt.datetime(2026, 2, 6, 8, tzinfo=dt.UTC)},
            "expiry_datetime",
            "expired before it was recorded",
        ),
    ],
)
def test_bad_row_is_refused_by_name(tmp_path: Path, changes: dict[str, object], column: str, why: str) -> None:
    path = write_chain(tmp_path, [put(), row(**changes)])

    chain = read_chain(path)

    assert chain.rows["instrument_name"].to_list() == ["BTC-6FEB26-80000-P"]
    assert chain.rows_refused == 1
    fault = chain.faults[0]
    assert (fault.file, fault.row, fault.column, fault.why) == (path.name, 2, column, why)
    assert column in str(fault) and fault.value in str(fault)


def test_repeated_row_is_refused_and_the_first_kept(tmp_path: Path) -> None:
    chain = read_chain(write_chain(tmp_path, [row(), row(bid_price=0.014)]))

    assert chain.rows["bid_price"].to_list() == [0.015]
    assert [(fault.row, fault.why) for fault in chain.faults] == [(2, "twice in one snapshot")]


def test_naive_timestamps_refuse_the_file(tmp_path: Path) -> None:
    path = write_chain(tmp_path, [row(timestamp=AT.replace(tzinfo=None))])

    with pytest.raises(RecordingError, match="column timestamp: the times have no time zone"):
        read_chain(path)


def test_wrong_type_refuses_the_file(tmp_path: Path) -> None:
    path = write_chain(tmp_path, [row(strike="eighty")])

    with pytest.raises(RecordingError, match="column strike: String is not a number"):
        read_chain(path)


def test_missing_column_refuses_the_file(tmp_path: Path) -> None:
    without = {key: value for key, value in ROW.items() if key != "mark_price"}

    with pytest.raises(RecordingError, match="lacks the column mark_price"):
        read_snapshot_index(write_chain(tmp_path, [without]))


def test_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "deribit_option_chain_202601.parquet"
    path.write_bytes(b"not a parquet file at all")

    with pytest.raises(RecordingError, match=r"deribit_option_chain_202601.parquet cannot be read"):
        read_chain(path)


def test_folders_without_chains_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="does not exist"):
        list_chain_files(tmp_path / "nowhere")
    with pytest.raises(RecordingError, match="holds no option chain"):
        list_chain_files(tmp_path)


def test_published_csv_snapshot_equals_the_parquet(recordings: Path) -> None:
    folder = recordings / "deribit"
    snapshot = "20260206T043012Z"
    csv = read_chain(folder / f"deribit_options_snapshot_{snapshot}.csv.gz")
    parquet = read_chain(folder / "deribit_option_chain_202602.parquet")

    same = parquet.rows.filter(pl.col("snapshot") == snapshot)
    assert csv.rows_refused == 0
    assert csv.rows.drop("timestamp").equals(same.drop("timestamp"), null_equal=True)
