"""One language for what venues say of our orders, whatever they speak. Prices in quote currency, quantities in our
contracts, both exact decimals: a venue may count in finer steps than we do.
"""

import enum
from decimal import Decimal

import msgspec

from wire.units import Liquidity, OrderState, OrderType, Side, TimeInForce

CLIENT_ORDER_ID_LENGTH_MAX = 64


class ReportKind(enum.StrEnum):
    NEW = "new"
    TRADE = "trade"
    CANCELED = "canceled"
    REPLACED = "replaced"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """Sent, and nobody has said yet what became of it."""
    BUST = "bust"
    """An execution is taken back: a new fact about it."""
    ADOPTED = "adopted"
    """An order at the venue that we did not send."""


class NewVenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``price`` None: a market order. ``client_order_id``: ours, never used twice."""

    client_order_id: str
    name: str
    side: Side
    quantity: Decimal
    price: Decimal | None = None
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    is_post_only: bool = False
    is_reduce_only: bool = False

    def __post_init__(self) -> None:
        if not 0 < len(self.client_order_id) <= CLIENT_ORDER_ID_LENGTH_MAX or self.quantity <= 0:
            raise ValueError("an order needs an id of 1 to 64 characters and a quantity above zero")


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the venue shows it. ``filled``: the venue's own sum; ours is that of the executions."""

    venue_order_id: str
    client_order_id: str
    name: str
    side: Side
    quantity: Decimal
    price: Decimal | None
    filled: Decimal
    state: OrderState
    updated_at_ns: int
    reason: str = ""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """``execution_id``: the venue's. ``fee`` negative: a rebate. ``is_busted``: the venue took it back."""

    execution_id: str
    venue_order_id: str
    client_order_id: str
    name: str
    side: Side
    price: Decimal
    quantity: Decimal
    liquidity: Liquidity
    fee: Decimal
    fee_currency: str
    at_ns: int
    is_busted: bool = False


class ExecutionReport(msgspec.Struct, frozen=True, kw_only=True):
    """``number``: gapless, of this venue's log; a reader that has taken up to n asks for n + 1.

    quantity = cumulative + leaves + canceled, after every report. ``execution``: of trade and bust.
    """

    number: int
    venue: str
    kind: ReportKind
    client_order_id: str
    venue_order_id: str
    name: str
    side: Side
    state: OrderState
    quantity: Decimal
    price: Decimal | None
    cumulative: Decimal
    leaves: Decimal
    canceled: Decimal
    received_at_ns: int
    execution: Execution | None = None
    reason: str = ""
