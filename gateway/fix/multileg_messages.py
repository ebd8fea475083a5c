"""NewOrderMultileg and MultilegOrderCancelReplaceRequest as what they ask of the desk, refused by name otherwise.

How an order is legged stands in TargetStrategyParameters (848), ``name=value`` with semicolons between them, or under
FIX 5.0 SP2 in StrategyParametersGrp (957), under the names of ``wire.multileg.MultilegParameters``.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.fix import values
from gateway.fix.handler import Session
from gateway.fix.message import Fields, Message
from gateway.fix.order_messages import OTHER, UNSUPPORTED, OrderRefused, require_account
from gateway.fix.rfq_messages import LEG_TAGS, checked, client_id, positive, ratio_of
from wire.client_rfq import RfqLeg
from wire.fix_multileg import (
    AskMultileg,
    CancelMultileg,
    EnterMultileg,
    MultilegChanges,
    MultilegReporting,
    ReplaceMultileg,
    find_parent_order_id,
)
from wire.multileg import MULTILEG_LEGS_MAX, MultilegParameters
from wire.units import TimeInForce

NO_SYMBOL, MULTILEG = "[N/A]", "MLEG"
LIMIT, PER_UNIT, NET = "2", "2", "0"
"""OrdType (40), PriceType (423), MultilegPriceMethod (1378)."""
EXCHANGE_SYMBOL = "8"
"""LegSecurityIDSource (603)."""
OWN_STRATEGIES_FROM = 1_000
"""TargetStrategy (847) below are the standard's own algorithms."""
REPORTING = {"0": MultilegReporting.STRUCTURE, "1": MultilegReporting.BOTH, "2": MultilegReporting.LEGS}
"""MultiLegRptTypeReq (563)."""
LEGGING = ("legging_limit", "legging_timeout_s", "legging_rule", "legging_slippage", "quoting_leg")
NOT_LEGGED = (18, 110, 111, 1138, 99)
"""Instructions that an order in one instrument may have."""
ORDER_LEG_TAGS = LEG_TAGS | frozenset(
    {604, 605, 606, 764, *range(248, 254), 257, *range(596, 600), 254, 613, 614, 615, 617, 618, 619, 621, 622, 942}
    | {740, 739, 955, 956, 683, 688, 689, *range(670, 676), 564, 565, 539, 524, 525, 538, 804, 545, 805}
    | {654, 566, 587, 588, 1366, 1367, 1379, 1381, 1383, 1384, 1689, 637, 685, 2346}
)


def read_multileg(message: Message, session: Session) -> EnterMultileg:
    """Raises FieldMissing, FieldWrong, OrderRefused."""
    client_order_id = client_id(message, 11)
    _require_net_limit(message)
    net_price, legs = _net_price(message), _legs(message)
    legging = _legging(message)
    if "legging_limit" not in legging:
        why = "a multi-leg order says how much of it may stand without its other legs: legging_limit in 848 or 957"
        raise OrderRefused(OTHER, "legging_limit_missing", why)
    lasts = _time_in_force(message) or TimeInForce.DAY
    given = {**legging, "legs": legs, "net_price": net_price, "time_in_force": lasts}
    action = EnterMultileg(
        client_order_id=client_order_id,
        account_id=require_account(message, session),
        side=values.word(message, 54, values.SIDES),
        quantity=values.plain(positive(message, 38)),
        parameters=_built(MultilegParameters, given | _expiry(message, lasts)),
        reporting=values.word(message, 563, REPORTING) if 563 in message else MultilegReporting.BOTH,
        leg_references=_references(message),
    )
    return checked(action, 38)


def read_replacement(message: Message, session: Session) -> ReplaceMultileg:
    """Raises FieldMissing, FieldWrong, OrderRefused."""
    del session
    original, parent_order_id = _order_of(message, 41)
    _require_net_limit(message)
    net_price = _net_price(message)
    lasts = _time_in_force(message)
    changes = {**_legging(message), **({"time_in_force": lasts} if lasts else {})}
    action = ReplaceMultileg(
        client_order_id=client_id(message, 11),
        original=original,
        parent_order_id=parent_order_id,
        side=values.word(message, 54, values.SIDES),
        legs=_legs(message),
        quantity=values.plain(positive(message, 38)),
        net_price=net_price,
        changes=_built(MultilegChanges, changes | (_expiry(message, lasts) if lasts else {})),
    )
    return checked(action, 38)


def read_cancel(message: Message, session: Session) -> CancelMultileg:
    """Raises FieldMissing, FieldWrong."""
    del session
    original, parent_order_id = _order_of(message, 41)
    return CancelMultileg(
        client_order_id=client_id(message, 11), original=original, parent_order_id=parent_order_id
    )


def read_status_request(message: Message, session: Session) -> AskMultileg:
    """Raises FieldMissing, FieldWrong."""
    del session
    original, parent_order_id = _order_of(message, 11)
    return AskMultileg(
        original=original,
        parent_order_id=parent_order_id,
        status_request_id=client_id(message, 790) if 790 in message else "",
    )


def _order_of(message: Message, tag: int) -> tuple[str, int]:
    """(ClOrdID, number of the order); the number counts where there is no ClOrdID. Raises FieldMissing, FieldWrong."""
    parent_order_id = find_parent_order_id(message.find(37)) or 0
    if tag not in message and parent_order_id:
        return "", parent_order_id
    return client_id(message, tag), parent_order_id


def _require_net_limit(message: Message) -> None:
    """Raises FieldMissing, OrderRefused."""
    if message.get(40) != LIMIT:
        why = f"a multi-leg order has a net price: OrdType {message.get(40)[:8]}, bound {LIMIT}"
        raise OrderRefused(UNSUPPORTED, "type_not_legged", why)
    for tag, only in ((423, PER_UNIT), (1378, NET)):
        if message.find(tag, only) != only:
            why = f"the price is net, of one unit: tag {tag} is {message.find(tag)[:8]}, bound {only}"
            raise OrderRefused(UNSUPPORTED, "price_type_not_legged", why)
    for tag in NOT_LEGGED:
        if message.find(tag) not in ("", "0"):
            why = f"no instruction for a multi-leg order: tag {tag} is {message.find(tag)[:16]}"
            raise OrderRefused(UNSUPPORTED, "instruction_not_legged", why)
    if 117 in message:
        why = f"a quote is hit by AJ, this would trade with the books: QuoteID {message.get(117)[:36]}"
        raise OrderRefused(UNSUPPORTED, "quote_not_legged", why)
    strategy = message.find(847)
    if strategy and message.integer(847) < OWN_STRATEGIES_FROM:
        why = f"a multi-leg order is worked by its legging rule: 847 is {strategy[:8]}, bound {OWN_STRATEGIES_FROM}"
        raise OrderRefused(UNSUPPORTED, "strategy_not_legged", why)


def _net_price(message: Message) -> str:
    return values.plain(values.decimal(message, 44))


def _time_in_force(message: Message) -> TimeInForce | None:
    return values.word(message, 59, values.TIMES_IN_FORCE) if 59 in message else None


def _expiry(message: Message, lasts: TimeInForce) -> dict[str, int]:
    """Of a GTD order; an expiry that has passed is the desk's to refuse."""
    if lasts is not TimeInForce.GTD:
        return {}
    by_date = 126 not in message and 432 in message
    return {"expires_at_ns": values.day_end_ns(message, 432) if by_date else values.time_ns(message, 126)}


def _leg_groups(message: Message) -> list[Fields]:
    """Raises FieldWrong, OrderRefused."""
    legs = message.groups(555, ORDER_LEG_TAGS)
    if not 2 <= len(legs) <= MULTILEG_LEGS_MAX:
        why = f"value {len(legs)}, bound 2 to {MULTILEG_LEGS_MAX}"
        raise OrderRefused(UNSUPPORTED, "leg_count", why)
    return legs


def _legs(message: Message) -> tuple[RfqLeg, ...]:
    quantity = positive(message, 38)
    return tuple(
        checked(
            RfqLeg(
                instrument_name=_instrument(leg),
                side=values.word(leg, 624, values.SIDES),
                ratio=ratio_of(leg, quantity),
            ),
            600,
        )
        for leg in _leg_groups(message)
    )


def _instrument(leg: Fields) -> str:
    """LegSymbol, or LegSecurityID where that is a name of ours (603=8). Raises FieldMissing, OrderRefused."""
    name, other = leg.find(600, NO_SYMBOL), leg.find(602) if leg.find(603) == EXCHANGE_SYMBOL else ""
    if name == NO_SYMBOL:
        return other or leg.get(602 if 600 in leg else 600)
    if other not in ("", name):
        raise OrderRefused(OTHER, "leg_names_differ", f"600 is {name[:64]}, 602 is {other[:64]}")
    return name


def _references(message: Message) -> tuple[str, ...]:
    """LegRefID of each leg; empty where none has one."""
    found = tuple(client_id(leg, 654) if 654 in leg else "" for leg in _leg_groups(message))
    return found if any(found) else ()


def _legging(message: Message) -> dict[str, str]:
    """Raises OrderRefused."""
    found = dict[str, str]()
    for name, value in _strategy_parameters(message):
        if name not in LEGGING:
            why = f"value {name[:32]}, bound {', '.join(LEGGING)}"
            raise OrderRefused(UNSUPPORTED, "strategy_parameter_unknown", why)
        if name in found:
            raise OrderRefused(OTHER, "strategy_parameter_twice", f"value {name}")
        found[name] = value
    return found


def _strategy_parameters(message: Message) -> Iterator[tuple[str, str]]:
    for part in message.find(848).split(";"):
        if part.strip():
            name, _, value = part.partition("=")
            yield name.strip(), value.strip()
    for one in message.groups(957, {958, 959, 960}):
        yield one.get(958), one.find(960)


def _built(kind: type[Any], given: dict[str, Any]) -> Any:
    """``given`` as FIX writes it, numbers as text too. Raises OrderRefused."""
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise OrderRefused(OTHER, "strategy_parameter_wrong", str(error)[:200]) from error
