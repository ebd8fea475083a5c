"""Nasdaq OUCH 5.0 messages as types, both ways: what a client sends and what the exchange answers.

``encode(message)`` gives the bytes of either, ``decode_request(bytes)`` and ``decode_event(bytes)`` read them; a venue
that is simulated uses the same three as its client. Prices (``price_e4``) count 1e-4 US dollar, quantities shares, times
nanoseconds since midnight of New York. Letters are the specification's: side B, S, T, E; time in force 0, 3, 5, 6, E.
``options`` are what may follow a message: tag number to its bytes.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from parley_core import _core


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What every message has. ``TYPE``: its letter; ``IS_EVENT``: whether the exchange sends it."""

    TYPE: ClassVar[str]
    IS_EVENT: ClassVar[bool]
    options: Mapping[int, bytes] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message):
    """What a client sends."""

    IS_EVENT = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event(Message):
    """What the exchange answers."""

    IS_EVENT = True
    timestamp_ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EnterOrder(Request):
    """A new order. Its reference must be above every one before it in the session."""

    TYPE = "O"
    user_reference: int
    side: str
    quantity: int
    symbol: str
    price_e4: int
    time_in_force: str = "0"
    display: str = "Y"
    capacity: str = "P"
    is_intermarket_sweep: bool = False
    cross_type: str = "N"
    client_order_id: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceOrder(Request):
    """A new order in the place of one that rests."""

    TYPE = "U"
    original_reference: int
    user_reference: int
    quantity: int
    price_e4: int
    time_in_force: str = "0"
    display: str = "Y"
    is_intermarket_sweep: bool = False
    client_order_id: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder(Request):
    """Leaves ``quantity`` shares of an order; 0 cancels it."""

    TYPE = "X"
    user_reference: int
    quantity: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModifyOrder(Request):
    """Another side of the same kind, or fewer shares."""

    TYPE = "M"
    user_reference: int
    side: str
    quantity: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MassCancel(Request):
    """Cancels all orders of a firm, of one symbol where it is not empty."""

    TYPE = "C"
    user_reference: int
    firm: str
    symbol: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DisableOrderEntry(Request):
    """Takes no more orders of a firm."""

    TYPE = "D"
    user_reference: int
    firm: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EnableOrderEntry(Request):
    """Takes orders of a firm again."""

    TYPE = "E"
    user_reference: int
    firm: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccountQuery(Request):
    """Asks for the next reference."""

    TYPE = "Q"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SystemEvent(Event):
    """S the day begins, E it ends."""

    TYPE = "S"
    event_code: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderStanding(Event):
    """What is told of an order that the exchange took. ``order_state``: L live, D dead."""

    user_reference: int
    side: str
    quantity: int
    symbol: str = ""
    price_e4: int
    time_in_force: str
    display: str
    order_reference: int
    capacity: str
    is_intermarket_sweep: bool
    cross_type: str
    order_state: str
    client_order_id: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted(OrderStanding):
    """A new order was taken."""

    TYPE = "A"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderReplaced(OrderStanding):
    """A new order was taken in the place of one that rested."""

    TYPE = "U"
    original_reference: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderCanceled(Event):
    """Shares that no longer rest, and why."""

    TYPE = "C"
    user_reference: int
    canceled_quantity: int
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderSelfMatchCanceled(Event):
    """Canceled so that it does not trade with an order of the same owner."""

    TYPE = "D"
    user_reference: int
    canceled_quantity: int
    reason: str
    prevented_quantity: int
    execution_price_e4: int
    liquidity: str
    strategy: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderExecuted(Event):
    """``liquidity``: A added, R removed, and others."""

    TYPE = "E"
    user_reference: int
    last_quantity: int
    last_price_e4: int
    liquidity: str
    match_number: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BrokenTrade(Event):
    """An execution that is taken back."""

    TYPE = "B"
    user_reference: int
    match_number: int
    reason: str
    client_order_id: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(Event):
    """``reason``: the code of the specification."""

    TYPE = "J"
    user_reference: int
    reason: int
    client_order_id: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CancelPending(Event):
    """The order is in a cross and will be canceled after it."""

    TYPE = "P"
    user_reference: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CancelRejected(Event):
    """The order is in a cross and cannot be canceled."""

    TYPE = "I"
    user_reference: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PriorityUpdate(Event):
    """Another place in the queue."""

    TYPE = "T"
    user_reference: int
    price_e4: int
    display: str
    order_reference: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderModified(Event):
    """Another side, or fewer shares."""

    TYPE = "M"
    user_reference: int
    side: str
    quantity: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderRestated(Event):
    """Changed by the exchange."""

    TYPE = "R"
    user_reference: int
    reason: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MassCancelAccepted(Event):
    """All orders of a firm are being canceled."""

    TYPE = "X"
    user_reference: int
    firm: str
    symbol: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderEntryDisabled(Event):
    """No more orders of a firm are taken."""

    TYPE = "G"
    user_reference: int
    firm: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OrderEntryEnabled(Event):
    """Orders of a firm are taken again."""

    TYPE = "K"
    user_reference: int
    firm: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccountState(Event):
    """The next reference that the exchange expects."""

    TYPE = "Q"
    next_reference: int


REQUESTS: dict[str, type[Request]] = {
    message.TYPE: message
    for message in (
        EnterOrder,
        ReplaceOrder,
        CancelOrder,
        ModifyOrder,
        MassCancel,
        DisableOrderEntry,
        EnableOrderEntry,
        AccountQuery,
    )
}
EVENTS: dict[str, type[Event]] = {
    message.TYPE: message
    for message in (
        SystemEvent,
        OrderAccepted,
        OrderReplaced,
        OrderCanceled,
        OrderSelfMatchCanceled,
        OrderExecuted,
        BrokenTrade,
        OrderRejected,
        CancelPending,
        CancelRejected,
        PriorityUpdate,
        OrderModified,
        OrderRestated,
        MassCancelAccepted,
        OrderEntryDisabled,
        OrderEntryEnabled,
        AccountState,
    )
}


def encode(message: Message) -> bytes:
    """The bytes of a message. ValueError names the field that does not fit."""
    names = _core.ouch_fields(message.IS_EVENT, message.TYPE)
    values = tuple(getattr(message, name) for name in names)
    return _core.ouch_encode(message.IS_EVENT, message.TYPE, values, dict(message.options))


def decode_request(data: bytes | bytearray | memoryview) -> Request:
    """What a client sent. ValueError: unknown_type, wrong_length or bad_options."""
    kind, fields = _decode(data, is_event=False)
    return REQUESTS[kind](**fields)


def decode_event(data: bytes | bytearray | memoryview) -> Event:
    """What the exchange answered. ValueError: unknown_type, wrong_length or bad_options."""
    kind, fields = _decode(data, is_event=True)
    return EVENTS[kind](**fields)


def _decode(data: bytes | bytearray | memoryview, *, is_event: bool) -> tuple[str, dict[str, Any]]:
    kind, values, options = _core.ouch_decode(is_event=is_event, message=data)
    names = _core.ouch_fields(is_event=is_event, type=kind)
    return kind, {"options": options, **dict(zip(names, values, strict=True))}
