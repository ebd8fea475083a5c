"""What Deribit says, in our words: the recorded capture and documented examples through parse and client."""

import asyncio
import json
import tarfile
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from websockets.exceptions import ConnectionClosedError

from gateway import clock
from gateway.venues.api import NoAnswer
from gateway.venues.deribit import messages, parse
from gateway.venues.deribit.client import DeribitClient
from gateway.venues.execution import NewVenueOrder
from gateway.venues.link import LinkFailed
from gateway.venues.pacing import RateLimit
from gateway.venues.publisher import TURNS, VenuePublisher
from gateway.venues.settings import VenueEntry
from wire.units import Side

BOOK = "book.BTC-PERPETUAL.100ms"
LISTED = {
    "instrument_name": "BTC-PERPETUAL",
    "kind": "future",
    "tick_size": 0.5,
    "min_trade_amount": 10.0,
    "contract_size": 10.0,
    "maker_commission": -0.0001,
    "taker_commission": 0.0005,
}


def instrument(**changed):
    return parse.find_instrument(msgspec.convert(LISTED | changed, messages.Instrument))


def client() -> DeribitClient:
    made = DeribitClient(VenueEntry(name="deribit", adapter="deribit"))
    made.books.list_instrument(instrument())
    return made


def book(kind: str, change_id: int, bids: list, asks: list, previous: int | None = None) -> bytes:
    content = {"type": kind, "timestamp": 1, "instrument_name": "BTC-PERPETUAL", "change_id": change_id, "bids": bids}
    content |= {"asks": asks} | ({} if previous is None else {"prev_change_id": previous})
    params = {"channel": BOOK, "data": content}
    return json.dumps({"jsonrpc": "2.0", "method": "subscription", "params": params}, separators=(",", ":")).encode()


def test_an_instrument_counts_in_our_contracts():
    listed = instrument()
    assert (listed.name, listed.price_tick, listed.amount_step, listed.contract_amount) == (
        "BTC-PERPETUAL", Decimal("0.5"), Decimal("10.0"), Decimal(10),
    )  # fmt: skip
    assert (listed.maker_fee, listed.taker_fee) == (Decimal("-0.0001"), Decimal("0.0005"))


@pytest.mark.parametrize(
    "changed",
    [
        {"instrument_name": "DOGE-PERPETUAL"},
        {"kind": "option_combo"},
        {"is_active": False},
        {"tick_size": 0.0},
        {"min_trade_amount": -1.0},
    ],
)
def test_what_parley_cannot_name_is_passed_over(changed):
    assert instrument(**changed) is None


def test_a_book_is_shown_in_contracts_and_without_rounding():
    made = client()
    made.take(book("snapshot", 5, [["new", 100.5, 20.0], ["new", 100.0, 50.0]], [["new", 101.0, 10.0]]), 7)
    levels = made.books.levels("BTC-PERPETUAL", 10, 9)
    assert (levels.bids, levels.asks) == ([("100.5", "2"), ("100.0", "5")], [("101.0", "1")])
    assert (levels.state, levels.heard_at_ns) == ("live", 9)


def test_notices_are_read_whatever_the_order_of_their_fields():
    made = client()
    frame = json.loads(book("snapshot", 5, [["new", 100.5, 20.0]], [["new", 101.0, 10.0]]))
    swapped = {"params": dict(reversed(frame["params"].items())), "method": "subscription", "jsonrpc": "2.0"}
    made.take(json.dumps(swapped).encode(), 7)
    assert made.books.levels("BTC-PERPETUAL", 1, 0).state == "live"


async def test_malformed_frames_change_nothing_and_too_many_end_the_connection():
    made = client()
    made.take(book("snapshot", 5, [["new", 100.5, 20.0]], [["new", 101.0, 10.0]]), 7)
    bad = [b"{", b"[]", b'{"id": {}}', book("change", 6, [["new", 100.51, 20.0]], [], 5), b"\xff\xfe", b"12"]
    for frame in bad:
        made.take(frame, 8)
    assert made.status.frames_refused == len(bad)
    assert made.books.levels("BTC-PERPETUAL", 1, 0).bids == [("100.5", "2")]
    with pytest.raises(LinkFailed, match="malformed"):
        for _ in range(200):
            made.take(b"{", 8)


async def test_an_error_with_details_is_an_answer():
    made = client()
    waiting = made._answers[3] = asyncio.get_running_loop().create_future()
    made.take(b'{"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"Invalid params","data":{"reason":"x"}}}', 1)
    assert (await waiting).error.code == -32602
    assert made.status.frames_refused == 0


class Connection:
    """``sent``: the methods that left over it."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.sent: list[str] = []
        self._failure = failure

    async def send(self, content: bytes, text: bool) -> None:
        if self._failure is not None:
            raise self._failure
        self.sent.append(json.loads(content)["method"])


ORDER = NewVenueOrder(client_order_id="one", name="BTC-PERPETUAL", side=Side.BUY, quantity=Decimal(1), price=Decimal(9))


async def test_an_order_over_a_connection_that_ended_has_no_answer():
    made = client()
    made._connection = Connection(ConnectionClosedError(None, None))
    with pytest.raises(NoAnswer, match="private/buy"):
        await made._orders.place(ORDER)
    assert made._answers == {}


async def test_an_order_that_waited_for_its_turn_does_not_leave_over_the_next_connection():
    """At its beginning that connection asked what became of every order: this one would come after the answer."""
    made, old, new = client(), Connection(), Connection()
    made._limit = RateLimit(per_second=1, at_once=1)
    made._limit.find_wait(clock.monotonic())
    made._connection = old
    placing = asyncio.create_task(made._orders.place(ORDER))
    await asyncio.sleep(0)
    made.lost()
    made._connection = new
    with pytest.raises(NoAnswer, match="not connected"):
        await placing
    assert (old.sent, new.sent) == ([], [])


async def test_a_listing_that_cannot_be_read_ends_the_connection():
    made = client()

    async def answer(method, params):
        return msgspec.Raw(b'[{"instrument_name": 7}]')

    made.ask = answer
    with pytest.raises(LinkFailed, match="instrument_name"):
        await made.open(Connection())


class Pipeline:
    """``frames``: the hash that a publisher keeps."""

    def __init__(self) -> None:
        self.frames: dict[str, bytes] = {}

    async def hkeys(self, name):
        return []

    def pipeline(self, transaction):
        return self

    def hset(self, name, mapping):
        self.frames |= mapping

    def hdel(self, name, key):
        del self.frames[key]

    def publish(self, channel, batch): ...

    async def execute(self): ...


async def test_what_a_venue_lists_no_more_is_not_shown_and_not_waited_for():
    """After a reconnect an expired book never becomes whole: the venue must be live without it."""
    made, expired = client(), LISTED | {"instrument_name": "BTC-26JUN26", "tick_size": 2.5}
    listed = [LISTED, expired]

    async def answer(method, params):
        return msgspec.Raw(json.dumps(listed if method == "public/get_instruments" else params["channels"]).encode())

    made.ask = answer
    made.status.opened(1)
    await made._follow_listing()
    sent = Pipeline()
    publisher = VenuePublisher([made], sent)
    for _ in range(TURNS):
        await publisher.publish(2)
    assert {"venue_depth.BTC-PERPETUAL", "venue_depth.BTC-26JUN26"} < set(sent.frames)
    made.take(book("snapshot", 5, [["new", 100.5, 20.0]], [["new", 101.0, 10.0]]), 7)
    await publisher.publish(3)
    assert made.status.state == "syncing"
    listed = []
    await made._follow_listing()
    assert len(made.books) == 2, "a venue that has just started"
    listed = [LISTED]
    await made._follow_listing()
    await publisher.publish(4)
    assert (made.status.state, list(made.books.slots)) == ("live", ["BTC-PERPETUAL"])
    assert "venue_depth.BTC-26JUN26" not in sent.frames
    listed = [LISTED, expired]
    await made._follow_listing()
    assert (len(made.books), made.books.count_live()) == (2, 1)


def recorded(recordings: Path, archive: str, member: str) -> bytes:
    path = recordings / "venue_frames" / archive
    if not path.is_file():
        pytest.skip("skipped, no recordings")
    with tarfile.open(path) as packed:
        found = packed.extractfile(member)
        assert found is not None
        return found.read()


def test_the_recorded_capture_goes_through_the_client(recordings):
    lines = recorded(recordings, "DERIBIT.tar.gz", "DERIBIT.ws.1.0").splitlines()
    frames = [line.partition(b": ")[2] for line in lines if line[:1].isdigit()]
    made = DeribitClient(VenueEntry(name="deribit", adapter="deribit"))
    names = {json.loads(f)["params"]["data"]["instrument_name"] for f in frames if b'"channel":"book' in f}
    for name in sorted(names):
        listed = LISTED | {"instrument_name": name, "kind": "option", "tick_size": 0.0001, "min_trade_amount": 0.1}
        made.books.list_instrument(
            parse.find_instrument(msgspec.convert(listed | {"contract_size": 1.0}, messages.Instrument))
        )
    for frame in frames:
        made.take(frame, 1)
    assert made.status.frames_refused == made.status.gaps == 0
    assert made.books.count_live() == len(names) == 10
    tickers = [json.loads(f)["params"]["data"] for f in frames if b'"channel":"ticker' in f]
    last = {ticker["instrument_name"]: ticker for ticker in tickers}
    assert {name: ticker.mark_price for name, ticker in made.tickers.items()} == {
        name: ticker["mark_price"] for name, ticker in last.items()
    }


@pytest.mark.parametrize(("member", "bids"), [("ws_book_snapshot.json", 5), ("ws_book_delta.json", None)])
async def test_documented_books_are_read(recordings, member, bids):
    made = client()
    made.take(book("snapshot", 1, [["new", 42_500.0, 10.0]], [["new", 42_501.0, 10.0]]), 1)
    made.take(json.dumps(json.loads(recorded(recordings, "nautilus_deribit.tar.gz", member))).encode(), 2)
    assert made.status.frames_refused == 0
    if bids:
        assert len(made.books.levels("BTC-PERPETUAL", 10, 0).bids) == bids


def test_documented_trades_tickers_and_instruments_are_read(recordings):
    archive = "nautilus_deribit.tar.gz"
    content = json.loads(recorded(recordings, archive, "ws_trades.json"))["params"]["data"]
    trades = parse.read_trades(json.dumps(content).encode())
    assert [(t.trade_id, t.side, t.price, t.amount) for t in trades] == [
        ("403691824", Side.SELL, Decimal("92294.5"), Decimal("10.0")),
        ("403691825", Side.SELL, Decimal("92288.5"), Decimal("750.0")),
    ]
    ticker = parse.read_ticker(
        json.dumps(json.loads(recorded(recordings, archive, "ws_ticker.json"))["params"]["data"]).encode()
    )
    assert (ticker.name, ticker.mark_price, ticker.bid_price) == ("BTC-PERPETUAL", 92281.78, 92283.5)
    listed = json.loads(recorded(recordings, archive, "http_get_instruments.json"))["result"]
    names = [each.name for each in parse.read_instruments(msgspec.convert(listed, list[messages.Instrument]))]
    assert "BTC-PERPETUAL" in names
