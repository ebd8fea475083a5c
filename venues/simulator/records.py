"""Orders, trades and clients of a simulated venue, as it keeps them."""

import dataclasses
import enum
from decimal import Decimal

from venues.simulator.contracts import Contract
from wire.units import Liquidity, OrderType, Side, TimeInForce


class State(enum.StrEnum):
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"


@dataclasses.dataclass(frozen=True, slots=True)
class Client:
    """``account_id`` is the engine's."""

    client_id: str
    account_id: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a client asked for. ``price_ticks`` None: a market order. ``label``: the client's own word, kept."""

    side: Side
    quantity_lots: int
    price_ticks: int | None
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    is_post_only: bool = False
    is_reduce_only: bool = False
    label: str = ""


@dataclasses.dataclass(slots=True, kw_only=True)
class Order:
    order_id: int
    client: Client
    contract: Contract
    terms: Terms
    price_ticks: int | None
    quantity_lots: int
    created_at_ns: int
    updated_at_ns: int
    filled_lots: int = 0
    filled_ticks: int = 0
    """Sum of ticks times lots: over ``filled_lots`` the average price."""
    state: State = State.OPEN
    cancel_reason: str = ""
    is_replaced: bool = False

    @property
    def leaves_lots(self) -> int:
        return self.quantity_lots - self.filled_lots if self.state is State.OPEN else 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One client's side of an execution. ``fee`` in ``fee_currency``, negative where it is a rebate."""

    trade_id: str
    trade_sequence: int
    order: Order
    price_ticks: int
    quantity_lots: int
    at_ns: int
    liquidity: Liquidity
    fee: Decimal
    fee_currency: str
    index_price: float
    is_busted: bool = False
    block_rfq_id: int = 0
    """Of a leg of a block RFQ."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """An execution as everybody sees it; ``side`` of the aggressor."""

    trade_id: str
    trade_sequence: int
    contract: Contract
    side: Side
    price_ticks: int
    quantity_lots: int
    at_ns: int


@dataclasses.dataclass(frozen=True, slots=True)
class Refused(Exception):
    """The venue does not take a request: the engine's reason, the value and the bound."""

    reason: str
    value: int = 0
    bound: int = 0
