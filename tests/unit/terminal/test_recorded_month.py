import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from terminal.trading_month.recorded import BadRecording, NoSuchMonth, read_month
from tests.unit.gateway.chains import AT, ROW, put, row, write_chain

MONTH = "2026-02"


def test_month_is_its_snapshots_in_order(tmp_path: Path) -> None:
    later = AT + dt.timedelta(hours=1)
    write_chain(tmp_path, [row(timestamp=later, snapshot="b"), row(bid_price=None), put()])
    found = read_month(tmp_path, MONTH)
    assert [(one.rows, one.missing_bids, one.missing_asks) for one in found] == [(2, 1, 0), (1, 0, 0)]


def test_month_without_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoSuchMonth, match="no recorded option chain of 1999-01"):
        read_month(tmp_path, "1999-01")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"timestamp": AT.replace(tzinfo=None)}, "column timestamp: Datetime"),
        ({"strike": "eighty"}, "column strike: String"),
        ({"instrument_name": 7}, "column instrument_name: Int64"),
        ({"timestamp": None}, "column timestamp: Null"),
    ],
)
def test_wrong_type_is_named(tmp_path: Path, changes: dict[str, object], sentence: str) -> None:
    write_chain(tmp_path, [row(**changes)])
    with pytest.raises(BadRecording, match=sentence):
        read_month(tmp_path, MONTH)


def test_missing_time_column_and_file_of_another_form_are_named(tmp_path: Path) -> None:
    write_chain(tmp_path, [row(), row(timestamp=None)])
    with pytest.raises(BadRecording, match="column timestamp: missing in 1 rows"):
        read_month(tmp_path, MONTH)
    path = write_chain(tmp_path, [{key: value for key, value in ROW.items() if key != "snapshot"}])
    with pytest.raises(BadRecording, match="lacks the column snapshot"):
        read_month(tmp_path, MONTH)
    path.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(BadRecording, match=f"{path.name} cannot be read"):
        read_month(tmp_path, MONTH)


def test_recorded_month_reads(recordings: Path) -> None:
    path = recordings / "deribit" / "deribit_option_chain_202602.parquet"
    recorded = pl.read_parquet(path, columns=["snapshot"])
    assert sum(snapshot.rows for snapshot in read_month(path.parent, MONTH)) == recorded.height
