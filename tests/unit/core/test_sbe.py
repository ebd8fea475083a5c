"""The SBE decoder that is generated from core/schemas/market_data.xml, against an encoder that knows nothing of it."""

import importlib.util
import struct
import sys
from pathlib import Path
from types import ModuleType

import hypothesis
import hypothesis.strategies as st
import parley_core
import pytest

CORE = Path(__file__).parents[3] / "core"
SCHEMA = CORE / "schemas" / "market_data.xml"
SCHEMA_ID = 7701
NO_LOTS, NO_ORDERS = -(2**63), 2**32 - 1

int64 = st.integers(-(2**63) + 1, 2**63 - 1)
uint32 = st.integers(0, 2**32 - 2)
text = st.binary(max_size=40)


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbe_generate", CORE / "tools" / "sbe_generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where data classes look their annotations up
    spec.loader.exec_module(module)
    return module


def header(block: int, template: int, version: int, schema: int = SCHEMA_ID) -> bytes:
    return struct.pack("<HHHH", block, template, schema, version)


def var(value: bytes) -> bytes:
    return struct.pack("<H", len(value)) + value


def book_update(fields: tuple[int, int, int, int], levels: list[tuple], version: int = 1, extra: bytes = b"") -> bytes:
    entry = "<qqB" if version == 0 else "<qqBI"
    size = struct.calcsize(entry) + len(extra)
    body = struct.pack("<qqQB", *fields) + extra
    packed = b"".join(
        struct.pack(entry, price, NO_LOTS if lots is None else lots, side, *([] if version == 0 else [NO_ORDERS if orders is None else orders])) + extra
        for price, lots, side, orders in levels
    )
    return header(25 + len(extra), 1, version) + body + struct.pack("<HH", size, len(levels)) + packed


def expected_update(fields: tuple[int, int, int, int], levels: list[tuple]) -> dict:
    keys = ("price_ticks", "quantity_lots", "side", "orders")
    named = dict(zip(("instrument_id", "venue_time_ns", "sequence", "is_snapshot"), fields, strict=True))
    return {"message": "BookUpdate", **named, "levels": [dict(zip(keys, level, strict=True)) for level in levels]}


updates = st.tuples(int64, int64, st.integers(0, 2**64 - 1), st.integers(0, 255))
levels_of = st.lists(st.tuples(int64, st.none() | int64, st.integers(0, 1), st.none() | uint32), max_size=20)


def deep_book(instrument: int, prices: list[tuple[int, int, list[tuple[int, bytes]]]], note: bytes) -> bytes:
    data = header(8, 4, 1) + struct.pack("<q", instrument) + struct.pack("<HH", 9, len(prices))
    for price, side, orders in prices:
        data += struct.pack("<qB", price, side) + struct.pack("<HH", 8, len(orders))
        data += b"".join(struct.pack("<q", lots) + var(order) for lots, order in orders)
    return data + var(note)


deep_books = st.tuples(
    int64, st.lists(st.tuples(int64, st.integers(0, 1), st.lists(st.tuples(int64, text), max_size=4)), max_size=4), text
)


def test_the_header_in_the_tree_is_what_the_schema_generates() -> None:
    generated = load_generator().generate(SCHEMA.read_text())
    assert (CORE / "include" / "parley" / "sbe_market_data.hpp").read_text() == generated


@hypothesis.given(updates, levels_of)
def test_a_group_of_levels_comes_back(fields: tuple[int, int, int, int], levels: list[tuple]) -> None:
    data = book_update(fields, levels)
    assert parley_core.sbe_market_data(data) == ([expected_update(fields, levels)], "none", len(data))


@hypothesis.given(updates, levels_of)
def test_an_older_version_has_no_orders_and_a_newer_one_is_read_past(fields: tuple, levels: list[tuple]) -> None:
    older = [(*level[:3], None) for level in levels]
    assert parley_core.sbe_market_data(book_update(fields, levels, version=0))[0] == [expected_update(fields, older)]
    newer = book_update(fields, levels, version=9, extra=b"\xff" * 5)
    assert parley_core.sbe_market_data(newer) == ([expected_update(fields, levels)], "none", len(newer))


@hypothesis.given(int64, int64, st.none() | int64, int64, st.integers(0, 255), st.integers(0, 255), text)
def test_composite_set_offset_and_block_length_of_a_trade(instrument, at, mantissa, lots, side, flags, trade_id) -> None:
    block = struct.pack("<qqqq4xBB10x", instrument, at, NO_LOTS if mantissa is None else mantissa, lots, side, flags)
    messages, flaw, _ = parley_core.sbe_market_data(header(48, 2, 1) + block + var(trade_id))
    assert flaw == "none"
    assert messages == [
        {
            "message": "Trade", "instrument_id": instrument, "venue_time_ns": at, "price_mantissa": mantissa,
            "price_exponent": -8, "quantity_lots": lots, "taker_side": side, "is_known_side": side in (0, 1),
            "flags": (bool(flags & 1), bool(flags & 2), bool(flags & 128)), "trade_id": trade_id,
        }
    ]  # fmt: skip


@hypothesis.given(st.binary(max_size=20).filter(lambda name: b"\0" not in name), st.lists(uint32, min_size=4, max_size=4),
                  st.none() | st.floats(allow_nan=False), text)  # fmt: skip
def test_text_array_character_and_missing_number_of_a_status(symbol, legs, rate, reason) -> None:
    block = struct.pack("<20sc4Id", symbol, b"H", *legs, float("nan") if rate is None else rate)
    messages, _, _ = parley_core.sbe_market_data(header(45, 3, 1) + block + var(reason))
    assert messages == [
        {"message": "InstrumentStatus", "symbol": symbol, "state": ord("H"), "legs": legs, "funding_rate": rate, "reason": reason}
    ]
    without = header(45, 3, 0) + block
    assert parley_core.sbe_market_data(without)[0][0]["reason"] == b""


@hypothesis.given(deep_books, st.data())
def test_groups_inside_groups_come_back_whole_or_not_at_all(book: tuple, draw: st.DataObject) -> None:
    instrument, prices, note = book
    data = deep_book(instrument, prices, note)
    expected = {"message": "DeepBook", "instrument_id": instrument, "prices": prices, "note": note}
    assert parley_core.sbe_market_data(data * 2) == ([expected, expected], "none", 2 * len(data))
    cut = draw.draw(st.integers(1, len(data) - 1))
    assert parley_core.sbe_market_data(data + data[:cut]) == ([expected], "truncated", len(data))


def test_what_is_not_of_the_schema_is_named() -> None:
    good = book_update((1, 2, 3, 0), [])
    assert parley_core.sbe_market_data(good + header(0, 1, 1, schema=1))[1:] == ("unknown_schema", len(good))
    assert parley_core.sbe_market_data(header(0, 99, 1))[1] == "unknown_template"
    assert parley_core.sbe_market_data(header(24, 1, 1) + bytes(50))[1] == "short_block"
    short_entries = header(25, 1, 1) + bytes(25) + struct.pack("<HH", 16, 1) + bytes(16)
    assert parley_core.sbe_market_data(short_entries)[1] == "short_block"


@hypothesis.given(deep_books, st.data())
def test_changed_bytes_give_messages_or_a_named_flaw(book: tuple, draw: st.DataObject) -> None:
    data = bytearray(deep_book(*book))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    messages, flaw, consumed = parley_core.sbe_market_data(data)
    flaws = {"none", "truncated", "short_block", "unknown_schema", "unknown_template"}
    assert flaw in flaws and 0 <= consumed <= len(data)
    assert (consumed == len(data)) == (flaw == "none")
    assert (consumed > 0) == bool(messages)


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ("<messageSchema", "not XML"),
        ('<messageSchema><types><type name="x" primitiveType="int7"/></types></messageSchema>', "int7"),
        ('<messageSchema><types/><message name="M" id="1"><field name="f" id="1" type="Nope"/></message></messageSchema>', "Nope"),
        ('<messageSchema><types/><message name="M" id="1"><field name="a" id="1" type="int64"/><field name="b" id="2" type="int8" offset="4"/></message></messageSchema>', "overlaps"),
        ('<messageSchema><types/><message name="M" id="1" blockLength="4"><field name="a" id="1" type="int64"/></message></messageSchema>', "block of 4 bytes"),
        ("<messageSchema><types/></messageSchema>", "messageHeader"),
    ],
)
def test_a_wrong_schema_is_refused_by_name(schema: str, named: str) -> None:
    generator = load_generator()
    with pytest.raises(generator.SchemaError, match=named):
        generator.generate(schema)
