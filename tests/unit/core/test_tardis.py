"""CSV files of the Tardis layout through the core, and the book that they build."""

import gzip
from pathlib import Path

import numpy as np
import parley_core
import pytest

from gateway.feeds import tardis

INCREMENTAL = """exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount
binance,BTCUSDT,1000,2000,true,bid,99.5,1
binance,BTCUSDT,1000,2000,true,ask,100,2
binance,ETHUSDT,1000,2000,true,ask,7,2
binance,BTCUSDT,1001,2001,false,bid,99.5,0
binance,BTCUSDT,1001,2001,false,ask,99.5,3
binance,BTCUSDT,1002,2002,false,bid,99,1
"""
SIZES = {"BTCUSDT": ("0.5", "1")}


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "binance_incremental_book_L2_2024-08-08_BTCUSDT.csv.gz"
    path.write_bytes(gzip.compress(INCREMENTAL.encode()))
    return path


def test_incremental_file_builds_the_book(recorded: Path) -> None:
    feed = parley_core.VenueFeed("recorded")
    feed.list_instrument("BTCUSDT", *SIZES["BTCUSDT"])
    taken = [feed.apply_updates(updates) for updates in tardis.read_updates(recorded, "incremental_book_L2", SIZES)]
    assert sum(taken) == 6
    assert feed.depth(0, 9) == (([198], [1]), ([199, 200], [3, 2]))
    assert feed.sync_counts(0)["crossed"] == 0


def test_parts_of_any_size_give_the_same_updates(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate([*tardis.read_updates(recorded, "incremental_book_L2", SIZES)])
    for size in (1, 7, 64, 200):
        monkeypatch.setattr(tardis, "READ_BYTES", size)
        parts = np.concatenate([*tardis.read_updates(recorded, "incremental_book_L2", SIZES)])
        assert parts.tobytes() == whole.tobytes()


def test_malformed_row_is_named_with_its_place_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.csv"
    path.write_text(INCREMENTAL.replace("bid,99,1", "bid,99.1,1"))
    monkeypatch.setattr(tardis, "READ_BYTES", 100)
    with pytest.raises(parley_core.FrameRefused, match="excess_digits") as raised:
        list(tardis.read_updates(path, "incremental_book_L2", SIZES))
    assert raised.value.offset == INCREMENTAL.index("binance,BTCUSDT,1002")


def test_message_without_end_is_refused_instead_of_held(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tardis, "READ_BYTES", 50)
    monkeypatch.setattr(tardis, "CARRIED_BYTES_MAX", 60)
    with pytest.raises(ValueError, match="more than 60 bytes"):
        list(tardis.read_updates(recorded, "incremental_book_L2", SIZES))


def test_trades_and_quotes(tmp_path: Path) -> None:
    head = "exchange,symbol,timestamp,local_timestamp"
    trades, quotes = tmp_path / "trades.csv", tmp_path / "quotes.csv"
    trades.write_text(f"{head},id,side,price,amount\nb,BTCUSDT,1,2,77,sell,100,1\nb,BTCUSDT,1,2,78,unknown,100,1\n")
    quotes.write_text(f"{head},ask_amount,ask_price,bid_price,bid_amount\nb,BTCUSDT,1,2,3,100,,\n")
    (read,) = tardis.read_updates(trades, "trades", SIZES)
    assert read[["last_sequence", "side", "flags", "price_ticks"]].tolist() == [(77, 1, 2, 200), (78, 0, 6, 200)]
    (read,) = tardis.read_updates(quotes, "quotes", SIZES)
    assert read[["kind", "side", "price_ticks", "quantity_lots"]].tolist() == [(2, 0, 0, 0), (2, 1, 200, 3)]
