"""Recorded marks of dated futures and prices of perpetuals, aligned to the snapshots by their timestamp in ms."""

import dataclasses
import math
from pathlib import Path

import polars as pl

from gateway.feeds.chain_files import FAULTS_KEPT_MAX, RecordingError, RowFault
from wire.instruments import UnknownInstrumentName, parse_instrument_name

TERM_PATTERN = "term_futures_marks_*.csv.gz"
PERPETUAL_PATTERN = "perpetual_futures_prices_*.csv.gz"


@dataclasses.dataclass(slots=True)
class FutureMarks:
    """``marks``: snapshot time in ms -> name -> mark in USD. Refused rows are counted and named."""

    marks: dict[int, dict[str, float]]
    rows_recorded: int
    rows_refused: int
    faults: list[RowFault]


def read_future_marks(folder: Path) -> FutureMarks:
    """All marks of a recording; empty where it has no such files. Raises RecordingError for files of another form."""
    found = FutureMarks({}, 0, 0, [])
    for pattern, name_column, price_column in (
        (TERM_PATTERN, "futures_instrument_name", "term_mark_price_final"),
        (PERPETUAL_PATTERN, "instrument_name", "perp_futures_mark_price"),
    ):
        for path in sorted(folder.glob(pattern)):
            _read(path, name_column, price_column, found)
    return found


def _read(path: Path, name_column: str, price_column: str, found: FutureMarks) -> None:
    columns = ["snapshot_timestamp_ms", name_column, price_column]
    try:
        frame = pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise RecordingError(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    for column in columns:
        if column not in frame.columns:
            raise RecordingError(f"{path.name} lacks the column {column}.")
    if not frame.schema[price_column].is_numeric():
        raise RecordingError(f"{path.name}, column {price_column}: {frame.schema[price_column]} is not a number.")
    if not frame.schema["snapshot_timestamp_ms"].is_integer():
        raise RecordingError(f"{path.name}, column snapshot_timestamp_ms: not a whole number of ms.")
    found.rows_recorded += frame.height
    known: dict[str, bool] = {}
    for row, (at_ms, name, price) in enumerate(frame.select(columns).iter_rows(), start=1):
        if name not in known:
            known[name] = _is_name(name)
        fault = _find_fault(path, row, (name_column, name, known[name]), (price_column, price))
        if fault is None and at_ms is not None:
            found.marks.setdefault(at_ms, {})[name] = float(price)
            continue
        found.rows_refused += 1
        if fault is not None and len(found.faults) < FAULTS_KEPT_MAX:
            found.faults.append(fault)


def _is_name(name: object) -> bool:
    try:
        parse_instrument_name(str(name))
    except UnknownInstrumentName:
        return False
    return True


def _find_fault(
    path: Path, row: int, name: tuple[str, object, bool], price: tuple[str, float | None]
) -> RowFault | None:
    if not name[2]:
        return RowFault(path.name, row, name[0], str(name[1]), "not the name of an instrument")
    if price[1] is None or not math.isfinite(price[1]) or price[1] <= 0:
        return RowFault(path.name, row, price[0], str(price[1]), "must be above 0")
    return None
