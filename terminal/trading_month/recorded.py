"""What the recording says, read straight from its files: the yardstick for what the processes made of it."""

import datetime as dt
from pathlib import Path

import msgspec
import polars as pl

from common import clock

COINS = ("BTC", "ETH")


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


def read_month(folder: Path, month: str) -> list[RecordedSnapshot]:
    """Snapshots of ``month`` (``YYYY-MM``) in the order of time. Raises NoSuchMonth."""
    path = folder / f"deribit_option_chain_{month.replace('-', '')}.parquet"
    if not path.is_file():
        raise NoSuchMonth(folder, month)
    frame = pl.read_parquet(path).with_columns(
        pl.col("instrument_name", "underlying_name", "option_type", "currency", "snapshot").cast(pl.String)
    )
    snapshots = [_snapshot(key[0], chain) for key, chain in frame.group_by(["snapshot"], maintain_order=True)]
    if not snapshots:
        raise NoSuchMonth(folder, month)
    return sorted(snapshots, key=lambda snapshot: snapshot.market_time_ns)


def _snapshot(snapshot_id: object, chain: pl.DataFrame) -> RecordedSnapshot:
    newest = chain["timestamp"].max()
    assert isinstance(newest, dt.datetime)
    return RecordedSnapshot(snapshot_id=str(snapshot_id), market_time_ns=clock.to_ns(newest), chain=chain)
