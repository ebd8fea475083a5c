"""What the recording says, read straight from its files: the yardstick for what the processes made of it."""

import datetime as dt
from pathlib import Path

import msgspec
import polars as pl

from common import clock

COINS = ("BTC", "ETH")
TEXT_COLUMNS = ("instrument_name", "underlying_name", "option_type", "currency", "snapshot")
NUMBER_COLUMNS = ("strike", "bid_price", "ask_price", "mark_price", "implied_volatility", "underlying", "index_price")
TIME_COLUMNS = ("timestamp", "expiry_datetime")


class RecordedSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of the recording. ``chain``: its rows, one per option, as recorded."""

    snapshot_id: str
    market_time_ns: int
    chain: pl.DataFrame

    @property
    def rows(self) -> int:
        return self.chain.height

    @property
    def missing_bids(self) -> int:
        return self.chain["bid_price"].null_count()

    @property
    def missing_asks(self) -> int:
        return self.chain["ask_price"].null_count()

    def at(self) -> dt.datetime:
        return clock.from_ns(self.market_time_ns)


class NoSuchMonth(ValueError):
    """The recording holds no file, or no row, of the month."""

    def __init__(self, folder: Path, month: str) -> None:
        super().__init__(f"no recorded option chain of {month} in {folder}")


class BadRecording(ValueError):
    """A file of the recording that is no option chain; the message is a sentence that names it."""


def read_month(folder: Path, month: str) -> list[RecordedSnapshot]:
    """Snapshots of ``month`` (``YYYY-MM``) in the order of time. Raises NoSuchMonth, BadRecording."""
    path = folder / f"deribit_option_chain_{month.replace('-', '')}.parquet"
    if not path.is_file():
        raise NoSuchMonth(folder, month)
    frame = _open(path)
    snapshots = [_snapshot(key[0], chain) for key, chain in frame.group_by(["snapshot"], maintain_order=True)]
    if not snapshots:
        raise NoSuchMonth(folder, month)
    return sorted(snapshots, key=lambda snapshot: snapshot.market_time_ns)


def _open(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadRecording(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    for column in (*TEXT_COLUMNS, *NUMBER_COLUMNS, *TIME_COLUMNS):
        if column not in frame.columns:
            raise BadRecording(f"{path.name} lacks the column {column}.")
        if not _is_of_its_type(column, frame.schema[column]):
            raise BadRecording(f"{path.name}, column {column}: {frame.schema[column]} is not what it should be.")
    if frame["timestamp"].null_count():
        raise BadRecording(f"{path.name}, column timestamp: missing in {frame['timestamp'].null_count()} rows.")
    return frame.with_columns(pl.col(*TEXT_COLUMNS).cast(pl.String))


def _is_of_its_type(column: str, found: pl.DataType) -> bool:
    if column in TIME_COLUMNS:
        return isinstance(found, pl.Datetime) and found.time_zone is not None
    return found.is_numeric() if column in NUMBER_COLUMNS else found in (pl.String, pl.Categorical, pl.Enum)


def _snapshot(snapshot_id: object, chain: pl.DataFrame) -> RecordedSnapshot:
    newest = chain["timestamp"].max()
    assert isinstance(newest, dt.datetime)
    return RecordedSnapshot(snapshot_id=str(snapshot_id), market_time_ns=clock.to_ns(newest), chain=chain)
