"""NewOrderSingle and OrderCancelReplaceRequest into the terms of an order, refused by name where they make none."""

import dataclasses

from gateway.fix import values
from gateway.fix.handler import Session
from gateway.fix.message import FieldMissing, Fields, FieldWrong, Message
from gateway.fix.order_record import OrderRecord, OrderTerms
from gateway.registry import Contract, Registry
from wire.gateway_entered import CLIENT_ORDER_ID_BYTES_MAX
from wire.units import OrderType, PegReference, TimeInForce

UNKNOWN_SYMBOL, TOO_LATE, UNSUPPORTED, INCORRECT_QUANTITY, UNKNOWN_ACCOUNT, PRICE_INCREMENT, OTHER = (
    1, 4, 11, 13, 15, 18, 99,
)  # fmt: skip
"""OrdRejReason (103) in the words of FIX 5.0; an older dialect says what it can."""
PRICED = (OrderType.LIMIT, OrderType.STOP_LIMIT)
STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)
RESTING = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)
POST_ONLY, REDUCE_ONLY, MID_PEG, PRIMARY_PEG, HELD = "6", "E", "M", "R", "5"
"""ExecInst (18): participate do not initiate, do not increase, mid-price and primary peg, held (which is nothing)."""
EXEC_INSTS = frozenset({POST_ONLY, REDUCE_ONLY, MID_PEG, PRIMARY_PEG, HELD})
DISPLAY_TAGS = (111, 1138)


class OrderRefused(ValueError):
    """An order that can be read and not be entered: OrdRejReason, and ``name: text`` for Text (58)."""

    def __init__(self, reason: int, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.reason, self.name = reason, name


def client_order_id(message: Message, tag: int = 11) -> str:
    """Raises FieldMissing, FieldWrong."""
    found = message.get(tag)
    if not found or len(found.encode()) > CLIENT_ORDER_ID_BYTES_MAX or not found.isprintable():
        raise FieldWrong(tag, found)
    return found


def find_contract(message: Message, registry: Registry) -> Contract:
    """Raises FieldMissing, OrderRefused."""
    symbol = message.get(55)
    contract = registry.find_name(symbol)
    if contract is None:
        raise OrderRefused(UNKNOWN_SYMBOL, "unknown_instrument", f"there is no instrument {symbol[:64]}")
    return contract


def find_account(message: Fields, session: Session) -> int | None:
    """The session's own where the message names none; None where it names one that the session does not trade."""
    text = message.find(1)
    if not text:
        return session.account_id
    return next((account_id for account_id in session.account_ids if str(account_id) == text), None)


def require_account(message: Message, session: Session) -> int:
    """Raises OrderRefused."""
    found = find_account(message, session)
    if found is None:
        why = f"the session does not trade account {message.find(1)[:32]}"
        raise OrderRefused(UNKNOWN_ACCOUNT, "unknown_account", why)
    return found


def read_order(message: Message, session: Session, registry: Registry, now_ns: int) -> OrderTerms:
    """``now_ns``: an expiry before it is refused. Raises FieldMissing, FieldWrong, OrderRefused, values.OffGrid."""
    contract = find_contract(message, registry)
    kind = values.word(message, 40, values.ORDER_TYPES)
    quantity = values.lots(message, 38, contract)
    lasts = _time_in_force(message, kind)
    instructions = _instructions(message)
    terms = OrderTerms(
        account_id=require_account(message, session),
        instrument_id=contract.instrument_id,
        side=values.word(message, 54, values.SIDES),
        order_type=kind,
        time_in_force=lasts,
        quantity_lots=quantity,
        price_ticks=_price(message, kind, contract),
        is_post_only=POST_ONLY in instructions,
        is_reduce_only=REDUCE_ONLY in instructions,
        expires_at_ns=_expiry(message, lasts, now_ns),
        display_lots=_display(message, contract, quantity),
        minimum_lots=_part(message, 110, contract, quantity),
        stop_ticks=values.ticks(message, 99, contract) if kind in STOPS else 0,
        peg_reference=PegReference.PRIMARY if PRIMARY_PEG in instructions else PegReference.MID,
        peg_offset_ticks=_offset(message, kind, contract),
    )
    _check_combination(message, terms)
    return terms


@dataclasses.dataclass(frozen=True, slots=True)
class Replacement:
    """None leaves it as it is."""

    quantity_lots: int | None
    price_ticks: int | None


def read_replacement(message: Message, order: OrderRecord, contract: Contract) -> Replacement:
    """Quantity, what was executed included, and price. Raises FieldMissing, FieldWrong, OrderRefused, OffGrid."""
    _require_same(message, order)
    quantity = values.lots(message, 38, contract)
    price = _price(message, order.terms.order_type, contract)
    has_stop = order.terms.order_type in STOPS and 99 in message
    if has_stop and values.ticks(message, 99, contract) != order.terms.stop_ticks:
        why = "a stop keeps its stop price: cancel it and enter another"
        raise OrderRefused(UNSUPPORTED, "stop_price_fixed", why)
    if quantity == order.quantity_lots and price in (None, order.price_ticks):
        raise OrderRefused(OTHER, "nothing_to_amend", "neither quantity nor price differ from the order's")
    return Replacement(
        quantity_lots=None if quantity == order.quantity_lots else quantity,
        price_ticks=None if price == order.price_ticks else price,
    )


def _require_same(message: Message, order: OrderRecord) -> None:
    """Raises FieldWrong, OrderRefused."""
    if values.word(message, 54, values.SIDES) is not order.terms.side:
        raise OrderRefused(UNSUPPORTED, "side_fixed", "an order keeps its side")
    if 40 in message and values.word(message, 40, values.ORDER_TYPES) is not order.terms.order_type:
        raise OrderRefused(UNSUPPORTED, "type_fixed", "an order keeps its type")
    if message.get(55) != order.symbol:
        raise OrderRefused(UNKNOWN_SYMBOL, "instrument_fixed", "an order keeps its instrument")


def _time_in_force(message: Message, kind: OrderType) -> TimeInForce:
    """DAY where nothing is said, as in the standard; a market order never rests."""
    lasts = values.word(message, 59, values.TIMES_IN_FORCE) if 59 in message else TimeInForce.DAY
    is_immediate = kind is OrderType.MARKET and lasts is not TimeInForce.FOK
    return TimeInForce.IOC if is_immediate else lasts


def _instructions(message: Message) -> set[str]:
    found = set(message.find(18).split())
    if unknown := found - EXEC_INSTS:
        raise OrderRefused(UNSUPPORTED, "exec_inst_not_supported", f"ExecInst {' '.join(sorted(unknown))[:32]}")
    return found


def _price(message: Message, kind: OrderType, contract: Contract) -> int | None:
    if kind in PRICED or (kind is OrderType.PEG and 44 in message):
        return values.ticks(message, 44, contract)
    if kind is not OrderType.PEG and 44 in message and values.decimal(message, 44):
        raise OrderRefused(UNSUPPORTED, "price_forbidden", f"a {kind} order has no price")
    return None


def _expiry(message: Message, lasts: TimeInForce, now_ns: int) -> int:
    if lasts is not TimeInForce.GTD:
        return 0
    expires_at_ns = (
        values.day_end_ns(message, 432) if 126 not in message and 432 in message else values.time_ns(message, 126)
    )
    if expires_at_ns <= now_ns:
        raise OrderRefused(TOO_LATE, "expiry_passed", "the expiry has passed")
    return expires_at_ns


def _display(message: Message, contract: Contract, quantity: int) -> int:
    return next((_part(message, tag, contract, quantity) for tag in DISPLAY_TAGS if tag in message), 0)


def _part(message: Message, tag: int, contract: Contract, quantity: int) -> int:
    if tag not in message or not values.decimal(message, tag):
        return 0
    part = values.lots(message, tag, contract)
    if part > quantity:
        raise OrderRefused(INCORRECT_QUANTITY, "part_too_large", f"tag {tag} is more than the order")
    return part


def _offset(message: Message, kind: OrderType, contract: Contract) -> int:
    if kind is not OrderType.PEG or 211 not in message:
        return 0
    offset = values.decimal(message, 211)
    if not offset:
        return 0
    count = offset / contract.terms.tick_size
    if count != count.to_integral_value() or abs(count) > 10**12:
        raise values.OffGrid("price_off_grid", 211, message.get(211), contract.terms.tick_size)
    return int(count)


def _check_combination(message: Message, terms: OrderTerms) -> None:
    """What the engine would refuse as terms_not_combinable, said in words; what it must never be given."""
    rests = terms.order_type is OrderType.LIMIT and terms.time_in_force in RESTING
    if terms.is_post_only and not rests:
        raise OrderRefused(UNSUPPORTED, "post_only_not_combinable", "only a limit order that rests is post-only")
    if terms.display_lots and not rests:
        raise OrderRefused(UNSUPPORTED, "display_not_combinable", "only a limit order that rests shows a part")
    if terms.minimum_lots and terms.time_in_force is not TimeInForce.IOC:
        raise OrderRefused(UNSUPPORTED, "minimum_not_combinable", "only an IOC order has a minimum quantity")
    if terms.order_type is OrderType.PEG and terms.time_in_force not in RESTING:
        raise OrderRefused(UNSUPPORTED, "peg_not_combinable", "a peg rests: DAY, GTC or GTD")
    if 99 in message and terms.order_type not in STOPS and values.decimal(message, 99):
        raise OrderRefused(UNSUPPORTED, "stop_price_forbidden", "only stops have a stop price")


__all__ = [
    "FieldMissing",
    "FieldWrong",
    "OrderRefused",
    "Replacement",
    "client_order_id",
    "find_account",
    "find_contract",
    "read_order",
    "read_replacement",
    "require_account",
]
