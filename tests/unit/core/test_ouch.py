"""OUCH 5.0 from Python: every message there and back, the specification's bytes, and what is refused."""

import dataclasses
import struct

import hypothesis
import hypothesis.strategies as st
import pytest
from parley_core import ouch

MESSAGES = [*ouch.REQUESTS.values(), *ouch.EVENTS.values()]
WIDTHS = {"symbol": 8, "client_order_id": 14, "firm": 4}
NUMBER_BITS = {"price_e4": 64, "execution_price_e4": 64, "last_price_e4": 64, "order_reference": 64, "match_number": 64,
               "timestamp_ns": 64}  # fmt: skip
BYTES = {"O": 47, "U": 40, "X": 9, "M": 10, "C": 17, "D": 9, "E": 9, "Q": 1}
EVENT_BYTES = {"S": 10, "A": 64, "U": 68, "C": 18, "D": 32, "E": 36, "B": 36, "J": 29, "P": 13, "I": 13, "T": 30, "M": 18,
               "R": 14, "X": 25, "G": 17, "K": 17, "Q": 13}  # fmt: skip


def value_of(kind: type[ouch.Message], field: dataclasses.Field[object]) -> st.SearchStrategy[object]:
    if field.name == "options":
        return st.dictionaries(st.integers(1, 255), st.binary(max_size=20), max_size=3)
    if field.type is bool:
        return st.booleans()
    if field.type is int:
        narrow = 16 if kind is ouch.OrderRejected and field.name == "reason" else 32
        return st.integers(0, 2 ** NUMBER_BITS.get(field.name, narrow) - 1)
    letters = st.characters(min_codepoint=33, max_codepoint=126)
    if field.name in WIDTHS:
        return st.text(letters, max_size=WIDTHS[field.name])
    return st.text(letters, min_size=1, max_size=1)


def messages() -> st.SearchStrategy[ouch.Message]:
    return st.one_of(
        st.builds(kind, **{field.name: value_of(kind, field) for field in dataclasses.fields(kind)})
        for kind in MESSAGES
    )


def decode(message: ouch.Message, data: bytes) -> ouch.Message:
    return ouch.decode_event(data) if message.IS_EVENT else ouch.decode_request(data)


@hypothesis.given(messages())
def test_ouch_messages_come_back_as_they_were(message: ouch.Message) -> None:
    assert decode(message, ouch.encode(message)) == message


@hypothesis.given(messages(), st.data())
def test_ouch_messages_that_are_cut_or_longer_are_refused(message: ouch.Message, data: st.DataObject) -> None:
    encoded = ouch.encode(dataclasses.replace(message, options={1: b"x"}))
    at = data.draw(st.integers(0, len(encoded) - 1))
    body = len(encoded) - 5
    for wrong in (encoded[:at], encoded + b"\0"):
        if len(wrong) != body:  # cut before its options, it is whole
            with pytest.raises(ValueError, match="wrong_length|bad_options"):
                decode(message, wrong)


@hypothesis.given(st.binary(max_size=80))
def test_ouch_takes_any_bytes_or_refuses_them_in_a_word(data: bytes) -> None:
    for read in (ouch.decode_request, ouch.decode_event):
        try:
            message = read(data)
        except ValueError as error:
            assert str(error) in {"unknown_type", "wrong_length", "bad_options"}  # noqa: PT017  either way is right
        else:
            assert message.TYPE == chr(data[0])


def test_ouch_enter_order_is_the_bytes_of_the_specification() -> None:
    order = ouch.EnterOrder(
        user_reference=7, side="B", quantity=500, symbol="AAPL", price_e4=1_853_700, client_order_id="parley-7"
    )
    body = struct.pack(">cIcI8sQcccc", b"O", 7, b"B", 500, b"AAPL    ", 1_853_700, b"0", b"Y", b"P", b"N")
    expected = body + b"N" + b"parley-7      " + b"\0\0"
    assert ouch.encode(order) == expected
    with_options = dataclasses.replace(order, options={3: struct.pack(">I", 100), 12: b"P"})
    assert ouch.encode(with_options) == expected[:-2] + bytes([0, 9, 5, 3, 0, 0, 0, 100, 2, 12]) + b"P"


def test_ouch_lengths_are_those_of_the_specification() -> None:
    sizes: dict[bool, dict[str, int]] = {False: {}, True: {}}
    for kind in MESSAGES:
        given = {"int": 1, "bool": True, "str": "A", int: 1, bool: True, str: "A"}
        fields = {f.name: given[f.type] for f in dataclasses.fields(kind) if f.name != "options"}  # type: ignore[index]  a type
        sizes[kind.IS_EVENT][kind.TYPE] = len(ouch.encode(kind(**fields)))
    assert sizes == {False: BYTES, True: EVENT_BYTES}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"quantity": 2**32}, "quantity: too large"),
        ({"quantity": -1}, "quantity: a whole number"),
        ({"quantity": True}, "quantity: a whole number"),
        ({"quantity": 1.0}, "quantity: a whole number"),
        ({"symbol": "ABCDEFGHI"}, "symbol: longer"),
        ({"symbol": "Ä"}, "symbol: "),
        ({"side": ""}, "side: one letter"),
        ({"side": "BS"}, "side: "),
        ({"is_intermarket_sweep": 1}, "is_intermarket_sweep: True or False"),
        ({"options": {0: b""}}, "options: a tag"),
        ({"options": {1: bytes(255)}}, "options: a value"),
    ],
)
def test_ouch_refuses_a_value_that_does_not_fit_its_field(changed: dict[str, object], why: str) -> None:
    order = ouch.EnterOrder(user_reference=1, side="B", quantity=1, symbol="ABCDEFGH", price_e4=1)
    assert len(ouch.encode(dataclasses.replace(order, quantity=2**32 - 1))) == BYTES["O"]
    with pytest.raises(ValueError, match=why):
        ouch.encode(dataclasses.replace(order, **changed))  # type: ignore[arg-type]  what is wrong is the point
