"""Leg prices: read from text, on the tick grid, and shown at the precision of the instrument."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from common.errors import Refusal
from rfq.domain.records import LegRecord, QuotePrices, QuoteRecord, RfqRecord
from rfq.domain.structures import net_price
from wire.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.units import OffGrid, Side, to_steps

QUANTITY_DIGITS = 12
"""Decimal places of a quantity that are stored: with a large ratio more could be whole lots, and would be rounded."""


def to_decimal(name: str, text: str) -> Decimal:
    """The number that ``text`` says; refuses ``not_a_number``."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise Refusal("not_a_number", f"The {name} is not a number.", value=text[:64])
    return value


def read_price(text: str, leg: LegRecord) -> Decimal:
    """The price of a leg, on its tick grid and positive."""
    price = to_decimal(f"price of {leg.instrument_name}", text)
    if price <= 0:
        raise Refusal(
            "price_not_positive", f"The price of {leg.instrument_name} must be positive.", value=text, bound=0
        )
    ticks = _steps("price_off_tick", f"price of {leg.instrument_name}", price, leg.tick_size)
    if ticks > PRICE_TICKS_MAX:
        bound = PRICE_TICKS_MAX * leg.tick_size
        raise Refusal("price_too_large", f"The price of {leg.instrument_name} is too large.", value=text, bound=bound)
    return price


def check_digits(quantity: Decimal) -> None:
    """Refuses ``quantity_digits``."""
    if quantity != round(quantity, QUANTITY_DIGITS):
        raise Refusal(
            "quantity_digits", "The quantity has too many decimal places.", value=quantity, bound=QUANTITY_DIGITS
        )


def leg_quantity(quantity: Decimal, ratio: int, instrument_name: str, lot_size: Decimal) -> Decimal:
    """Contracts of a leg in ``quantity`` units of the structure; refuses what is not a whole number of lots."""
    contracts = quantity * ratio
    if contracts <= 0:
        raise Refusal("quantity_not_positive", "The quantity must be positive.", value=quantity, bound=0)
    lots = _steps("quantity_off_lot", f"quantity of {instrument_name}", contracts, lot_size)
    if lots > QUANTITY_LOTS_MAX:
        bound = QUANTITY_LOTS_MAX * lot_size
        raise Refusal(
            "quantity_too_large", f"The quantity of {instrument_name} is too large.", value=contracts, bound=bound
        )
    return contracts


def _steps(reason: str, what: str, value: Decimal, step: Decimal) -> int:
    try:
        return to_steps(what, value, step)
    except OffGrid as error:
        raise Refusal(reason, f"The {what} must be a multiple of {step}.", value=value, bound=step) from error


def net_of(legs: Sequence[LegRecord], leg_prices: Sequence[Decimal] | None) -> Decimal | None:
    """Net price of one unit, in the RFQ's quote currency."""
    if leg_prices is None:
        return None
    return net_price([(leg.side, leg.ratio, leg.is_hedge) for leg in legs], leg_prices)


def check_net_price(legs: Sequence[LegRecord], price: Decimal) -> Decimal:
    """A limit as it can be stored. A net price may be below zero, and need not lie on any grid."""
    bound = max(leg.tick_size * leg.ratio for leg in legs) * PRICE_TICKS_MAX
    if abs(price) > bound:
        raise Refusal("price_too_large", "The limit is too large.", value=price, bound=bound)
    if price != round(price, QUANTITY_DIGITS):
        raise Refusal("price_digits", "The limit has too many decimal places.", value=price, bound=QUANTITY_DIGITS)
    return price


def accepted_leg_prices(quote: QuoteRecord, side: Side) -> tuple[Decimal, ...] | None:
    """A taker who buys trades at the ask, one who sells at the bid."""
    return quote.prices.ask_leg_prices if side is Side.BUY else quote.prices.bid_leg_prices


def check_quantity(rfq: RfqRecord, quantity: Decimal) -> None:
    """What a maker offers is whole lots of every leg, and no more than was asked."""
    if quantity > rfq.quantity:
        raise Refusal("quote_quantity", "A quote is for no more than was asked.", value=quantity, bound=rfq.quantity)
    check_digits(quantity)
    for leg in rfq.legs:
        leg_quantity(quantity, leg.ratio, leg.instrument_name, leg.lot_size)


def check_two_way(legs: Sequence[LegRecord], prices: QuotePrices, asked: Side | None) -> None:
    """At least one side, only what was asked for, and the bid below the ask."""
    if prices.bid_leg_prices is None and prices.ask_leg_prices is None:
        raise Refusal("no_price", "A quote needs a bid, an ask or both.")
    if asked is Side.BUY and prices.bid_leg_prices is not None:
        raise Refusal("side_not_asked", "The taker asked for an ask only.", value="bid", bound="ask")
    if asked is Side.SELL and prices.ask_leg_prices is not None:
        raise Refusal("side_not_asked", "The taker asked for a bid only.", value="ask", bound="bid")
    bid, ask = net_of(legs, prices.bid_leg_prices), net_of(legs, prices.ask_leg_prices)
    if bid is not None and ask is not None and bid >= ask:
        raise Refusal("crossed_quote", "The net bid must be below the net ask.", value=bid, bound=ask)


def price_text(price: Decimal, tick_size: Decimal) -> str:
    """At the instrument's precision, trailing zeros kept."""
    step = Decimal(1).scaleb(min(int(tick_size.normalize().as_tuple().exponent), 0))
    return format(price.quantize(step), "f")


def net_text(legs: Sequence[LegRecord], price: Decimal) -> str:
    """At the precision of the finest priced leg."""
    return price_text(price, min(leg.tick_size for leg in legs if not leg.is_hedge))


def quantity_text(quantity: Decimal) -> str:
    """Without trailing zeros and without an exponent."""
    return format(quantity.normalize(), "f")
