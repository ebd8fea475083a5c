"""What a ticket must satisfy before anything is written; the gateway's risk gate decides the rest."""

import dataclasses
from decimal import Decimal

from common.errors import Refusal
from orders.domain.grid import steps
from orders.domain.terms import PRICED, UNPRICED, Terms, check_terms, lasts
from wire.client import AmendOrder, PlaceOrder
from wire.instruments import InstrumentTerms
from wire.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.units import OrderType, TimeInForce


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ticket:
    """An order on the grid of its instrument. price and price_ticks are None where it has none."""

    price: Decimal | None
    price_ticks: int | None
    quantity: Decimal
    quantity_lots: int
    time_in_force: TimeInForce
    terms: Terms


@dataclasses.dataclass(frozen=True, kw_only=True)
class Amendment:
    """What an order is to become; None leaves it as it is."""

    quantity_lots: int | None
    price_ticks: int | None


def check_ticket(message: PlaceOrder, terms: InstrumentTerms, now_ns: int) -> Ticket:
    """The ticket in ticks and lots. Raises Refusal with the value and the bound."""
    quantity = Decimal(message.quantity)
    price = _price(message)
    price_ticks = None if price is None else steps("price", price, terms.tick_size, PRICE_TICKS_MAX)
    quantity_lots = steps("quantity", quantity, terms.lot_size, QUANTITY_LOTS_MAX)
    return Ticket(
        price=price,
        price_ticks=price_ticks,
        quantity=quantity,
        quantity_lots=quantity_lots,
        time_in_force=lasts(message),
        terms=check_terms(message, terms, quantity_lots, now_ns),
    )


def check_amendment(message: AmendOrder, terms: InstrumentTerms, order_type: OrderType) -> Amendment:
    """Raises Refusal: nothing_to_amend, price_forbidden, and what keeps a price or a quantity off the grid."""
    if message.quantity is None and message.price is None:
        raise Refusal("nothing_to_amend", "an amendment names a quantity, a price or both")
    if message.price is not None and order_type in UNPRICED:
        raise Refusal("price_forbidden", f"a {order_type} order has no price", value=message.price)
    return Amendment(
        quantity_lots=None
        if message.quantity is None
        else steps("quantity", Decimal(message.quantity), terms.lot_size, QUANTITY_LOTS_MAX),
        price_ticks=None
        if message.price is None
        else steps("price", Decimal(message.price), terms.tick_size, PRICE_TICKS_MAX),
    )


def _price(message: PlaceOrder) -> Decimal | None:
    kind = message.order_type.replace("_", "-")
    if message.order_type in UNPRICED:
        if message.price is not None:
            raise Refusal("price_forbidden", f"a {kind} order has no price", value=message.price)
        return None
    if message.price is None:
        if message.order_type in PRICED:
            raise Refusal("price_required", f"a {kind} order needs a price")
        return None
    return Decimal(message.price)
