"""One language for orders at venues, whatever they speak. Prices in quote currency, quantities in our contracts, both
exact decimals: a venue may count in finer steps than we do. What is reported travels on as it is:
``wire.venue_reports``.
"""

from decimal import Decimal

import msgspec

from wire.units import OrderState, OrderType, Side, TimeInForce
from wire.venue_reports import Execution as Execution  # noqa: PLC0414 - offered to adapters
from wire.venue_reports import ExecutionReport as ExecutionReport  # noqa: PLC0414 - offered to adapters
from wire.venue_reports import ReportKind as ReportKind  # noqa: PLC0414 - offered to adapters

CLIENT_ORDER_ID_LENGTH_MAX = 64


class NewVenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``price`` None: a market order. ``client_order_id``: ours, never used twice. ``sent_at_ns``: when it left.
    ``venue_order_id``: the venue's, where it is known before the order is there: of a leg of a block RFQ.
    """

    client_order_id: str
    name: str
    side: Side
    quantity: Decimal
    price: Decimal | None = None
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    is_post_only: bool = False
    is_reduce_only: bool = False
    sent_at_ns: int = 0
    venue_order_id: str = ""

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
