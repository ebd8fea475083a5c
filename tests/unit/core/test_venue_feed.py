"""Recorded frames of real venues, through the core and through a slow, obvious book that follows the documented rules."""

import gzip
import json
import re
import tarfile
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import parley_core
import pytest
from numpy.typing import NDArray

Frame = dict[str, Any]

STREAMS = {
    "spot_btcusdt_20240808": ("binance_spot", "0.01", "0.00000001"),
    "spot_ethusdt_20240808": ("binance_spot", "0.01", "0.00000001"),
    "usdm_btcusdt_20240808": ("binance_usdm", "0.1", "0.001"),
}
"""Quantities of spot books come finer than the order lot of their market: 25.42618900 BTC was recorded."""


class PlainBook:
    """Dictionaries of decimals and the steps of the venue's page "How to manage a local order book correctly"."""

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.sides: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
        self.last: int | None = None
        self.is_joined = False
        self.waiting: list[Frame] = []
        self.crossed = 0

    def change(self, side: int, price: str, quantity: str) -> None:
        if Decimal(quantity):
            self.sides[side][Decimal(price)] = Decimal(quantity)
        else:
            self.sides[side].pop(Decimal(price), None)

    def take_snapshot(self, snapshot: Frame) -> None:
        self.sides = ({}, {})
        for side, name in enumerate(("bids", "asks")):
            for price, quantity, *_ in snapshot[name]:
                self.change(side, price, quantity)
        self.last, self.is_joined = snapshot["lastUpdateId"], False
        waiting, self.waiting = self.waiting, []
        for delta in waiting:
            self.take_delta(delta)

    def take_delta(self, delta: Frame) -> None:
        if self.last is None:
            self.waiting.append(delta)
            return
        is_spot = self.venue == "binance_spot"
        if not self.is_joined:
            first_needed = self.last + 1 if is_spot else self.last
            if delta["u"] < first_needed:
                return
            assert delta["U"] <= first_needed, "the snapshot is too old"
        elif is_spot:
            assert delta["U"] == self.last + 1
        else:
            assert delta["pu"] == self.last
        self.is_joined, self.last = True, delta["u"]
        for side, name in enumerate("ba"):
            for price, quantity in delta[name]:
                self.change(side, price, quantity)
        self.crossed += max(self.sides[0]) >= min(self.sides[1])

    def depth(self, tick: str, lot: str) -> tuple[tuple[list[int], list[int]], tuple[list[int], list[int]]]:
        """As VenueFeed.depth tells it, whole."""
        bids, asks = sorted(self.sides[0].items(), reverse=True), sorted(self.sides[1].items())
        both = [
            ([int(price / Decimal(tick)) for price, _ in side], [int(quantity / Decimal(lot)) for _, quantity in side])
            for side in (bids, asks)
        ]
        return both[0], both[1]


def read_lines(recordings: Path, name: str) -> list[tuple[int, bytes]]:
    path = recordings / "binance_l2" / f"{name}.gz"
    if not path.is_file():
        pytest.skip("skipped, no recordings")
    split = (line.split(b" ", 1) for line in gzip.decompress(path.read_bytes()).splitlines())
    return [(int(at), frame) for at, frame in split]


def open_feed(name: str) -> parley_core.VenueFeed:
    venue, tick, lot = STREAMS[name]
    feed = parley_core.VenueFeed(venue)
    assert feed.list_instrument(name.split("_")[1].upper(), tick, lot) == 0
    return feed


def play_plain(book: PlainBook, frames: list[tuple[int, bytes]]) -> None:
    for _, frame in frames:
        parsed = json.loads(frame)
        content = parsed.get("data", parsed)
        if "lastUpdateId" in content:
            book.take_snapshot(content)
        elif content.get("e") == "depthUpdate":
            book.take_delta(content)


@pytest.mark.parametrize("name", STREAMS)
def test_recorded_stream_builds_the_book_of_the_documented_rules(recordings: Path, name: str) -> None:
    venue, tick, lot = STREAMS[name]
    frames = read_lines(recordings, name)
    feed = open_feed(name)
    whole = b"".join(b"%d %s\n" % each for each in frames)
    assert feed.apply_recording(whole, 0) == (len(whole), len(frames), 0)
    plain = PlainBook(venue)
    play_plain(plain, frames)
    assert plain.crossed == 0
    assert feed.depth(0, 100_000) == plain.depth(tick, lot)
    counts = feed.sync_counts(0)
    assert (counts["crossed"], counts["gaps"], counts["snapshots"], feed.state(0)) == (0, 0, 1, "live")
    assert counts["messages"] == counts["snapshots"] + counts["deltas_applied"] + counts["deltas_dropped"]
    assert feed.last_sequence(0) == plain.last
    assert feed.counts()["frames_ignored"] == 0


@pytest.mark.parametrize("name", STREAMS)
def test_lost_deltas_are_found_and_healed_by_the_next_snapshot(recordings: Path, name: str) -> None:
    """Every 500th delta is lost. The REST answer that heals comes from the plain book, which lost nothing."""
    venue, tick, lot = STREAMS[name]
    frames = read_lines(recordings, name)
    feed, plain = open_feed(name), PlainBook(venue)
    deltas = lost = stale_frames = 0
    for at_ns, frame in frames:
        play_plain(plain, [(at_ns, frame)])
        is_delta = b'"depthUpdate"' in frame
        deltas += is_delta
        if is_delta and deltas % 500 == 0:
            lost += 1
            continue
        feed.apply_frame(frame, at_ns, 0)
        stale_frames += feed.is_stale(0)
        if is_delta and deltas % 500 == 20 and feed.is_stale(0):
            assert feed.snapshots_wanted() == [0]
            feed.apply_frame(rest_answer(plain), at_ns, 0)
            assert not feed.is_stale(0)
            assert feed.depth(0, 100_000) == plain.depth(tick, lot)
    counts = feed.sync_counts(0)
    assert lost > 5
    assert counts["gaps"] in {lost, lost - 1}, "the last loss may have nothing behind it"
    assert stale_frames > 0
    assert counts["crossed"] == 0


def rest_answer(book: PlainBook) -> bytes:
    both = {
        name: [[str(price), str(quantity)] for price, quantity in side.items()]
        for name, side in zip(("bids", "asks"), book.sides, strict=True)
    }
    return json.dumps({"lastUpdateId": book.last, **both}).encode()


def read_capture(recordings: Path, venue: str, name: str) -> Iterator[bytes]:
    path = recordings / "venue_frames" / f"{venue}.tar.gz"
    if not path.is_file():
        pytest.skip("skipped, no recordings")
    with tarfile.open(path) as archive:
        member = archive.extractfile(name)
        assert member is not None
        for line in member.read().splitlines():
            head, separator, frame = line.partition(b": ")
            if separator and head.replace(b".", b"").isdigit():
                yield frame


def test_deribit_capture_builds_every_book_without_a_gap(recordings: Path) -> None:
    frames = [*read_capture(recordings, "DERIBIT", "DERIBIT.ws.1.0")]
    names = sorted({json.loads(f)["params"]["data"]["instrument_name"] for f in frames if b'"channel":"book' in f})
    feed = parley_core.VenueFeed("deribit")
    slots = {name: feed.list_instrument(name, "0.0001", "0.1") for name in names}
    books: dict[str, list[dict[Decimal, Decimal]]] = {}
    sequence: dict[str, int] = {}
    for frame in frames:
        feed.apply_frame(frame, 0)
        parsed = json.loads(frame, parse_float=Decimal)
        if not parsed.get("params", {}).get("channel", "").startswith("book."):
            continue
        content = parsed["params"]["data"]
        name = content["instrument_name"]
        if content["type"] == "snapshot":
            books[name] = [{}, {}]
        else:
            assert content["prev_change_id"] == sequence[name]
        sequence[name] = content["change_id"]
        for side, levels in zip(books[name], (content["bids"], content["asks"]), strict=True):
            for action, price, amount in levels:
                side.pop(Decimal(price), None)
                if action != "delete":
                    side[Decimal(price)] = Decimal(amount)
        assert not feed.is_crossed(slots[name])
    assert len(names) == 10
    for name, slot in slots.items():
        plain = PlainBook("deribit")
        plain.sides = (books[name][0], books[name][1])
        assert feed.depth(slot, 1_000) == plain.depth("0.0001", "0.1")
        assert feed.last_sequence(slot) == sequence[name]
        assert feed.sync_counts(slot)["gaps"] == 0
    assert feed.counts()["frames_refused"] == 0
    assert feed.counts()["quotes"] == 89


def test_coinbase_capture_builds_every_book(recordings: Path) -> None:
    frames = [*read_capture(recordings, "COINBASE", "COINBASE.ws.28.0")]
    feed = parley_core.VenueFeed("coinbase")
    books: dict[str, PlainBook] = {}
    slots: dict[str, int] = {}
    trades = 0
    for frame in frames:
        content = json.loads(frame)
        name, kind = content.get("product_id"), content["type"]
        if name and name not in slots:
            slots[name], books[name] = feed.list_instrument(name, "0.00000001", "0.00000001"), PlainBook("coinbase")
        feed.apply_frame(frame, 0)
        trades += kind in {"match", "last_match"}
        if kind == "snapshot":
            for side, levels in enumerate((content["bids"], content["asks"])):
                for price, size in levels:
                    books[name].change(side, price, size)
        for side_name, price, size in content.get("changes", ()):
            books[name].change(int(side_name == "sell"), price, size)
    assert len(slots) == 10
    for name, slot in slots.items():
        assert feed.depth(slot, 100_000) == books[name].depth("0.00000001", "0.00000001")
        assert not feed.is_crossed(slot)
        assert feed.sync_counts(slot)["crossed"] == 0
    counts = feed.counts()
    assert (counts["trades"], counts["quotes"], counts["frames_refused"]) == (trades, 107, 0)


def test_decoded_updates_have_the_documented_layout() -> None:
    feed = parley_core.VenueFeed("binance_spot")
    feed.list_instrument("ETHUSDT", "0.01", "0.0001")
    frame = b'{"e":"depthUpdate","E":5,"s":"ETHUSDT","U":1,"u":2,"b":[["2.50","0.5"]],"a":[["2.51","0"]]}'
    updates = feed.decode(frame, 9)
    assert updates.dtype == parley_core.update_dtype()
    assert updates.dtype.itemsize == 64
    header = {"venue_time_ns": 5_000_000, "receive_time_ns": 9, "first_sequence": 1, "last_sequence": 2}
    rest = {"previous_sequence": 0, "instrument_slot": 0, "kind": 0}
    assert [dict(zip(updates.dtype.names or (), row.tolist(), strict=True)) for row in updates] == [
        {**header, **rest, "price_ticks": 250, "quantity_lots": 5_000, "side": 0, "flags": 0},
        {**header, **rest, "price_ticks": 251, "quantity_lots": 0, "side": 1, "flags": 2},
    ]


def test_updates_applied_from_an_array_give_the_book_of_the_frames() -> None:
    """Decoded by one feed and applied to another, one array at once."""
    snapshot = b'{"lastUpdateId":1,"bids":[["2.50","1"],["2.49","2"]],"asks":[["2.52","3"]]}'
    delta = b'{"e":"depthUpdate","E":5,"s":"ETHUSDT","U":2,"u":2,"b":[["2.50","0"]],"a":[["2.51","4"]]}'
    first, second = (parley_core.VenueFeed("binance_spot") for _ in range(2))
    for feed in (first, second):
        feed.list_instrument("ETHUSDT", "0.01", "1")
    arrays = [first.decode(frame, 0, 0) for frame in (snapshot, delta)]
    updates = np.concatenate(arrays)
    assert second.apply_updates(updates) == 6
    assert second.depth(0, 5) == (([249], [2]), ([251, 252], [4, 3]))
    assert second.best(0) == (249, 2, 251, 4)
    assert second.publish_due(0) == [0]
    assert second.publish_due(0) == []


def test_arrays_of_another_layout_are_refused() -> None:
    feed = parley_core.VenueFeed("recorded")
    feed.list_instrument("X", "1", "1")
    empty = np.zeros(4, dtype=parley_core.update_dtype())
    others: list[NDArray[Any]] = [np.zeros(4), empty[::2], empty.reshape(2, 2), np.zeros(4, dtype="V64")]
    for array in others:
        with pytest.raises((ValueError, BufferError), match="updates must be|not C-contiguous"):
            feed.apply_updates(array)
    assert feed.apply_updates(empty) == 0, "a message without its last update"


def test_malformed_frames_raise_with_reason_and_place() -> None:
    feed = parley_core.VenueFeed("binance_spot")
    feed.list_instrument("ETHUSDT", "0.01", "0.0001")
    with pytest.raises(parley_core.FrameRefused, match="excess_digits at byte 63") as raised:
        feed.apply_frame(b'{"e":"depthUpdate","E":5,"s":"ETHUSDT","U":1,"u":2,"b":[["2.505","1"]],"a":[]}', 0)
    assert (raised.value.reason, raised.value.offset) == ("excess_digits", 63)
    with pytest.raises(parley_core.FrameRefused, match="ends_early"):
        feed.decode(b'{"e":"depth', 0)
    with pytest.raises(IndexError, match="slot 1 is not listed"):
        feed.best(1)
    with pytest.raises(ValueError, match="venue must be"):
        parley_core.VenueFeed("nasdaq")
    with pytest.raises(ValueError, match="listed already"):
        feed.list_instrument("ETHUSDT", "0.01", "0.0001")


def test_long_calls_give_the_gil_away_and_short_ones_wait_for_the_feed() -> None:
    """Another thread asks the same feed while a million updates are applied; both finish, nothing is lost."""
    feed = parley_core.VenueFeed("recorded")
    feed.list_instrument("X", "1", "1")
    snapshot = np.zeros(3, dtype=parley_core.update_dtype())
    snapshot["kind"], snapshot["side"], snapshot["flags"] = [3, 0, 0], [0, 0, 1], [1, 1, 3]
    snapshot["price_ticks"], snapshot["quantity_lots"] = [0, 5, 7], [0, 1, 1]
    assert feed.apply_updates(snapshot) == 3
    updates = np.zeros(1_000_000, dtype=parley_core.update_dtype())
    updates["flags"], updates["quantity_lots"] = 2, 1
    updates["price_ticks"] = np.arange(len(updates)) % 5
    moments: list[int] = []
    is_done = threading.Event()

    def count() -> None:
        while not is_done.is_set():
            moments.append(feed.sync_counts(0)["deltas_applied"])

    thread = threading.Thread(target=count)
    thread.start()
    taken = sum(feed.apply_updates(updates) for _ in range(3))
    is_done.set()
    thread.join()
    assert taken == 3 * len(updates)
    assert feed.sync_counts(0)["deltas_applied"] == taken
    assert moments == sorted(moments)
    assert len(set(moments)) > 1, "the other thread ran in between"


def read_exchange_messages(recordings: Path, venue: str) -> list[tuple[float, str, bytes]]:
    """Stream and REST messages of a capture, by time: (time, symbol of a REST answer or nothing, frame)."""
    path = recordings / "venue_frames" / f"{venue}.tar.gz"
    if not path.is_file():
        pytest.skip("skipped, no recordings")
    messages = []
    with tarfile.open(path) as archive:
        for name in (f"{venue}.ws.1.0", f"{venue}.http.0.0"):
            member = archive.extractfile(name)
            assert member is not None
            for line in member.read().decode().splitlines():
                found = re.match(r"(?:\S*[?&]symbol=(\w+)\S* -> )?(\d+\.\d+): (\{.*)$", line)
                if found:
                    messages.append((float(found[2]), found[1] or "", found[3].encode()))
    return sorted(messages, key=lambda message: message[0])


@pytest.mark.parametrize(("venue", "name"), [("BINANCE", "binance_spot"), ("BINANCE_FUTURES", "binance_usdm")])
def test_binance_captures_of_several_symbols_join_their_rest_answers(recordings: Path, venue: str, name: str) -> None:
    messages = read_exchange_messages(recordings, venue)
    symbols = sorted({symbol for _, symbol, _ in messages if symbol})
    feed = parley_core.VenueFeed(name)
    tick = lot = "0.00000001"
    slots = {symbol: feed.list_instrument(symbol, tick, lot) for symbol in symbols}
    plain = {symbol: PlainBook(name) for symbol in symbols}
    for _, symbol, frame in messages:
        feed.apply_frame(frame, 0, slots.get(symbol, -1))
        content = json.loads(frame)
        content = content.get("data", content)
        if symbol:
            plain[symbol].take_snapshot(content)
        elif content.get("e") == "depthUpdate":
            plain[content["s"]].take_delta(content)
    assert len(symbols) == 4
    for symbol, slot in slots.items():
        assert feed.state(slot) == "live"
        assert feed.depth(slot, 100_000) == plain[symbol].depth(tick, lot)
        assert feed.sync_counts(slot)["crossed"] == plain[symbol].crossed == 0
    assert feed.counts()["frames_refused"] == 0
