"""Trades that people book, as answers and facts show them."""

import enum

import msgspec

from wire.account_views import FillView
from wire.fact_types import Fact
from wire.units import Side

DESK_BLOCKS_FROM = 2**40
"""Numbers of the gateway's reservations for such trades lie from here on; those of RFQs below."""


class DeskTradeKind(enum.StrEnum):
    MANUAL_FILL = "manual_fill"
    BUST = "bust"
    CORRECTION = "correction"
    ALLOCATION = "allocation"
    UNDO = "undo_allocation"


class DeskTradeState(enum.StrEnum):
    """``sent``: the gateway is asked to hold the risk; ``reserved``: it does, and is asked to book; ``failed``: it, or
    one of its controls, said no.
    """

    REQUESTED = "requested"
    REFUSED = "refused"
    SENT = "sent"
    RESERVED = "reserved"
    DONE = "done"
    FAILED = "failed"


class DeskLegView(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: the account's. ``other_account_id``: None where the other side is elsewhere. ``reverses``: the
    execution that the leg takes back.
    """

    account_id: int
    other_account_id: int | None
    instrument_name: str
    side: Side
    quantity: str
    price: str
    execution_id: int | None
    reverses: int | None


class DeskTradeView(msgspec.Struct, frozen=True, kw_only=True):
    desk_trade_id: int
    kind: DeskTradeKind
    state: DeskTradeState
    source: str
    fee: str
    fee_asset: str
    reason: str
    requested_by_user_id: int
    requested_at_ns: int
    decided_by_user_id: int | None
    decide_reason: str
    original_id: int | None
    """What is corrected, taken back or undone."""
    is_standing: bool
    """Booked, and neither corrected nor taken back."""
    order_id: int | None
    parent_order_id: int | None
    gateway_reason: str
    traded_at_ns: int
    done_at_ns: int
    legs: list[DeskLegView]


class DeskTradeChanged(Fact, tag="desk_trade.changed"):
    desk_trade: DeskTradeView


class DeskTradeFilled(Fact, tag="desk_trade.leg_filled"):
    """One account's side of one of its legs was booked."""

    fill: FillView
