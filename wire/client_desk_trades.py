"""Commands about trades that people book: fills made elsewhere, their corrections, and allocations."""

from typing import Annotated

import msgspec

from wire.client_types import Command, DecimalText, EntityId, NameText, QuantityText, ReasonText
from wire.units import Side

SHARES_MAX = 10
RATIO_MAX = 1_000_000
SourceText = Annotated[str, msgspec.Meta(min_length=2, max_length=13, pattern=r"^[A-Za-z0-9._-]+$(?!\n)")]


class EnterFill(Command, tag="fill.enter"):
    """A fill that was made elsewhere, by voice or at a broker; another person approves it before it is booked.

    ``source``: where it was made. ``fee``: charged there, in the settlement currency; below zero it was paid to us.
    ``traded_at_ns``: when, UTC; None: now.
    """

    account_id: EntityId
    instrument_name: NameText
    side: Side
    quantity: QuantityText
    price: DecimalText
    source: SourceText
    reason: ReasonText
    fee: DecimalText = "0"
    traded_at_ns: Annotated[int, msgspec.Meta(ge=1, le=2**62)] | None = None


class CorrectFill(Command, tag="fill.correct"):
    """Another quantity, another price, or both; neither takes the fill back. Two people, and new facts."""

    desk_trade_id: EntityId
    reason: ReasonText
    quantity: QuantityText | None = None
    price: DecimalText | None = None


class DecideDeskTrade(Command, tag="fill.decide"):
    """The second person's word. Approved, it goes to the gateway, which may still refuse it."""

    desk_trade_id: EntityId
    is_approved: bool
    reason: ReasonText


class Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account's part: a quantity, or a ratio to the others'."""

    account_id: EntityId
    quantity: QuantityText | None = None
    ratio: Annotated[int, msgspec.Meta(ge=1, le=RATIO_MAX)] | None = None


class AllocateTrade(Command, tag="order.allocate"):
    """Share what an order, or a parent order, traded out to other accounts of the firm at its average price."""

    shares: Annotated[tuple[Share, ...], msgspec.Meta(min_length=1, max_length=SHARES_MAX)]
    reason: ReasonText
    order_id: EntityId | None = None
    parent_order_id: EntityId | None = None


class UndoAllocation(Command, tag="order.undo_allocation"):
    """The same trades the other way round, as new facts."""

    desk_trade_id: EntityId
    reason: ReasonText


AnyDeskTradeCommand = EnterFill | CorrectFill | DecideDeskTrade | AllocateTrade | UndoAllocation
