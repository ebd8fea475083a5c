"""Recorded marks of dated futures and prices of perpetuals, aligned to the snapshots by their timestamp in ms."""

import dataclasses
import functools
import math
from pathlib import Path

import polars as pl

from gateway.feeds.chain_files import FAULTS_KEPT_MAX, RecordingError, RowFault
from wire.instruments import UnknownInstrumentName, parse_instrument_name

TERM_PATTERN = "term_futures_marks_*.csv.gz"
TIME_COLUMN = "snapshot_timestamp_ms"
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
    frame = _open(path, name_column, price_column)
    found.rows_recorded += frame.height
    for row, (at_ms, name, price) in enumerate(frame.iter_rows(), start=1):
        fault = _find_fault((TIME_COLUMN, at_ms), (name_column, name), (price_column, price))
        if fault is None:
            found.marks.setdefault(at_ms, {})[name] = float(price)
            continue
        found.rows_refused += 1
        if len(found.faults) < FAULTS_KEPT_MAX:
            found.faults.append(RowFault(path.name, row, *fault))


def _open(path: Path, name_column: str, price_column: str) -> pl.DataFrame:
    try:
        frame = pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise RecordingError(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    for column in (TIME_COLUMN, name_column, price_column):
        if column not in frame.columns:
            raise RecordingError(f"{path.name} lacks the column {column}.")
    if not frame.schema[price_column].is_numeric():
        raise RecordingError(f"{path.name}, column {price_column}: {frame.schema[price_column]} is not a number.")
    if not frame.schema[TIME_COLUMN].is_integer():
        raise RecordingError(f"{path.name}, column {TIME_COLUMN}: not a whole number of ms.")
    return frame.select(TIME_COLUMN, name_column, price_column)


@functools.cache
def _is_name(name: object) -> bool:
    try:
        parse_instrument_name(str(name))
    except UnknownInstrumentName:
        return False
    return True


def _find_fault(
    at_ms: tuple[str, int | None], name: tuple[str, object], price: tuple[str, float | None]
) -> tuple[str, str, str] | None:
    """Column, value and reason of what is wrong with a row."""
    if at_ms[1] is None:
        return at_ms[0], "None", "missing"
    if not _is_name(name[1]):
        return name[0], str(name[1]), "not the name of an instrument"
    if price[1] is None or not math.isfinite(price[1]) or price[1] <= 0:
        return price[0], str(price[1]), "must be above 0"
    return None
