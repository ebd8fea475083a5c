"""Codes of OUCH 5.0: why an order is rejected or canceled, and what the venue takes."""

import enum

from parley_core import ouch


class Reject(enum.IntEnum):
    """Reasons of Rejected, those that the venue gives."""

    DESTINATION_CLOSED = 0x0002
    INVALID_DISPLAY = 0x0003
    INVALID_MAX_FLOOR = 0x0004
    HALTED = 0x0007
    INVALID_SIDE = 0x0009
    FIRM_NOT_AUTHORIZED = 0x000C
    INVALID_MIN_QUANTITY = 0x000D
    OTHER = 0x000F
    PEGGING_NOT_ALLOWED = 0x0011
    INVALID_QUANTITY = 0x0013
    INVALID_CROSS_ORDER = 0x0014
    ROUTING_NOT_ALLOWED = 0x0016
    INVALID_SYMBOL = 0x0017
    INVALID_PRICE = 0x001D
    EXCEEDS_MAXIMUM_NOTIONAL = 0x001F


class Cancel(enum.StrEnum):
    """Reasons of Canceled, those that the venue gives."""

    CLOSED = "E"
    IMMEDIATE = "I"
    SYSTEM = "Z"
    USER = "U"


class BreakReason(enum.StrEnum):
    ERRONEOUS = "E"


QUANTITY_MAX = 999_999
PRICE_MAX_E4 = 1_999_999_900
"""199,999.99 dollars."""
UNPRICED_FROM_E4 = 2_000_000_000
"""An order at 200,000 dollars or above, also at 0x7FFFFFFF, has no price: a market order."""
DOLLAR_E4, CENT_E4 = 10_000, 100
SIDES = frozenset("BSTE")
TIMES = frozenset("03")
CAPACITIES = frozenset("APRO")
DISPLAYS = frozenset("YA")
CONTINUOUS = "N"
OPTION_FIRM = 2
OPTIONS_TAKEN = frozenset((OPTION_FIRM, 4, 24, 25, 26))
"""Firm, customer type, group id, shares located, locate broker: kept from nobody, and without effect but the firm."""
OPTION_REASONS = {
    3: Reject.INVALID_MIN_QUANTITY,
    5: Reject.INVALID_MAX_FLOOR,
    6: Reject.PEGGING_NOT_ALLOWED,
    7: Reject.PEGGING_NOT_ALLOWED,
    14: Reject.ROUTING_NOT_ALLOWED,
}


def decode(message: bytes) -> ouch.Request:
    """What a client asks for. Raises ValueError, also for letters that no answer could repeat."""
    request = ouch.decode_request(message)
    for name in ("symbol", "client_order_id", "firm"):
        text = getattr(request, name, "")
        if not (text.isascii() and text.isprintable()):
            raise ValueError(f"{name} is not printable ASCII")
    return request


def is_unpriced(price_e4: int) -> bool:
    return price_e4 >= UNPRICED_FROM_E4


def find_price_flaw(price_e4: int) -> Reject | None:
    """Zero, above the largest price, or a part of a cent from a dollar on (Rule 612 of Regulation NMS)."""
    if is_unpriced(price_e4):
        return None
    if not 0 < price_e4 <= PRICE_MAX_E4 or (price_e4 >= DOLLAR_E4 and price_e4 % CENT_E4):
        return Reject.INVALID_PRICE
    return None


def find_flaw(order: ouch.EnterOrder | ouch.ReplaceOrder) -> Reject | None:
    """What is wrong with the terms of an order by itself; None where nothing is."""
    flaws: list[Reject] = [OPTION_REASONS.get(tag, Reject.OTHER) for tag in order.options if tag not in OPTIONS_TAKEN]
    if not 0 < order.quantity <= QUANTITY_MAX:
        flaws.append(Reject.INVALID_QUANTITY)
    if order.display not in DISPLAYS:
        flaws.append(Reject.INVALID_DISPLAY)
    if order.time_in_force not in TIMES or (isinstance(order, ouch.EnterOrder) and order.capacity not in CAPACITIES):
        flaws.append(Reject.OTHER)
    if isinstance(order, ouch.EnterOrder) and order.side not in SIDES:
        flaws.append(Reject.INVALID_SIDE)
    if isinstance(order, ouch.EnterOrder) and order.cross_type != CONTINUOUS:
        flaws.append(Reject.INVALID_CROSS_ORDER)
    return flaws[0] if flaws else find_price_flaw(order.price_e4)
