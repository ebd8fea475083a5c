import asyncio
import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gateway.feeds.chain_files import RecordingError
from gateway.feeds.recording import RecordingFeed, expiries_between
from gateway.feeds.updates import MarketUpdate
from tests.unit.gateway.chains import AT, put, row, write_chain

SECOND = 1_000_000_000


def ns(*when: int) -> int:
    return int(dt.datetime(*when, tzinfo=dt.UTC).timestamp()) * SECOND


def at(day: int, hour: int, snapshot: str) -> dict[str, object]:
    return {"timestamp": dt.datetime(2026, 2, day, hour, tzinfo=dt.UTC), "snapshot": snapshot}


async def play(feed: RecordingFeed) -> list[MarketUpdate]:
    return [update async for update in feed.updates()]


async def test_snapshots_and_expiries_come_in_market_order(tmp_path: Path) -> None:
    write_chain(tmp_path, [row(**at(1, 5, "a")), row(**at(2, 9, "b")), put(**at(2, 9, "b"))])

    updates = await play(RecordingFeed(tmp_path, speed=1e7))

    times = [(update.market_time_ns, update.marker) for update in updates]
    assert times == [
        (ns(2026, 2, 1, 5), "a"),
        (ns(2026, 2, 1, 8), ""),
        (ns(2026, 2, 2, 8), ""),
        (ns(2026, 2, 2, 9), "b"),
    ]
    assert updates[0].is_complete
    assert updates[0].quotes is not None
    assert updates[0].quotes.names == ["BTC-6FEB26-80000-C", "BTC-PERPETUAL", "BTC-6FEB26"]


async def test_missing_bid_stays_missing(tmp_path: Path) -> None:
    write_chain(tmp_path, [row(bid_price=None)])
    feed = RecordingFeed(tmp_path, speed=1e7)

    quotes = (await play(feed))[0].quotes

    assert quotes is not None
    assert np.isnan(quotes.bid_prices[0]).all()
    assert np.isnan(quotes.bid_quantities[0]).all()
    assert quotes.ask_prices[0, 0] == 0.0165
    assert quotes.ask_quantities[0, 0] == 6.0  # 5 % of an open interest of 120
    assert (feed.status.null_bids, feed.status.null_asks) == (1, 0)


async def test_refused_rows_are_counted_in_the_status(tmp_path: Path) -> None:
    write_chain(tmp_path, [row(bid_price=0.9), put()])
    feed = RecordingFeed(tmp_path, speed=1e7)

    await play(feed)

    status = feed.status
    assert (status.rows_recorded, status.rows_ingested, status.rows_refused) == (2, 1, 1)
    assert "row 1, column bid_price, value 0.9: bid above ask" in status.detail
    assert status.state == "finished"


async def test_snapshot_without_a_good_row_is_still_counted(tmp_path: Path) -> None:
    write_chain(tmp_path, [row(**at(1, 5, "a")), row(**at(1, 6, "b"), index_price=-1.0)])
    feed = RecordingFeed(tmp_path, speed=1e7)

    updates = await play(feed)

    assert [(update.marker, update.quotes.names) for update in updates if update.quotes][1] == ("b", [])
    assert (feed.status.rows_recorded, feed.status.rows_refused) == (2, 1)


async def test_steps_wait_for_control(tmp_path: Path) -> None:
    write_chain(tmp_path, [row(**at(1, 5, "a")), row(**at(1, 6, "b"))])
    feed = RecordingFeed(tmp_path, speed=None)
    updates = feed.updates()
    first = asyncio.ensure_future(anext(updates))
    await asyncio.sleep(0.01)
    assert (first.done(), feed.status.state) == (False, "waiting")

    feed.apply_control({"step": 2})

    assert (await first).marker == "a"
    assert (await anext(updates)).marker == "b"


async def test_control_that_makes_no_sense_changes_nothing(tmp_path: Path) -> None:
    write_chain(tmp_path, [row()])
    feed = RecordingFeed(tmp_path, speed=None)

    for control in ({"step": 0}, {"step": True}, {"step": "1"}, {"speed": -1}, {"speed": 1e99}, {}):
        feed.apply_control(control)

    assert (feed._steps, feed._speed) == (0, None)


async def test_resumes_at_the_snapshot_it_had_reached(tmp_path: Path) -> None:
    write_chain(tmp_path, [row(**at(1, 5, "a")), row(**at(1, 6, "b")), row(**at(1, 7, "c"))])

    feed = RecordingFeed(tmp_path, speed=1e7, after_ns=ns(2026, 2, 1, 6) + 5)

    assert [update.marker for update in await play(feed)] == ["b", "c"]


async def test_future_marks_are_joined_and_what_lacks_follows_the_rules(tmp_path: Path) -> None:
    write_chain(tmp_path, [row()])
    at_ms = int(AT.timestamp() * 1000)
    pl.DataFrame(
        {
            "snapshot_timestamp_ms": [at_ms, at_ms, at_ms],
            "futures_instrument_name": ["BTC-27MAR26", "BTC-30JAN26", "nonsense"],
            "term_mark_price_final": [79257.5, 78000.0, 1.0],
        }
    ).write_csv(tmp_path / "term_futures_marks_x.csv.gz", compression="gzip")
    feed = RecordingFeed(tmp_path, speed=1e7)

    quotes = (await play(feed))[0].quotes

    assert quotes is not None
    marks = dict(zip(quotes.names, quotes.mark_price.tolist(), strict=True))
    assert marks == {
        "BTC-6FEB26-80000-C": 0.0157,
        "BTC-PERPETUAL": 78950.0,  # no recorded mark: the index
        "BTC-6FEB26": 78930.0,  # no recorded mark: the forward of its options
        "BTC-27MAR26": 79257.5,
    }
    assert "futures_instrument_name, value nonsense" in feed.status.detail


def test_delivery_price_is_the_average_of_the_interpolated_index(tmp_path: Path) -> None:
    rows = [row(**at(6, 7, "a"), index_price=100.0), row(**at(7, 9, "b"), index_price=200.0)]
    rows[1]["instrument_name"], rows[1]["expiry_datetime"] = (
        "BTC-13FEB26-80000-C",
        dt.datetime(2026, 2, 13, 8, tzinfo=dt.UTC),
    )
    write_chain(tmp_path, rows)
    feed = RecordingFeed(tmp_path, speed=None)

    # 07:00 on the 6th to 09:00 on the 7th: 26 hours; the window is centered 45 minutes after the first.
    assert feed.find_delivery_price("BTC", ns(2026, 2, 6, 8)) == pytest.approx(100 + 100 * 0.75 / 26)
    assert feed.find_delivery_price("ETH", ns(2026, 2, 6, 8)) is None


def test_range_without_snapshots_is_refused(tmp_path: Path) -> None:
    write_chain(tmp_path, [row()])

    with pytest.raises(RecordingError, match="no snapshot between"):
        RecordingFeed(tmp_path, speed=1.0, start_ns=ns(2027, 1, 1))


def test_expiries_are_every_eight_o_clock() -> None:
    assert expiries_between(ns(2026, 2, 1, 8), ns(2026, 2, 3, 8)) == [ns(2026, 2, 2, 8), ns(2026, 2, 3, 8)]
    assert expiries_between(ns(2026, 2, 1, 9), ns(2026, 2, 1, 10)) == []


async def test_february_2026_is_ingested_row_by_row(recordings: Path) -> None:
    folder = recordings / "deribit"
    feed = RecordingFeed(folder, speed=1e7, start_ns=ns(2026, 2, 1), end_ns=ns(2026, 3, 1) - 1)
    recorded = pl.read_parquet(folder / "deribit_option_chain_202602.parquet", columns=["bid_price", "ask_price"])

    bids = asks = 0
    async for update in feed.updates():
        if update.quotes is not None:
            options = np.array([name.endswith(("-C", "-P")) for name in update.quotes.names])
            bids += int(np.isnan(update.quotes.bid_prices[options, 0]).sum())
            asks += int(np.isnan(update.quotes.ask_prices[options, 0]).sum())

    status = feed.status
    assert (status.rows_recorded, status.rows_ingested, status.rows_refused) == (recorded.height, recorded.height, 0)
    nulls = (recorded["bid_price"].null_count(), recorded["ask_price"].null_count())
    assert (bids, asks) == (status.null_bids, status.null_asks) == nulls == (15_097, 5_816)
