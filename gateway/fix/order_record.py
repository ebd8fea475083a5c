"""An order as FIX sessions speak of it: its terms, whose it is, and where it stands after the engine's last event."""

from decimal import Decimal

import msgspec

from wire.units import TERMINAL_ORDER_STATES, OrderState, OrderType, PegReference, Side, TimeInForce

AVERAGE_DIGITS = Decimal("1e-12")


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. Ticks and lots; a repeat of a ClOrdID is the same order where all of this is equal."""

    account_id: int
    instrument_id: int
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity_lots: int
    price_ticks: int | None = None
    is_post_only: bool = False
    is_reduce_only: bool = False
    expires_at_ns: int = 0
    display_lots: int = 0
    minimum_lots: int = 0
    stop_ticks: int = 0
    peg_reference: PegReference = PegReference.MID
    peg_offset_ticks: int = 0


class OrderRecord(msgspec.Struct, kw_only=True):
    """``session`` is empty for an order of the terminal. ``traded_tick_lots``: sum of price ticks x lots of the fills.

    ``client_order_ids``: the ids of the order and of its requests, oldest first; ``client_order_id`` is the one in
    force, that of the last replacement.
    """

    order_id: int
    session: str
    client_order_id: str
    firm_id: int
    user_id: int
    symbol: str
    terms: OrderTerms
    quantity_lots: int
    price_ticks: int | None
    state: OrderState = OrderState.PENDING_NEW
    cumulative_lots: int = 0
    canceled_lots: int = 0
    traded_tick_lots: int = 0
    reason: str = ""
    client_order_ids: list[str] = msgspec.field(default_factory=list)

    @property
    def is_ended(self) -> bool:
        return self.state in TERMINAL_ORDER_STATES

    @property
    def leaves_lots(self) -> int:
        return 0 if self.is_ended else self.quantity_lots - self.cumulative_lots - self.canceled_lots

    def average_price(self, tick_size: Decimal) -> str:
        """Of the fills, in the price of the instrument; 0 before the first."""
        if not self.cumulative_lots:
            return "0"
        average = Decimal(self.traded_tick_lots) * tick_size / self.cumulative_lots
        text = f"{average.quantize(AVERAGE_DIGITS):f}"
        return text.rstrip("0").rstrip(".")
