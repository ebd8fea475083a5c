"""Recordings, and random books, delivered badly over real sockets: the books are the venue's at the end."""

import gzip
import json
import random
import tarfile

import pytest

from gateway.venues import pacing
from gateway.venues.binance.client import BinanceClient
from gateway.venues.deribit.client import DeribitClient
from gateway.venues.settings import VenueEntry
from tests.integration.gateway.desks import kept_connected, shorten, wait_for
from tests.integration.gateway.rude_venues import RudeBinance, RudeDeribit

BTC = {
    "symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT", "status": "TRADING", "contractType": "PERPETUAL",
    "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.01000000"}, {"filterType": "LOT_SIZE", "stepSize": "0.001"}],
}  # fmt: skip
SETTLE_SECONDS = 20


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    """Attempts follow at once, so that a test takes seconds."""
    shorten(monkeypatch)


def option(name: str) -> dict:
    return {
        "instrument_name": name,
        "kind": "option",
        "tick_size": 0.0001,
        "min_trade_amount": 0.1,
        "contract_size": 1.0,
    }


def random_deribit(seed: int, count: int) -> tuple[list[dict], list[dict]]:
    """Snapshot and changes of two instruments, chained by change ids as the venue chains them."""
    draw = random.Random(seed)
    names = ["BTC-25DEC26-90000-C", "BTC-25DEC26-95000-C"]
    shown: dict[str, tuple[dict, dict]] = {name: ({}, {}) for name in names}
    last = dict.fromkeys(names, 0)
    frames = []
    for number in range(count):
        name = draw.choice(names)
        sides = []
        for at, side in enumerate(shown[name]):
            changes = []
            for _ in range(draw.randint(0, 3)):
                price = round((0.05 if at else 0.03) + draw.randint(1, 50) * 0.0001, 4)
                amount = draw.choice([0.0, round(draw.randint(1, 500) / 10, 1)])
                if amount or price in side:
                    changes.append(["new" if price not in side else "change" if amount else "delete", price, amount])
                    side.pop(price, None)
                    if amount:
                        side[price] = amount
            sides.append(changes)
        change_id = 100 + number
        content = {"type": "change" if last[name] else "snapshot", "timestamp": number, "instrument_name": name}
        content |= {"change_id": change_id, "bids": sides[0], "asks": sides[1]}
        content |= {"prev_change_id": last[name]} if last[name] else {}
        last[name] = change_id
        params = {"channel": f"book.{name}.100ms", "data": content}
        frames.append({"jsonrpc": "2.0", "method": "subscription", "params": params})
    return frames, [option(name) for name in names]


def random_binance(seed: int, count: int) -> tuple[list[dict], dict]:
    draw = random.Random(seed)
    first = {"lastUpdateId": 1000, "bids": [["90000.00", "1.5"]], "asks": [["90010.00", "2.5"]]}
    frames, last = [], 1000
    for _ in range(count):
        sides = [
            [
                [
                    f"{base + sign * draw.randint(0, 200) / 100:.2f}",
                    draw.choice(["0.000", f"{draw.randint(1, 900) / 100}"]),
                ]
            ]
            for base, sign in ((90_000, -1), (90_010, 1))
        ]
        size = draw.randint(1, 5)
        frames.append(
            {
                "e": "depthUpdate",
                "E": 1,
                "T": 1,
                "s": "BTCUSDT",
                "U": last + 1,
                "u": last + size,
                "pu": last,
                "b": sides[0],
                "a": sides[1],
            }
        )
        last += size
    return frames, first


def shown(client, name: str) -> tuple[list, list]:
    levels = client.books.levels(name, 1_000, 0)
    return tuple([(float(p), float(q)) for p, q in side] for side in (levels.bids, levels.asks))


async def play_deribit(frames, listed, *, seed: int) -> None:
    async with RudeDeribit(frames, listed, seed=seed).running() as venue:
        client = DeribitClient(VenueEntry(name="v", adapter="deribit", url=f"ws://127.0.0.1:{venue.port}"))
        client._limit = pacing.RateLimit(1_000, 1_000)
        async with kept_connected(client):
            await wait_for(lambda: venue.subscribed)
            await venue.deliver(len(frames), cut_at=frozenset({len(frames) // 3, len(frames) // 2}))
            await wait_for(lambda: client.books.count_live() == len(listed))
            for name, book in venue.books.items():
                await wait_for(lambda n=name, b=book: client.books.feed.last_sequence(client.books.slots[n]) == b.last)
                assert shown(client, name) == book.best(1_000)
        assert client.status.connects == 3
        assert client.status.frames_refused == 0
        delivery = venue.delivery
        assert min(delivery.swapped, delivery.lost, delivery.duplicated) > 0, "the delivery was not rude at all"
        assert client.status.gaps > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_deribit_books_are_the_venues_after_a_rude_delivery(seed):
    frames, listed = random_deribit(seed, 800)
    await play_deribit(frames, listed, seed=seed)


async def test_the_recorded_deribit_frames_survive_a_rude_delivery(recordings):
    path = recordings / "venue_frames" / "DERIBIT.tar.gz"
    if not path.is_file():
        pytest.skip("skipped, no recordings")
    with tarfile.open(path) as archive:
        lines = archive.extractfile("DERIBIT.ws.1.0").read().splitlines()
    frames = [
        json.loads(line.partition(b": ")[2]) for line in lines if b'"channel":"book' in line and line[:1].isdigit()
    ]
    for frame in frames:
        frame["params"]["channel"] = frame["params"]["channel"].replace(".raw", ".100ms")
    names = sorted({frame["params"]["data"]["instrument_name"] for frame in frames})
    changes = frames + prolong(frames, names)
    await play_deribit(changes, [option(name) for name in names], seed=5)


def prolong(frames: list[dict], names: list[str]) -> list[dict]:
    """The capture holds few changes: its books go on with changes of recorded levels."""
    last = {frame["params"]["data"]["instrument_name"]: frame["params"]["data"]["change_id"] for frame in frames}
    draw, more = random.Random(8), []
    for number in range(400):
        name = draw.choice(names)
        content = {"type": "change", "timestamp": 1, "instrument_name": name, "prev_change_id": last[name]}
        last[name] += 1 + number
        content |= {"change_id": last[name], "bids": [["new", 0.0001, draw.randint(1, 99) / 10]], "asks": []}
        params = {"channel": f"book.{name}.100ms", "data": content}
        more.append({"jsonrpc": "2.0", "method": "subscription", "params": params})
    return more


async def play_binance(adapter: str, frames, first, *, seed: int) -> RudeBinance:
    name = "BTC_USDT" if adapter == "binance_spot" else "BTC_USDT-PERPETUAL"
    async with RudeBinance(frames, first, [BTC], seed=seed).running() as venue:
        place = f"127.0.0.1:{venue.port}"
        entry = VenueEntry(
            name="v", adapter=adapter, url=f"ws://{place}", rest_url=f"http://{place}", instruments=[name]
        )
        client = BinanceClient(entry)
        client.rest.limit = pacing.RateLimit(100_000, 100_000)
        async with kept_connected(client):
            await wait_for(lambda: client.books.count_live() == 1)
            await venue.deliver(len(frames), cut_at=frozenset({len(frames) // 2}))
            await wait_for(lambda: client.books.count_live() == 1)
            await wait_for(lambda: client.books.feed.last_sequence(0) == venue.book.last)
            assert shown(client, name) == venue.book.best(1_000)
        assert client.status.frames_refused == 0
        assert client.status.connects == 2
        assert venue.snapshots > 2
        assert client.status.gaps > 0
    return venue


@pytest.mark.parametrize("adapter", ["binance_spot", "binance_usdm"])
@pytest.mark.parametrize("seed", [1, 2])
async def test_binance_books_are_the_venues_after_a_rude_delivery(adapter, seed):
    frames, first = random_binance(seed, 600)
    await play_binance(adapter, frames, first, seed=seed)


async def test_the_recorded_binance_stream_survives_a_rude_delivery(recordings):
    paths = sorted((recordings / "binance_l2").glob("*spot*btc*.gz")) or sorted(
        (recordings / "binance_l2").glob("*.gz")
    )
    if not paths:
        pytest.skip("skipped, no recordings")
    frames, first = read_binance(paths[0])
    await play_binance("binance_spot", frames, first, seed=4)


def read_binance(path, count: int = 1_500) -> tuple[list[dict], dict]:
    """The first snapshot of a recording, and the deltas that follow it."""
    first, frames = None, []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            content = json.loads(line.partition(" ")[2])
            content = content.get("data", content)
            if "lastUpdateId" in content and first is None:
                first = content
            elif content.get("e") == "depthUpdate":
                frames.append(content)
            if first is not None and len(frames) >= count:
                break
    assert first is not None
    return [frame for frame in frames if frame["u"] > first["lastUpdateId"]], first
