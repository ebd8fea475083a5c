"""The adapter against a simulated venue as a process: gaps, cuts, silence, a stopped process, wrong keys; and frames."""

import asyncio
import contextlib
import json
import signal

import msgspec
import pytest

from gateway import clock
from gateway.venues import link
from gateway.venues.credentials import Credentials
from gateway.venues.deribit.client import DeribitClient
from gateway.venues.publisher import VenuePublisher, encode_link, find_best
from gateway.venues.settings import VenueEntry
from tests.integration.gateway.desks import kept_connected, shorten, wait_for
from tests.integration.venues.rig import CLIENT_ID, SECRET, VenueProcess, open_client
from wire.market import VenueDepth, VenueLevels, VenueLink

NAME, BOOK = "BTC-PERPETUAL", "book.BTC-PERPETUAL.100ms"


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    with VenueProcess(tmp_path_factory.mktemp("venue")) as process:
        yield process


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    shorten(monkeypatch, reconnect=0.3)
    monkeypatch.setattr(link, "SILENCE_SECONDS_MAX", 5)


@contextlib.asynccontextmanager
async def connected(venue: VenueProcess, **credentials: str):
    entry = VenueEntry(name="aster", adapter="deribit", url=venue.url, is_test_network=True)
    client = DeribitClient(entry, Credentials(**credentials) if credentials else None)
    async with kept_connected(client):
        yield client


def is_whole(client: DeribitClient) -> bool:
    return len(client.books) > 0 and client.books.count_live() == len(client.books)


async def assert_same_book(venue: VenueProcess, client: DeribitClient) -> None:
    """Ours against a plain reader's, at one and the same change id."""
    slot = client.books.slots[NAME]
    async with open_client(venue.url) as plain:
        await plain.get("public/subscribe", channels=[BOOK])
        snapshot = await plain.next_notice(BOOK)
        sides = {side: {price: amount for _, price, amount in snapshot[side]} for side in ("bids", "asks")}
        change_id = snapshot["change_id"]
        async with asyncio.timeout(20):
            while client.books.feed.last_sequence(slot) != change_id:
                if client.books.feed.last_sequence(slot) < change_id:
                    await asyncio.sleep(0.005)
                    continue
                change = await plain.next_notice(BOOK)
                for side in sides:
                    sides[side] |= {price: amount for _, price, amount in change[side]}
                change_id = change["change_id"]
        levels = client.books.levels(NAME, 1_000, 0)
    ours = [{float(price): float(quantity) for price, quantity in side} for side in (levels.bids, levels.asks)]
    theirs = [{price: amount / 10 for price, amount in side.items() if amount} for side in sides.values()]
    assert ours == theirs


async def test_a_gap_is_found_and_asked_for_anew(venue):
    async with connected(venue) as client:
        await wait_for(lambda: is_whole(client))
        await assert_same_book(venue, client)
        venue.misbehave(action="gap", count=3)
        await wait_for(lambda: client.status.gaps >= 1)
        await wait_for(lambda: is_whole(client))
        await assert_same_book(venue, client)
        assert client.status.connects == 1
        assert client.status.frames_refused == 0


async def test_a_cut_connection_comes_back_with_its_books(venue):
    async with connected(venue) as client:
        await wait_for(lambda: is_whole(client))
        venue.misbehave(action="refuse_connections", seconds=1)
        await wait_for(lambda: client.status.state == "down")
        assert client.books.count_live() == 0, "what a lost connection showed must not be traded on"
        await wait_for(lambda: is_whole(client))
        await assert_same_book(venue, client)


async def test_a_half_open_link_is_noticed(venue):
    """The venue stops without a word; TCP says nothing."""
    async with connected(venue) as client:
        await wait_for(lambda: is_whole(client))
        venue.signal(signal.SIGSTOP)
        try:
            await wait_for(lambda: client.status.state == "down")
            assert client.books.count_live() == 0
        finally:
            venue.signal(signal.SIGCONT)
        await wait_for(lambda: is_whole(client))
        await assert_same_book(venue, client)


async def test_a_venue_that_refuses_the_key_is_down_and_the_secret_stays_ours(venue, caplog):
    async with connected(venue, key=CLIENT_ID, secret="hunter2") as client:
        await wait_for(lambda: client.status.state == "down")
        assert "invalid_credentials" in client.status.detail
    assert "hunter2" not in caplog.text
    async with connected(venue, key=CLIENT_ID, secret=SECRET) as client:
        await wait_for(lambda: is_whole(client))


async def test_a_bug_in_an_adapter_stops_that_venue_alone(venue, monkeypatch):
    async with connected(venue) as client:
        await wait_for(lambda: is_whole(client))
        monkeypatch.setattr(client, "take", lambda frame, at_ns: 1 // 0)
        await wait_for(lambda: client.status.state == "failed")
        assert client.books.count_live() == 0


class Pipeline:
    """Keeps what a publisher sends."""

    def __init__(self) -> None:
        self.frames: dict[str, bytes] = {"venue_link.old": b"{}", "ticker.BTC": b"{}"}

    async def hkeys(self, name):
        return [key.encode() for key in self.frames]

    async def hdel(self, name, *keys):
        for key in keys:
            del self.frames[key.decode()]

    def pipeline(self, transaction):
        return self

    def hset(self, name, mapping):
        self.frames |= mapping

    def publish(self, channel, batch):
        assert all(len(each) == 2 for each in msgspec.msgpack.decode(batch))

    async def execute(self):
        return None


async def test_frames_show_depth_and_how_the_link_stands(venue):
    async with connected(venue, key=CLIENT_ID, secret=SECRET) as client:
        await wait_for(lambda: is_whole(client) and client.status.latency_ms is not None)
        sent = Pipeline()
        publisher = VenuePublisher([client], sent)
        for _ in range(20):
            await publisher.publish(clock.now_ns())
        assert set(sent.frames) == {"ticker.BTC", "venue_link.aster"} | {f"venue_depth.{n}" for n in client.books.slots}
        depth = msgspec.json.decode(sent.frames[f"venue_depth.{NAME}"], type=VenueDepth)
        (levels,) = depth.venues
        assert (levels.state, depth.best_bid.price, depth.best_bid.venues) == ("live", levels.bids[0][0], ["aster"])
        shown = msgspec.json.decode(sent.frames["venue_link.aster"], type=VenueLink)
        assert (shown.state, shown.books, shown.taker_fee_basis_points) == ("live", len(client.books), 5.0)
        assert SECRET not in json.dumps([frame.decode() for frame in sent.frames.values()])
        client.status.heard_at_ns -= 3 * 10**9
        assert msgspec.json.decode(publisher._encode_depth(NAME, clock.now_ns())[1], type=VenueDepth).best_bid is None
        assert encode_link(client, 1)[0] == "venue_link.aster"


def levels(venue: str, bid: str, quantity: str, **changed) -> VenueLevels:
    terms = {
        "venue": venue,
        "state": "live",
        "heard_at_ns": 10**10,
        "updated_at_ns": 1,
        "bids": [(bid, quantity)],
        "asks": [],
    }
    return VenueLevels(**(terms | changed))


def test_the_best_is_over_venues_that_are_whole_and_heard_of():
    now_ns = 10**10 + 10**9
    venues = [
        levels("a", "100.5", "2"),
        levels("b", "100.50", "0.5"),
        levels("c", "100.0", "9"),
        levels("gap", "101.0", "9", state="gap"),
        levels("old", "102.0", "9", heard_at_ns=10**9),
        levels("empty", "103.0", "9", bids=[]),
    ]
    best = find_best(venues, now_ns, is_bid=True)
    assert (best.price, best.quantity, best.venues) == ("100.5", "2.5", ["a", "b"])
    assert find_best(venues, now_ns, is_bid=False) is None
