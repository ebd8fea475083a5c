"""FIX values from and to the numbers of the engine: decimals on a grid, UTC times, sides and types of orders."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from gateway.fix.encoding import format_time, parse_time
from gateway.fix.message import Fields, FieldWrong
from gateway.registry import Contract
from wire.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.units import NANOSECONDS_PER_SECOND, OrderType, Side, TimeInForce

_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{0,12})?|-?\.\d{1,12}", re.ASCII)
TIME_NS_MAX = 2**63 - 1
"""The engine's largest time, in the year 2262."""

SIDES = {"1": Side.BUY, "2": Side.SELL}
ORDER_TYPES = {
    "1": OrderType.MARKET,
    "2": OrderType.LIMIT,
    "3": OrderType.STOP,
    "4": OrderType.STOP_LIMIT,
    "P": OrderType.PEG,
}
TIMES_IN_FORCE = {
    "0": TimeInForce.DAY,
    "1": TimeInForce.GTC,
    "3": TimeInForce.IOC,
    "4": TimeInForce.FOK,
    "6": TimeInForce.GTD,
}
SIDE_WORDS = {word: value for value, word in SIDES.items()}
ORDER_TYPE_WORDS = {word: value for value, word in ORDER_TYPES.items()}
TIME_IN_FORCE_WORDS = {word: value for value, word in TIMES_IN_FORCE.items()}


class OffGrid(ValueError):
    """A price or quantity that the instrument cannot have: the field, its value and the bound."""

    def __init__(self, name: str, tag: int, value: str, bound: object) -> None:
        super().__init__(f"Tag {tag} is {value}, bound {bound}.")
        self.name, self.tag, self.value, self.bound = name, tag, value, bound


def decimal(fields: Fields, tag: int) -> Decimal:
    """Raises FieldMissing, FieldWrong."""
    text = fields.get(tag)
    if not _DECIMAL.fullmatch(text):
        raise FieldWrong(tag, text)
    return Decimal(text)


def steps(fields: Fields, tag: int, step: Decimal, most: int, word: str) -> int:
    """A positive number of steps. Raises FieldMissing, FieldWrong, OffGrid."""
    value = decimal(fields, tag)
    if value <= 0 or value > most * step:
        raise OffGrid(f"invalid_{word}", tag, fields.get(tag), most * step if value > 0 else 0)
    count = value / step
    if count != count.to_integral_value():
        raise OffGrid(f"{word}_off_grid", tag, fields.get(tag), step)
    return int(count)


def lots(fields: Fields, tag: int, contract: Contract) -> int:
    return steps(fields, tag, contract.terms.lot_size, QUANTITY_LOTS_MAX, "quantity")


def ticks(fields: Fields, tag: int, contract: Contract) -> int:
    return steps(fields, tag, contract.terms.tick_size, PRICE_TICKS_MAX, "price")


Word = TypeVar("Word")


def word(fields: Fields, tag: int, words: dict[str, Word]) -> Word:
    """The word of a coded field. Raises FieldMissing, FieldWrong."""
    found = words.get(fields.get(tag))
    if found is None:
        raise FieldWrong(tag, fields.get(tag))
    return found


def time_ns(fields: Fields, tag: int) -> int:
    """UTC nanoseconds of a UTCTimestamp. Raises FieldMissing, FieldWrong."""
    return _until(fields, tag, parse_time)


def day_end_ns(fields: Fields, tag: int) -> int:
    """The last nanosecond of a LocalMktDate, which is a UTC day here. Raises FieldMissing, FieldWrong."""
    return _until(fields, tag, lambda day: parse_time(f"{day}-23:59:59.999999999"))


def _until(fields: Fields, tag: int, parse: Callable[[str], int]) -> int:
    text = fields.get(tag)
    try:
        at_ns = parse(text)
    except ValueError as error:
        raise FieldWrong(tag, text) from error
    if at_ns > TIME_NS_MAX:
        raise FieldWrong(tag, text)
    return at_ns


def time_text(at_ns: int) -> str:
    """UTCTimestamp to the millisecond."""
    return format_time(at_ns)


def date_text(at_ns: int) -> str:
    return f"{dt.datetime.fromtimestamp(at_ns // NANOSECONDS_PER_SECOND, dt.UTC):%Y%m%d}"


def plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
