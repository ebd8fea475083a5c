"""Records of the venue as fields of FIX 4.4. Quantities are contracts and parts of them, whatever the contract is."""

import datetime as dt
from decimal import Decimal

from venues.simulator.contracts import Contract
from venues.simulator.fix.acceptor import Field
from venues.simulator.profiles import Profile
from venues.simulator.records import Order, State, Trade
from wire.units import InstrumentKind, Liquidity, OptionType, OrderType, Side, TimeInForce

SIDES = {Side.BUY: "1", Side.SELL: "2"}
TYPES = {OrderType.MARKET: "1", OrderType.LIMIT: "2"}
TIMES = {TimeInForce.DAY: "0", TimeInForce.GTC: "1", TimeInForce.IOC: "3", TimeInForce.FOK: "4"}
NEW, CANCELED, REPLACED, REJECTED, TRADE, BUST, STATUS = "0", "4", "5", "8", "F", "H", "I"
"""ExecType (150)."""
SECURITY_TYPES = {
    InstrumentKind.OPTION: "OPT",
    InstrumentKind.FUTURE: "FUT",
    InstrumentKind.PERPETUAL: "FUT",
    InstrumentKind.SPOT: "CASH",
}
TEXT_ATTRIBUTE = "99"


def order_fields(order: Order, busted_lots: int, client_order_id: str, filled_lots: int | None = None) -> list[Field]:
    """What every report of an order has. ``filled_lots``: before trades that are not told yet; None: as it is now.

    CumQty is without what was busted; LeavesQty is what still works.
    """
    terms, contract = order.terms, order.contract
    filled = order.filled_lots if filled_lots is None else filled_lots
    state = State.OPEN if filled < order.filled_lots else order.state
    leaves = order.quantity_lots - filled if state is State.OPEN else 0
    average = contract.price(1) * order.filled_ticks / order.filled_lots if order.filled_lots else 0.0
    fields = [
        (37, order_name(order)),
        (11, client_order_id),
        (39, _status(state, filled)),
        (55, contract.name),
        (54, SIDES[terms.side]),
        (38, quantity(contract, order.quantity_lots)),
        (40, TYPES[terms.order_type]),
        (59, TIMES[terms.time_in_force]),
        (151, quantity(contract, leaves)),
        (14, quantity(contract, filled - busted_lots)),
        (6, f"{average:.10f}"),
        (60, time_text(order.updated_at_ns)),
    ]
    if order.price_ticks is not None:
        fields.append((44, price(contract, order.price_ticks)))
    if state is State.CANCELED:
        fields.append((58, "user_request" if order.cancel_reason == "requested" else order.cancel_reason))
    return fields


def trade_fields(trade: Trade) -> list[Field]:
    contract = trade.order.contract
    return [
        (17, trade.trade_id),
        (31, price(contract, trade.price_ticks)),
        (32, quantity(contract, trade.quantity_lots)),
        (851, "1" if trade.liquidity is Liquidity.MAKER else "2"),
        *_fee_fields(trade),
    ]


def capture_fields(trade: Trade, client_order_id: str, request_id: str, total: int, *, is_last: bool) -> list[Field]:
    """35=AE, of one side: FIX 4.4 has no field for liquidity there, so that the side's Text says it."""
    order, contract = trade.order, trade.order.contract
    return [
        (571, f"{trade.trade_id}-{'bust' if trade.is_busted else 'trade'}"),
        (487, "1" if trade.is_busted else "0"),
        (568, request_id),
        (150, BUST if trade.is_busted else TRADE),
        (748, str(total)),
        (912, "Y" if is_last else "N"),
        (17, trade.trade_id),
        (570, "N"),
        (55, contract.name),
        (32, quantity(contract, trade.quantity_lots)),
        (31, price(contract, trade.price_ticks)),
        (75, time_text(trade.at_ns)[:8]),
        (60, time_text(trade.at_ns)),
        (552, "1"),
        (54, SIDES[order.terms.side]),
        (37, order_name(order)),
        (11, client_order_id),
        *_fee_fields(trade),
        (58, "maker" if trade.liquidity is Liquidity.MAKER else "taker"),
    ]


def position_fields(contract: Contract | None, name: str, lots: int) -> list[Field]:
    held = quantity(contract, abs(lots)) if contract else str(abs(lots))
    return [(55, name), (730, "0"), (731, "2"), (734, "0"), (702, "1"), (703, "TOT"), (704 if lots > 0 else 705, held)]


def contract_fields(contract: Contract, profile: Profile) -> list[Field]:
    """One entry of a security list. Its steps and fees, of which FIX 4.4 knows none, are attributes."""
    terms = contract.terms
    maker, taker = (
        (profile.option_fee, profile.option_fee) if contract.is_option else (profile.maker_fee, profile.taker_fee)
    )
    fields: list[Field] = [(55, contract.name)]
    if terms.option_type is not None:
        fields.append((461, "OCXXXX" if terms.option_type is OptionType.CALL else "OPXXXX"))
    fields.append((167, SECURITY_TYPES[terms.kind]))
    if terms.expiry_at_ns:
        fields.append((541, time_text(terms.expiry_at_ns)[:8]))
    if terms.strike is not None:
        fields.append((202, f"{terms.strike:f}"))
    fields += [(231, f"{terms.multiplier:f}"), (870, "3")]
    for name, value in (("MinPriceIncrement", terms.tick_size), ("MakerFee", maker), ("TakerFee", taker)):
        fields += [(871, TEXT_ATTRIBUTE), (872, f"{name}={value:f}")]
    return [*fields, (15, terms.quote_currency), (561, f"{terms.lot_size:f}")]


def order_name(order: Order) -> str:
    return f"O-{order.order_id}"


def find_order_number(name: str) -> int:
    """0 for what no order is called."""
    digits = name.rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else 0


def price(contract: Contract, ticks: int) -> str:
    return f"{ticks * contract.terms.tick_size:f}"


def quantity(contract: Contract, lots: int) -> str:
    return f"{lots * contract.terms.lot_size:f}"


def find_steps(text: str, step: Decimal) -> int | None:
    """Whole steps above zero; None for everything else."""
    try:
        count = Decimal(text) / step
    except ArithmeticError:
        return None
    is_whole = count.is_finite() and 0 < count < 10**15 and count == count.to_integral_value()
    return int(count) if is_whole else None


def time_text(at_ns: int) -> str:
    at = dt.datetime.fromtimestamp(at_ns // 10**9, dt.UTC)
    return f"{at:%Y%m%d-%H:%M:%S}.{at_ns // 1_000 % 10**6:06d}"


def time_ns(text: str) -> int:
    """0 for what is no time."""
    try:
        at = dt.datetime.strptime(text.partition(".")[0], "%Y%m%d-%H:%M:%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return 0
    fraction = text.partition(".")[2].ljust(9, "0")[:9]
    return int(at.timestamp()) * 10**9 + (int(fraction) if fraction.isdigit() else 0)


def _fee_fields(trade: Trade) -> list[Field]:
    return [(12, f"{trade.fee:f}"), (13, "3"), (479, trade.fee_currency)]


def _status(state: State, filled_lots: int) -> str:
    if state is State.OPEN:
        return "1" if filled_lots else "0"
    return {State.FILLED: "2", State.CANCELED: "4", State.REJECTED: "8"}[state]
