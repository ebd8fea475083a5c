"""ITCH 5.0: counts of the recordings, and what bytes that are cut, changed or random may do (nothing but be counted)."""

import collections
import gzip
import itertools
import struct
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import parley_core
import pytest

LENGTHS = {
    "S": 12, "R": 39, "H": 25, "Y": 20, "L": 26, "V": 35, "W": 12, "K": 28, "J": 35, "h": 21, "A": 36, "F": 40, "E": 31,
    "C": 36, "X": 23, "D": 19, "U": 35, "P": 44, "Q": 40, "B": 19, "I": 50, "N": 20, "O": 48,
}  # fmt: skip

types = st.sampled_from(sorted(LENGTHS))


def framed(kind: str, *, length: int | None = None) -> bytes:
    body = kind.encode() + bytes(range(1, LENGTHS[kind]))
    return struct.pack(">H", len(body) if length is None else length) + body


def plain_counts(data: bytes) -> dict[str, int]:
    """The reference: lengths by type, whatever the framing says."""
    counts: collections.Counter[str] = collections.Counter()
    at = 0
    while at + 3 <= len(data):
        kind = chr(data[at + 2])
        if at + 2 + LENGTHS[kind] > len(data):
            break
        counts[kind] += 1
        at += 2 + LENGTHS[kind]
    return dict(counts)


def test_count_of_the_real_head(recordings: Path) -> None:
    data = (recordings / "itch" / "nasdaq_head_4096B.itch").read_bytes()
    result = parley_core.itch_count(data)
    assert result["messages"] == 101
    assert result["types"] == plain_counts(data)
    assert (result["malformed"], result["zero_lengths"], result["stopped_by"]) == (0, 0, "truncated")
    assert 0 < len(data) - result["consumed"] < 52


def test_count_of_the_file_whose_lengths_are_zero(recordings: Path) -> None:
    data = gzip.decompress((recordings / "itch" / "ritch_ex20101224.TEST_ITCH_50.gz").read_bytes())
    result = parley_core.itch_count(data)
    assert (result["messages"], result["zero_lengths"], result["malformed"]) == (12_012, 12_012, 0)
    assert result["types"] == plain_counts(data)
    assert (result["consumed"], result["stopped_by"]) == (len(data), "none")


@hypothesis.given(st.lists(types, max_size=30), st.data())
def test_a_cut_anywhere_loses_no_whole_message(kinds: list[str], draw: st.DataObject) -> None:
    parts = [framed(kind) for kind in kinds]
    data = b"".join(parts)
    cut = draw.draw(st.integers(0, len(data)))
    result = parley_core.itch_count(data[:cut])
    ends = list(itertools.accumulate(len(part) for part in parts))
    assert result["messages"] == sum(end <= cut for end in ends)
    assert result["consumed"] == max([0, *(end for end in ends if end <= cut)])
    assert result["stopped_by"] == ("none" if result["consumed"] == cut else "truncated")
    assert parley_core.itch_count(data[result["consumed"] :])["messages"] == len(kinds) - result["messages"]


@hypothesis.given(st.lists(types, min_size=1, max_size=10), st.integers(1, 80), st.data())
def test_a_wrong_length_is_skipped_and_named(kinds: list[str], length: int, draw: st.DataObject) -> None:
    parts = [framed(kind) for kind in kinds]
    at = draw.draw(st.integers(0, len(parts)))
    hypothesis.assume(length != LENGTHS["D"])
    parts.insert(at, struct.pack(">H", length) + b"D" * length)
    result = parley_core.itch_count(b"".join(parts))
    assert (result["messages"], result["malformed"], result["first_flaw"]) == (len(kinds), 1, "wrong_length")
    assert result["first_flaw_at"] == sum(map(len, parts[:at]))


def test_an_unknown_type_is_skipped_by_its_length_and_fatal_without() -> None:
    good = framed("A")
    skipped = parley_core.itch_count(good + b"\x00\x03zzz" + good)
    assert (skipped["messages"], skipped["malformed"], skipped["first_flaw"]) == (2, 1, "unknown_type")
    lost = parley_core.itch_count(good + b"\x00\x00zzz" + good)
    assert (lost["messages"], lost["stopped_by"], lost["consumed"]) == (1, "lost", len(good))


@hypothesis.given(st.binary(max_size=300))
def test_random_bytes_are_only_counted(data: bytes) -> None:
    result = parley_core.itch_count(data)
    assert 0 <= result["consumed"] <= len(data)
    assert sum(result["types"].values()) == result["messages"]


order_fields = st.fixed_dictionaries(
    {
        "timestamp_ns": st.integers(0, 2**48 - 1),
        "order_reference": st.integers(0, 2**64 - 1),
        "shares": st.integers(0, 2**32 - 1),
        "price_e4": st.integers(0, 2**32 - 1),
        "stock_locate": st.integers(0, 2**16 - 1),
        "side": st.sampled_from([b"B", b"S"]),
    }
)


def encoded_add(order: dict) -> bytes:
    head = b"A" + struct.pack(">HH", order["stock_locate"], 9) + order["timestamp_ns"].to_bytes(6, "big")
    tail = struct.pack(">Qc", order["order_reference"], order["side"]) + struct.pack(">I8sI", order["shares"], b"AAPL    ", order["price_e4"])
    return struct.pack(">H", 36) + head + tail


@hypothesis.given(st.lists(order_fields, max_size=12), st.integers(1, 5))
def test_records_in_batches_are_the_messages(orders: list[dict], batch: int) -> None:
    data = b"".join(encoded_add(order) + framed("D") + framed("H") for order in orders)
    found, start = [], 0
    while True:
        records, walk = parley_core.itch_records(data, start, batch)
        assert len(records) <= batch
        found += [{name: record[name] for name in (*order_fields_names(), "type", "stock")} for record in records]
        start = walk["next_start"]
        if start == len(data):
            break
    adds = [record for record in found if record["type"] == b"A"]
    assert len(found) == 2 * len(orders)
    assert adds == [{**order, "type": b"A", "stock": b"AAPL    "} for order in orders]
    assert all(record["order_reference"] == int.from_bytes(bytes(range(11, 19)), "big") for record in found if record["type"] == b"D")


def order_fields_names() -> tuple[str, ...]:
    return ("timestamp_ns", "order_reference", "shares", "price_e4", "stock_locate", "side")


def test_records_of_every_kind_carry_their_own_fields() -> None:
    kinds = "AFECXDUPQB"
    records, walk = parley_core.itch_records(b"".join(framed(kind) for kind in kinds + "SIRN"))
    assert b"".join(records["type"]).decode() == kinds
    assert walk["messages"] == 14
    by_type = {record["type"].decode(): record for record in records}
    first, second = int.from_bytes(bytes(range(11, 19)), "big"), int.from_bytes(bytes(range(19, 27)), "big")
    assert (by_type["U"]["order_reference"], by_type["U"]["new_reference"]) == (first, second)
    assert (by_type["E"]["match_number"], by_type["E"]["shares"]) == (int.from_bytes(bytes(range(23, 31)), "big"), 0x13141516)
    assert (by_type["Q"]["shares"], by_type["Q"]["price_e4"]) == (first, 0x1B1C1D1E)
    assert (by_type["B"]["match_number"], by_type["B"]["order_reference"]) == (first, 0)
    assert by_type["C"]["price_e4"] == 0x20212223


def test_records_refuse_a_start_behind_the_end() -> None:
    for start, most in ((1, 1), (0, 0), (0, 10**8)):
        with pytest.raises(ValueError, match="start|records_max"):
            parley_core.itch_records(b"", start, most)


def test_books_of_messages_are_told_by_price_and_time() -> None:
    def message(kind: bytes, *rest: bytes) -> bytes:
        body = kind + struct.pack(">HHHI", 7, 0, 0, 1) + b"".join(rest)
        return struct.pack(">H", len(body)) + body

    def add(reference: int, side: bytes, shares: int, price_e4: int) -> bytes:
        return message(b"A", struct.pack(">QcI8sI", reference, side, shares, b"AIR01   ", price_e4))

    books = parley_core.ItchBooks(10, 10)
    data = add(1, b"B", 100, 500) + add(2, b"B", 50, 600) + add(3, b"B", 20, 500) + add(4, b"S", 5, 700)
    data += message(b"E", struct.pack(">QIQ", 1, 40, 1)) + message(b"H", struct.pack(">8scc4s", b"AIR01   ", b"T", b" ", b"    "))
    assert books.apply(data + data[:5]) == (len(data), 0)
    assert books.levels(7, "B") == [(600, 50, 1), (500, 80, 2)]
    assert books.orders(7, "B") == [(2, 50, 600), (1, 60, 500), (3, 20, 500)]
    assert books.orders(7, "S") == [(4, 5, 700)]
    assert (books.trading_state(7), books.trading_state(8), books.count_orders) == ("T", " ", 4)
    books.apply(message(b"D", struct.pack(">Q", 9)))
    assert books.flaws["unknown_orders"] == 1
    with pytest.raises(ValueError, match="side: B or S"):
        books.levels(7, "X")
    for bounds in ((0, 1), (1, 0), (10**9, 1)):
        with pytest.raises(ValueError, match="1 to 100,000,000"):
            parley_core.ItchBooks(*bounds)
