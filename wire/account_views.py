"""Orders, fills, positions and balances as facts, snapshots and REST answers show them."""

import msgspec

from wire.units import OrderState, OrderType, PegReference, SelfMatch, Side, StopTrigger, TimeInForce


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    order_id: int
    command_id: str
    account_id: int
    user_id: int
    instrument_name: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    is_post_only: bool
    price: str | None
    quantity: str
    filled_quantity: str
    leaves_quantity: str
    average_price: str | None
    state: OrderState
    reason: str
    reason_value: str
    reason_bound: str
    created_at_ns: int
    updated_at_ns: int
    is_reduce_only: bool = False
    expires_at_ns: int = 0
    display_quantity: str | None = None
    minimum_quantity: str | None = None
    stop_price: str | None = None
    trigger: StopTrigger | None = None
    """Of stops: what reaches the stop price."""
    is_triggered: bool = False
    peg_reference: PegReference | None = None
    peg_offset: str | None = None
    self_match: SelfMatch = SelfMatch.CANCEL_NEWEST
    origin: str = "terminal"
    """terminal; fix: entered by a FIX session; algo: by the algorithm of a parent order."""
    client_order_id: str = ""
    """ClOrdID, where a FIX session entered it."""
    parent_order_id: int | None = None
    """The parent order whose algorithm entered it."""


class FillView(msgspec.Struct, frozen=True, kw_only=True):
    execution_id: int
    account_id: int
    instrument_name: str
    side: Side
    price: str
    quantity: str
    liquidity: str
    fee: str
    fee_asset: str
    at_ns: int
    order_id: int | None = None
    rfq_id: int | None = None
    route_id: int | None = None
    venue: str = ""
    """Where it happened, if not in our own book."""
    desk_trade_id: int | None = None
    """The trade that people booked, where they did."""


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """quantity: signed contracts. realized: in the settlement currency."""

    account_id: int
    instrument_name: str
    quantity: str
    average_price: str
    realized: str
    settlement_currency: str


class BalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """posted: settled; pending: net of obligations that the next cycle settles."""

    account_id: int
    asset: str
    posted: str
    pending: str
