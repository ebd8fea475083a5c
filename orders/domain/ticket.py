"""What a ticket must satisfy before anything is written; the gateway's risk gate decides the rest."""

import dataclasses
from decimal import Decimal

from common.errors import Refusal
from wire.client import PlaceOrder
from wire.instruments import InstrumentTerms
from wire.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.units import OffGrid, OrderType, TimeInForce, to_steps

OFFERED_TYPES = (OrderType.LIMIT, OrderType.MARKET)
OFFERED_TIMES = (TimeInForce.GTC, TimeInForce.IOC)
"""Of what the engine knows, what the ticket offers."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ticket:
    """An order on the grid of its instrument. price and price_ticks are None for a market order."""

    price: Decimal | None
    price_ticks: int | None
    quantity: Decimal
    quantity_lots: int
    time_in_force: TimeInForce


def check_ticket(message: PlaceOrder, terms: InstrumentTerms) -> Ticket:
    """The ticket in ticks and lots. Raises Refusal with the value and the bound."""
    _check_flags(message)
    quantity = Decimal(message.quantity)
    price = _price(message)
    is_market = message.order_type is OrderType.MARKET
    return Ticket(
        price=price,
        price_ticks=None if price is None else _steps("price", price, terms.tick_size, PRICE_TICKS_MAX),
        quantity=quantity,
        quantity_lots=_steps("quantity", quantity, terms.lot_size, QUANTITY_LOTS_MAX),
        time_in_force=TimeInForce.IOC if is_market else message.time_in_force,
    )


def _check_flags(message: PlaceOrder) -> None:
    if message.order_type not in OFFERED_TYPES or message.time_in_force not in OFFERED_TIMES:
        asked = f"{message.order_type} {message.time_in_force}"
        raise Refusal("order_type_not_offered", "orders of this type cannot be placed here yet", value=asked)
    if not message.is_post_only:
        return
    if message.order_type is OrderType.MARKET:
        raise Refusal("post_only_market", "a market order cannot be post-only", value="market", bound="limit")
    if message.time_in_force is TimeInForce.IOC:
        raise Refusal("post_only_ioc", "an immediate-or-cancel order cannot be post-only", value="ioc", bound="gtc")


def _price(message: PlaceOrder) -> Decimal | None:
    if message.order_type is OrderType.MARKET:
        if message.price is not None:
            raise Refusal("price_forbidden", "a market order has no price", value=message.price)
        return None
    if message.price is None:
        raise Refusal("price_required", "a limit order needs a price")
    return Decimal(message.price)


def _steps(name: str, value: Decimal, step: Decimal, steps_max: int) -> int:
    if value <= 0:
        raise Refusal(f"{name}_not_positive", f"the {name} must be positive", value=value, bound=0)
    if value > steps_max * step:
        raise Refusal(f"{name}_too_large", f"the {name} is too large", value=value, bound=steps_max * step)
    try:
        return to_steps(name, value, step)
    except OffGrid as error:
        raise Refusal(f"{name}_off_grid", str(error), value=value, bound=step) from error
