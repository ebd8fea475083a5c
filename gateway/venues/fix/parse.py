"""From FIX to our words: orders, executions, instruments, positions, and prices as updates of the core's books."""

import dataclasses
from collections.abc import Callable, Iterable
from decimal import Decimal

from gateway.fix import values
from gateway.fix.message import Fields, FieldWrong, Message
from gateway.venues.books import VenueInstrument
from gateway.venues.execution import Execution, OrderView
from gateway.venues.fix.messages import BID, OFFER
from gateway.venues.market import VenueTrade
from gateway.venues.updates import LAST_OF_MESSAGE, Updates, blank_snapshot, blank_updates
from wire.instruments import InstrumentTerms, UnknownInstrumentName, parse_instrument_name
from wire.units import Liquidity, OrderState

STATES = {
    "0": OrderState.NEW,
    "1": OrderState.PARTIALLY_FILLED,
    "2": OrderState.FILLED,
    "3": OrderState.CANCELED,
    "4": OrderState.CANCELED,
    "5": OrderState.NEW,
    "6": OrderState.NEW,
    "7": OrderState.NEW,
    "8": OrderState.REJECTED,
    "9": OrderState.NEW,
    "A": OrderState.NEW,
    "C": OrderState.CANCELED,
    "E": OrderState.NEW,
}
"""By OrdStatus (39): what is asked for and not yet done leaves an order as it is."""
TRADE, TRADE_CORRECT, TRADE_CANCEL, STATUS = "F", "G", "H", "I"
"""ExecType (150)."""
UNKNOWN_ORDER = "5"
MAKER = "1"
"""LastLiquidityInd (851): added liquidity."""
NO_ORDER = "NONE"
ATTRIBUTE_TAGS = frozenset({871, 872})
LIST_TAGS = frozenset({55, 461, 167, 541, 202, 231, 870, 871, 872, 15, 561, 562, 58})
ENTRY_TAGS = frozenset({279, 269, 278, 55, 270, 15, 271, 272, 273, 274, 276, 277, 37, 346, 290, 58})
SIDE_TAGS = frozenset({54, 37, 11, 12, 13, 479, 1, 58})
DELETE = "2"
TICK_ATTRIBUTE, MAKER_ATTRIBUTE, TAKER_ATTRIBUTE = "MinPriceIncrement", "MakerFee", "TakerFee"


@dataclasses.dataclass(frozen=True, slots=True)
class Symbols:
    """``amount``: of a symbol, the venue's amount of one of our contracts; ``name``: what we call it."""

    amount: Callable[[str], Decimal]
    name: Callable[[str], str]


def read_order(report: Fields, symbols: Symbols, busted: Decimal = Decimal(0)) -> OrderView:
    """Of an execution report (35=8). ``busted``: of the order, which the venue takes out of its CumQty and we do not.

    Raises FieldMissing, FieldWrong.
    """
    symbol = report.get(55)
    one, price = symbols.amount(symbol), report.find(44)
    leaves, cumulative = values.decimal(report, 151), values.decimal(report, 14)
    quantity = values.decimal(report, 38) if 38 in report else leaves + cumulative
    return OrderView(
        venue_order_id=report.get(37),
        client_order_id=report.find(11),
        name=symbols.name(symbol),
        side=values.word(report, 54, values.SIDES),
        quantity=quantity / one,
        price=values.decimal(report, 44) if price else None,
        filled=cumulative / one + busted,
        state=values.word(report, 39, STATES),
        updated_at_ns=values.time_ns(report, 60),
        reason=report.find(58),
    )


def read_trades(entry: Fields, name: str, at_ns: int) -> list[VenueTrade]:
    """Of an entry of market data that is a trade (269=2); none without a name of ours or an id. FIX does not say who
    took: ``at_ns``, when it was received, stands for the venue's clock where it gives no time.

    Raises FieldMissing, FieldWrong.
    """
    if not name or not entry.find(278):
        return []
    price, amount = values.decimal(entry, 270), values.decimal(entry, 271)
    return [VenueTrade(trade_id=entry.get(278), name=name, side=None, price=price, amount=amount, at_ns=at_ns)]


def is_unknown(report: Fields) -> bool:
    """The answer to a question after an order that the venue does not have, or after orders where there are none."""
    return report.find(37) == NO_ORDER or (report.find(39) == "8" and report.find(103) == UNKNOWN_ORDER)


def read_execution(report: Fields, symbols: Symbols) -> Execution:
    """Of an execution report that tells of a trade, or its correction. Raises FieldMissing, FieldWrong."""
    symbol = report.get(55)
    return Execution(
        execution_id=report.get(17),
        venue_order_id=report.get(37),
        client_order_id=report.find(11),
        name=symbols.name(symbol),
        side=values.word(report, 54, values.SIDES),
        price=values.decimal(report, 31),
        quantity=values.decimal(report, 32) / symbols.amount(symbol),
        liquidity=Liquidity.MAKER if report.find(851) == MAKER else Liquidity.TAKER,
        fee=values.decimal(report, 12) if 12 in report else Decimal(0),
        fee_currency=report.find(479),
        at_ns=values.time_ns(report, 60),
    )


def read_capture(report: Message, symbols: Symbols) -> Execution:
    """Of a trade capture report (35=AE) of our side alone. Raises FieldMissing, FieldWrong."""
    sides = report.groups(552, SIDE_TAGS)
    if len(sides) != 1:
        raise FieldWrong(552, report.find(552))
    side, symbol = sides[0], report.get(55)
    return Execution(
        execution_id=report.get(17),
        venue_order_id=side.get(37),
        client_order_id=side.find(11),
        name=symbols.name(symbol),
        side=values.word(side, 54, values.SIDES),
        price=values.decimal(report, 31),
        quantity=values.decimal(report, 32) / symbols.amount(symbol),
        liquidity=Liquidity.MAKER if side.find(58) == "maker" else Liquidity.TAKER,
        fee=values.decimal(side, 12) if 12 in side else Decimal(0),
        fee_currency=side.find(479),
        at_ns=values.time_ns(report, 60),
        is_busted=report.find(150) == TRADE_CANCEL,
    )


def read_position(report: Message, symbols: Symbols) -> tuple[str, Decimal] | None:
    """(our name, signed contracts) of a position report (35=AP); None where nothing is held."""
    if 55 not in report:
        return None
    held = (values.decimal(report, 704) if 704 in report else Decimal(0)) - (
        values.decimal(report, 705) if 705 in report else Decimal(0)
    )
    symbol = report.get(55)
    return symbols.name(symbol), held / symbols.amount(symbol)


def read_instruments(parts: Iterable[Message]) -> list[VenueInstrument]:
    """Of a security list (35=y), those that Parley can name and that say in which steps they are counted."""
    listed = [entry for part in parts for entry in part.groups(146, LIST_TAGS)]
    return [found for entry in listed if (found := _find_instrument(entry)) is not None]


def _find_instrument(entry: Fields) -> VenueInstrument | None:
    terms = find_terms(entry.get(55))
    pairs = [each.find(872).partition("=") for each in entry.groups(870, ATTRIBUTE_TAGS)]
    attributes = {name: Fields(((872, value),)) for name, _, value in pairs}
    if terms is None or TICK_ATTRIBUTE not in attributes or 561 not in entry:
        return None
    tick, step = values.decimal(attributes[TICK_ATTRIBUTE], 872), values.decimal(entry, 561)
    of_venue = values.decimal(entry, 231) if 231 in entry else Decimal(1)
    if min(tick, step, of_venue) <= 0:
        return None
    fees = [attributes.get(each) for each in (MAKER_ATTRIBUTE, TAKER_ATTRIBUTE)]
    maker, taker = (None if each is None else values.decimal(each, 872) for each in fees)
    return VenueInstrument(
        name=terms.name,
        symbol=entry.get(55),
        price_tick=tick,
        amount_step=step,
        contract_amount=terms.multiplier / of_venue,
        maker_fee=maker,
        taker_fee=taker,
    )


def find_terms(name: str) -> InstrumentTerms | None:
    try:
        return parse_instrument_name(name)
    except UnknownInstrumentName:
        return None


def snapshot_updates(message: Message, slot: int, instrument: VenueInstrument, at_ns: int) -> Updates:
    """Of a snapshot (35=W): an empty book, then its levels. Raises FieldMissing, FieldWrong, ValueError."""
    entries = [entry for entry in message.groups(268, ENTRY_TAGS) if entry.find(269) in (BID, OFFER)]
    updates = blank_snapshot(len(entries), slot, at_ns)
    for at, entry in enumerate(entries, 1):
        _fill(updates, at, entry, instrument)
    return updates


def change_updates(entries: list[Fields], slot: int, instrument: VenueInstrument, at_ns: int) -> Updates:
    """Of an incremental refresh (35=X), the entries of one instrument's book. Raises as ``snapshot_updates``."""
    updates = blank_updates(len(entries), at_ns)
    updates["instrument_slot"] = slot
    for at, entry in enumerate(entries):
        _fill(updates, at, entry, instrument)
    updates["flags"][-1] |= LAST_OF_MESSAGE
    return updates


def _fill(updates: Updates, at: int, entry: Fields, instrument: VenueInstrument) -> None:
    updates["price_ticks"][at] = _whole(entry, 270, instrument.price_tick)
    is_gone = entry.find(279) == DELETE
    updates["quantity_lots"][at] = 0 if is_gone else _whole(entry, 271, instrument.amount_step)
    updates["side"][at] = entry.get(269) == OFFER


def _whole(entry: Fields, tag: int, step: Decimal) -> int:
    count = values.decimal(entry, tag) / step
    if count != count.to_integral_value() or abs(count) >= 2**62:
        raise FieldWrong(tag, entry.get(tag))
    return int(count)
