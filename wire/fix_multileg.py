"""Multi-leg orders of FIX sessions: what the gateway gives the desk, and what the desk tells the sessions.

They take the road of ``wire.fix_rfq``, whose log and stream they share. ``M<parent order>`` is an order's OrderID.
"""

import enum

import msgspec

from wire.account_views import FillView
from wire.client_rfq import RfqLeg
from wire.client_types import DecimalText, QuantityText
from wire.fix_desk import FixAction, FixNews, find_numbers
from wire.multileg import LeggingRule, MultilegParameters
from wire.units import Side, TimeInForce


class MultilegReporting(enum.StrEnum):
    """Which fills are told: of the structure at its net price, of its legs, or both."""

    STRUCTURE = "structure"
    BOTH = "both"
    LEGS = "legs"


class EnterMultileg(FixAction, tag="enter_multileg"):
    """``parameters``: its time in force as the session wrote it, DAY too. ``leg_references``: one a leg, or empty."""

    client_order_id: str
    account_id: int
    side: Side
    quantity: QuantityText
    parameters: MultilegParameters
    reporting: MultilegReporting
    leg_references: tuple[str, ...]


class MultilegChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """None leaves it as it is."""

    legging_limit: QuantityText | None = None
    legging_timeout_s: int | None = None
    legging_rule: LeggingRule | None = None
    legging_slippage: QuantityText | None = None
    quoting_leg: str | None = None
    time_in_force: TimeInForce | None = None
    expires_at_ns: int | None = None


class OfMultileg(FixAction, kw_only=True):
    """Of an order of the session: by its ClOrdID, or by its number where ``original`` is empty."""

    original: str
    parent_order_id: int = 0


class ReplaceMultileg(OfMultileg, kw_only=True, tag="replace_multileg"):
    client_order_id: str
    side: Side
    legs: tuple[RfqLeg, ...]
    quantity: QuantityText
    net_price: DecimalText
    changes: MultilegChanges


class CancelMultileg(OfMultileg, kw_only=True, tag="cancel_multileg"):
    client_order_id: str


class AskMultileg(OfMultileg, kw_only=True, tag="ask_multileg"):
    status_request_id: str


class CancelMultilegs(FixAction, tag="cancel_multilegs"):
    """All that work, of one side or (None) of both."""

    side: Side | None = None
    is_disconnect: bool = False


class ListMultilegs(FixAction, tag="list_multilegs"):
    """The state of all that work."""

    mass_id: str
    side: Side | None = None


AnyMultilegAction = EnterMultileg | ReplaceMultileg | CancelMultileg | AskMultileg | CancelMultilegs | ListMultilegs


class MultilegStatus(enum.StrEnum):
    PENDING_NEW = "pending_new"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    SUSPENDED = "suspended"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class MultilegEvent(enum.StrEnum):
    """What an execution report is about."""

    PENDING_NEW = "pending_new"
    NEW = "new"
    TRADE = "trade"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    REPLACED = "replaced"
    EXPIRED = "expired"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    RESTATED = "restated"
    STATUS = "status"


class MultilegLeg(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: as it is written. ``reference``: the session's own, or empty."""

    instrument_name: str
    side: Side
    ratio: int
    reference: str


class MultilegOrder(msgspec.Struct, frozen=True, kw_only=True):
    """As its session is told that it stands. Quantities in units of the structure; prices net, of one unit."""

    parent_order_id: int
    client_order_id: str
    account_id: int
    side: Side
    quantity: str
    net_price: str
    time_in_force: TimeInForce
    expires_at_ns: int
    status: MultilegStatus
    leaves_quantity: str
    filled_quantity: str
    average_price: str
    legs: tuple[MultilegLeg, ...]


class MultilegTold(FixNews, tag="multileg_told"):
    """``request_id``: of the request that is answered, which named the order by ``original``.

    ``total`` and ``is_last``: of the answer to a mass status ``mass_id``. ``is_copy``: for a drop copy.
    """

    order: MultilegOrder
    event: MultilegEvent
    execution_id: str
    at_ns: int
    request_id: str = ""
    original: str = ""
    last_quantity: str = ""
    last_price: str = ""
    reason: str = ""
    text: str = ""
    status_request_id: str = ""
    mass_id: str = ""
    total: int = 0
    is_last: bool = False
    is_copy: bool = False


class MultilegLegFilled(FixNews, tag="multileg_leg_filled"):
    """``quantity``, ``filled_quantity``, ``average_price``: of the leg, in its contracts, on its own side."""

    order: MultilegOrder
    leg: int
    fill: FillView
    quantity: str
    filled_quantity: str
    average_price: str
    text: str = ""


class MultilegRefused(FixNews, tag="multileg_refused"):
    """An order that was not taken, or (``action`` None) one that was asked for and is not there."""

    client_order_id: str
    execution_id: str
    at_ns: int
    reason: str
    text: str
    action: EnterMultileg | None = None
    status_request_id: str = ""


class MultilegRequestRefused(FixNews, tag="multileg_request_refused"):
    """A cancel or a replacement. ``order`` None: nobody knows it."""

    request_id: str
    original: str
    is_replacement: bool
    order: MultilegOrder | None
    at_ns: int
    reason: str
    text: str


class NoMultilegs(FixNews, tag="no_multilegs"):
    """The answer to a mass status where none works."""

    mass_id: str
    at_ns: int


AnyMultilegNews = MultilegTold | MultilegLegFilled | MultilegRefused | MultilegRequestRefused | NoMultilegs


def multileg_name(parent_order_id: int) -> str:
    """OrderID of a multi-leg order."""
    return f"M{parent_order_id}"


def find_parent_order_id(name: str) -> int | None:
    """Of what ``multileg_name`` made."""
    numbers = find_numbers(name, "M", 1)
    return numbers[0] if numbers else None
