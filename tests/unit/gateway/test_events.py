"""Every event of the engine becomes the message of the same number, field by field."""

import msgspec
import parley_core
import pytest

from gateway.events import EVENT_TYPES, decode_event, encode_event, entry_id
from wire.gateway import EventEnvelope, InstrumentListed, KillSwitchChanged, OrderExecuted
from wire.instruments import parse_instrument_name
from wire.units import ControlScope, Liquidity, Side


def raw(kind: int, payload: tuple[object, ...]) -> tuple[int, int, int, int, int, int, tuple[object, ...]]:
    return 7, 5, 2, 1_790_000_000_000_000_000, 3, kind, payload


def test_kinds_are_numbered_as_in_the_engine() -> None:
    names = ["".join(f"_{c}" if c.isupper() else c.upper() for c in t.__name__).upper().strip("_") for t in EVENT_TYPES]

    assert [(kind.name, int(kind)) for kind in parley_core.EventKind] == [(n, i) for i, n in enumerate(names)]


def test_execution_is_decoded_with_its_words() -> None:
    event = raw(EVENT_TYPES.index(OrderExecuted), (1, 2, 3, 4, 1, 190_000, 10, 10, 0, 1, 0, 95_000_000_000))

    envelope = msgspec.json.decode(encode_event(event), type=EventEnvelope)

    assert envelope == decode_event(event)
    assert entry_id(event) == "5-2"
    assert isinstance(envelope.event, OrderExecuted)
    assert (envelope.event.side, envelope.event.liquidity) == (Side.SELL, Liquidity.TAKER)
    assert (envelope.event_number, envelope.command_sequence, envelope.event.price_ticks) == (7, 3, 190_000)


def test_listing_carries_the_terms() -> None:
    terms = parse_instrument_name("BTC-27MAR26-80000-C")
    event = raw(EVENT_TYPES.index(InstrumentListed), (4, msgspec.json.encode(terms)))

    assert msgspec.json.decode(encode_event(event), type=EventEnvelope).event == InstrumentListed(
        instrument_id=4, terms=terms
    )


def test_booleans_and_scopes_are_words() -> None:
    event = decode_event(raw(EVENT_TYPES.index(KillSwitchChanged), (5, 42, True, 3))).event

    assert event == KillSwitchChanged(scope=ControlScope.INSTRUMENT, scope_id=42, is_engaged=True, orders_canceled=3)


def test_payload_of_the_wrong_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        decode_event(raw(EVENT_TYPES.index(OrderExecuted), (1, 2)))
