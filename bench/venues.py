"""Recorded frames a second through a venue's adapter, from bytes to books, beside ccxt where it can be imported.

    python -m bench.venues [--frames 4000] [--runs 7] [--quick]

Needs the recordings of PARLEY_DATA. ``decoder``: the core's alone. ``adapter``: ``client.take`` of gateway/venues,
which also reads tickers and trades, counts and watches for gaps. ``ccxt``: json.loads and the handler of ccxt.pro,
which checks no sequence at Deribit; put it on PYTHONPATH from an environment of its own. Processor time, median of the
runs.
"""

import argparse
import asyncio
import gzip
import json
import os
import statistics
import tarfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import parley_core

from gateway.venues.binance.client import BinanceClient
from gateway.venues.books import VenueInstrument
from gateway.venues.deribit.client import DeribitClient
from gateway.venues.settings import VenueEntry

Frames = list[bytes]
Play = Callable[[], Callable[[bytes], object]]
DATA = Path(os.environ.get("PARLEY_DATA", Path(__file__).parents[2] / "shared" / "data"))


def deribit_frames() -> Frames:
    with tarfile.open(DATA / "venue_frames" / "DERIBIT.tar.gz") as archive:
        member = archive.extractfile("DERIBIT.ws.1.0")
        assert member is not None
        return [line.partition(b": ")[2] for line in member.read().splitlines() if line[:1].isdigit()]


def binance_frames(count: int) -> Frames:
    """The first snapshot, then the stream from its beginning: what the snapshot holds already is dropped by all."""
    frames: Frames = []
    snapshot = b""
    with gzip.open(DATA / "binance_l2" / "spot_btcusdt_20240808.gz", "rb") as lines:
        for line in lines:
            frame = line.partition(b" ")[2].strip()
            if b'"lastUpdateId"' in frame:
                snapshot = snapshot or frame
            else:
                frames.append(frame)
            if snapshot and len(frames) >= count:
                break
    return [snapshot, *frames]


def instrument(name: str, symbol: str, tick: str, step: str) -> VenueInstrument:
    return VenueInstrument(name=name, symbol=symbol, price_tick=Decimal(tick), amount_step=Decimal(step))


def names_of(frames: Frames) -> list[str]:
    return sorted({json.loads(f)["params"]["data"]["instrument_name"] for f in frames if b'"channel":"book' in f})


def deribit_plays(frames: Frames) -> dict[str, Play]:
    names = names_of(frames)

    def decoder() -> Callable[[bytes], object]:
        feed = parley_core.VenueFeed("deribit")
        for name in names:
            feed.list_instrument(name, "0.0001", "0.1")
        return lambda frame: feed.apply_frame(frame, 1)

    def adapter() -> Callable[[bytes], object]:
        client = DeribitClient(VenueEntry(name="v", adapter="deribit"))
        for name in names:
            client.books.list_instrument(instrument(name, name, "0.0001", "0.1"))
        return lambda frame: client.take(frame, 1)

    return {"decoder": decoder, "adapter": adapter}


def binance_plays() -> dict[str, Play]:
    def decoder() -> Callable[[bytes], object]:
        feed = parley_core.VenueFeed("binance_spot")
        feed.list_instrument("BTCUSDT", "0.01", "0.00000001")
        return lambda frame: feed.apply_frame(frame, 1, 0)

    def adapter() -> Callable[[bytes], object]:
        client = BinanceClient(VenueEntry(name="v", adapter="binance_spot", instruments=["BTC_USDT"]))
        client.books.list_instrument(instrument("BTC_USDT", "BTCUSDT", "0.01", "0.00000001"))
        client._names["BTCUSDT"] = "BTC_USDT"

        def take(frame: bytes) -> None:
            if b'"lastUpdateId"' in frame[:40]:
                client.books.apply(frame, 1, 0)
            else:
                client.take(frame, 1)

        return take

    return {"decoder": decoder, "adapter": adapter}


class CcxtClient:
    """What a handler of ccxt asks of its connection."""

    url = "wss://stream.binance.com:9443/ws"
    subscriptions: dict[str, object] = {}

    def resolve(self, *_: Any) -> None:
        """Nobody waits."""


def ccxt_plays(frames: Frames) -> dict[str, dict[str, Play]]:
    """Empty where ccxt is not there."""
    try:
        import ccxt.pro
    except ImportError:
        return {}

    def deribit() -> Callable[[bytes], object]:
        exchange, client = ccxt.pro.deribit(), CcxtClient()
        exchange.set_markets([exchange.safe_market_structure({"id": n, "symbol": n}) for n in names_of(frames)])

        def take(frame: bytes) -> None:
            message = json.loads(frame)
            channel = message.get("params", {}).get("channel", "")
            if channel.startswith("book"):
                exchange.handle_order_book(client, message)
            elif channel.startswith("ticker"):
                exchange.handle_ticker(client, message)

        return take

    def binance() -> Callable[[bytes], object]:
        exchange, client = ccxt.pro.binance(), CcxtClient()
        market = {"id": "BTCUSDT", "symbol": "BTC/USDT", "spot": True, "type": "spot", "base": "BTC", "quote": "USDT"}
        exchange.set_markets([exchange.safe_market_structure(market)])

        def take(frame: bytes) -> None:
            message = json.loads(frame)
            if "lastUpdateId" in message:
                snapshot = exchange.parse_order_book(message, "BTC/USDT")
                snapshot["nonce"] = message["lastUpdateId"]
                exchange.orderbooks["BTC/USDT"] = exchange.order_book(snapshot)
                return
            message = message.get("data", message)
            if message.get("e") == "depthUpdate":
                exchange.handle_order_book(client, message)

        return take

    return {"deribit": {"ccxt": deribit}, "binance_spot": {"ccxt": binance}}


async def measure(play: Play, frames: Frames, runs: int) -> float:
    """Nanoseconds of processor time a frame. In a loop, as the gateway runs it."""
    took = []
    for _ in range(runs):
        take = play()
        began = time.process_time_ns()
        for frame in frames:
            take(frame)
        took.append((time.process_time_ns() - began) / len(frames))
        await asyncio.sleep(0)
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=4_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    if not (DATA / "venue_frames").is_dir():
        print("skipped, no recordings")
        return
    deribit, binance = deribit_frames(), binance_frames(500 if given.quick else given.frames)
    work = {"deribit": (deribit, deribit_plays(deribit)), "binance_spot": (binance, binance_plays())}
    peers = ccxt_plays(deribit)
    for venue, (frames, plays) in work.items():
        size = sum(map(len, frames)) / len(frames)
        print(f"{venue}: {len(frames)} recorded frames of {size:.0f} bytes on average")
        for name, play in (plays | peers.get(venue, {})).items():
            spent = asyncio.run(measure(play, frames, 2 if given.quick else given.runs))
            print(f"  {name:8} {spent:>10,.0f} ns/frame {1e9 / spent:>10,.0f} frames/s")
    if not peers:
        print("  ccxt is not installed: no peer")


if __name__ == "__main__":
    main()
