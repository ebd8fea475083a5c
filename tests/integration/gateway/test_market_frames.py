"""What a reader of the market sees: pace, completeness, steps, staleness."""

import datetime as dt
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.venues.publisher import FRAMES_A_SECOND, OWN_PREFIXES
from tests.integration.gateway import rig
from tests.unit.gateway.chains import put, row, write_chain
from wire.gateway import InstrumentDelivered, InstrumentListed
from wire.limits import MARKET_FRAMES_PER_SECOND_MAX
from wire.market import Ticker, VenueStatus
from wire.transport import FEED_CONTROL, MARKET_CHANNEL, MARKET_LATEST

pytestmark = pytest.mark.processes

TRADES_ELSEWHERE = "market_trades."
"""Told when there are any, not each second."""
SLOW_SECONDS = 60
"""A machine that does other things too takes longer than the two or three seconds in which every key comes twice."""


def status_of(desk: rig.Dispatcher) -> VenueStatus | None:
    frame: Any = desk.client.hget(MARKET_LATEST, "venue.status")
    return msgspec.json.decode(frame, type=VenueStatus) if frame else None


def wait_for_snapshot(desk: rig.Dispatcher, snapshot: str) -> VenueStatus:
    def find() -> VenueStatus | None:
        status = status_of(desk)
        return status if status and status.snapshot == snapshot else None

    return rig.wait_for(find, f"snapshot {snapshot}")


def wait_for_deliveries(desk: rig.Dispatcher, count: int) -> dict[str, float]:
    """Delivery prices in dollars by name of contract; the frames may outrun the events."""

    def find() -> dict[str, float] | None:
        told = [each.event for each in desk.events]
        names = {event.instrument_id: event.terms.name for event in told if isinstance(event, InstrumentListed)}
        prices = {
            names[event.instrument_id]: event.delivery_price_micros / 1e6
            for event in told
            if isinstance(event, InstrumentDelivered)
        }
        return prices if len(prices) >= count else None

    return rig.wait_for(find, f"{count} deliveries")


def at(day: int, hour: int, snapshot: str) -> dict[str, object]:
    return {"timestamp": dt.datetime(2026, 2, day, hour, tzinfo=dt.UTC), "snapshot": snapshot}


def test_every_key_comes_each_second_in_bounded_batches(tmp_path: Path) -> None:
    with rig.running(tmp_path, "--simulated", "--seed", "5") as (_, _, desk):
        desk.quoted("ETH-PERPETUAL")
        time.sleep(1)
        with desk.client.pubsub() as channel:
            began = time.monotonic()
            channel.subscribe(MARKET_CHANNEL)
            channel.get_message(timeout=60)
            batches, seen = Counter[bool](), Counter[str]()
            while (took := time.monotonic() - began) < 3 or not is_told_again(desk, seen):
                assert took < SLOW_SECONDS, "every key is told each second"
                message = channel.get_message(timeout=0.2)
                if message and message["type"] == "message":
                    keys = [key for key, _ in msgspec.msgpack.decode(message["data"])]
                    batches[keys[0].startswith(OWN_PREFIXES)] += 1
                    seen.update(keys)

        counts = sorted(count for key, count in seen.items() if not key.startswith(TRADES_ELSEWHERE))
        assert counts[len(counts) // 2] >= took / 3, "the typical one comes each second, on a slow machine too"
        assert batches[False] <= took * MARKET_FRAMES_PER_SECOND_MAX + 2
        assert batches[True] <= took * FRAMES_A_SECOND + 2, "of what trades elsewhere"


def is_told_again(desk: rig.Dispatcher, seen: Counter[str]) -> bool:
    """Whether every key that is kept has come twice."""
    latest = {key.decode() for key in desk.client.hkeys(MARKET_LATEST)}
    return all(seen[key] >= 2 for key in latest if not key.startswith(TRADES_ELSEWHERE))


def test_steps_show_a_snapshot_completely_before_they_say_so(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    folder.mkdir()
    later = {"expiry_datetime": dt.datetime(2026, 2, 13, 8, tzinfo=dt.UTC), "underlying_name": "SYN.BTC-13FEB26"}
    write_chain(
        folder,
        [
            row(**at(5, 5, "one"), index_price=70_000.0),
            put(**at(5, 5, "one"), bid_price=None, index_price=70_000.0),
            row(**at(6, 9, "two"), index_price=60_000.0, instrument_name="BTC-13FEB26-80000-C", **later),
            row(**at(6, 9, "two"), instrument_name="BTC-13FEB26-90000-C", strike=90_000.0, bid_price=0.9, **later),
        ],
    )
    with rig.running(tmp_path, "--recording", str(folder), "--speed", "step") as (_, gateway, desk):
        rig.wait_for(lambda: (s := status_of(desk)) and s.state == "waiting", "the wait for a step")
        desk.client.rpush(FEED_CONTROL, msgspec.json.encode({"step": 1}))
        wait_for_snapshot(desk, "one")

        call, put_ticker = desk.ticker("BTC-6FEB26-80000-C"), desk.ticker("BTC-6FEB26-80000-P")
        assert call and put_ticker
        assert (call.bid_price, call.ask_price, call.mark_price) == ("0.0150", "0.0165", 0.0157)
        assert (call.mark_volatility, call.bid_quantity) == (0.52, "6.0")
        assert (put_ticker.bid_price, put_ticker.ask_price, put_ticker.bid_volatility) == (None, "0.0165", None)

        gateway.kill()
        gateway.start()
        time.sleep(0.2)
        rig.wait_for(lambda: desk.heartbeat()["state"] == "running", "the restart")
        desk.client.rpush(FEED_CONTROL, msgspec.json.encode({"step": 1}))
        status = wait_for_snapshot(desk, "two")

        assert (status.rows_recorded, status.rows_ingested, status.rows_refused) == (4, 3, 1)
        assert "bid above ask" in status.detail
        delivered = wait_for_deliveries(desk, 3)
        # 07:45 is 26.75 of the 28 hours from 70,000 down to 60,000
        price = pytest.approx(70_000 - 10_000 * 26.75 / 28, abs=0.01)
        assert delivered == {"BTC-6FEB26-80000-C": price, "BTC-6FEB26-80000-P": price, "BTC-6FEB26": price}
        assert desk.ticker("BTC-6FEB26-80000-C") is None


def test_name_that_a_snapshot_lacks_is_withdrawn(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    folder.mkdir()
    write_chain(folder, [row(**at(1, 5, "one")), put(**at(1, 5, "one")), row(**at(1, 6, "two"))])
    with rig.running(tmp_path, "--recording", str(folder), "--speed", "step") as (_, _, desk):
        desk.client.rpush(FEED_CONTROL, msgspec.json.encode({"step": 2}))
        wait_for_snapshot(desk, "two")

        gone, kept = desk.ticker("BTC-6FEB26-80000-P"), desk.ticker("BTC-6FEB26-80000-C")
        assert gone and kept
        assert (gone.bid_price, gone.ask_price, gone.mark_price, gone.mark_volatility) == (None, None, None, None)
        assert kept.bid_price == "0.0150"


def test_finished_recording_goes_stale(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    folder.mkdir()
    write_chain(folder, [row()])
    with rig.running(tmp_path, "--recording", str(folder), "--speed", "1000") as (_, _, desk):
        rig.wait_for(lambda: (s := status_of(desk)) and s.state == "finished", "the end")
        time.sleep(1.2)
        one = desk.ticker("BTC-PERPETUAL")
        time.sleep(1.2)
        assert one == desk.ticker("BTC-PERPETUAL")
        assert isinstance(one, Ticker)


def test_recorded_february_is_shown_as_recorded(tmp_path: Path, recordings: Path) -> None:
    """One real snapshot, name by name, from the file to the frames."""
    import polars as pl

    source = ("--recording", str(recordings / "deribit"), "--speed", "step", "--from", "2026-02-05T18:00")
    with rig.running(tmp_path, *source) as (_, _, desk):
        desk.client.rpush(FEED_CONTROL, msgspec.json.encode({"step": 1}))
        status = rig.wait_for(lambda: (s := status_of(desk)) and s.snapshot and s, "a snapshot")
        chain = pl.read_parquet(recordings / "deribit" / "deribit_option_chain_202602.parquet")
        rows = chain.filter(pl.col("snapshot").cast(pl.String) == status.snapshot)
        frames: Any = desk.client.hgetall(MARKET_LATEST)

        assert status.rows_ingested == rows.height > 1_000
        for name, bid, ask, mark, volatility in rows.select(
            pl.col("instrument_name").cast(pl.String), "bid_price", "ask_price", "mark_price", "implied_volatility"
        ).iter_rows():
            ticker = msgspec.json.decode(frames[f"ticker.{name}".encode()], type=Ticker)
            shown = tuple(float(price) if price else None for price in (ticker.bid_price, ticker.ask_price))
            assert (*shown, ticker.mark_price, ticker.mark_volatility) == (bid, ask, mark, volatility)
