"""What an order asks for beside side, size and price, and which of it goes together: the rules of the engine."""

import dataclasses
from decimal import Decimal

from common.errors import Refusal
from orders.domain.grid import steps, words
from wire.client import PlaceOrder
from wire.instruments import InstrumentTerms
from wire.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.units import OrderType, PegReference, SelfMatch, StopTrigger, TimeInForce, to_smallest_units

SOFT_BOUND_MAX = Decimal(10) ** 12
"""US dollars."""
RESTING_TIMES = (TimeInForce.GTC, TimeInForce.GTD, TimeInForce.DAY)
STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)
PRICED = (OrderType.LIMIT, OrderType.STOP_LIMIT)
"""Types that need a price."""
UNPRICED = (OrderType.MARKET, OrderType.STOP)
"""Types that have none."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Terms:
    """Ticks and lots; zero where there is nothing of it."""

    is_reduce_only: bool = False
    expires_at_ns: int = 0
    display_lots: int = 0
    minimum_lots: int = 0
    stop_ticks: int = 0
    trigger: StopTrigger = StopTrigger.LAST_TRADE
    peg_reference: PegReference = PegReference.MID
    peg_offset_ticks: int = 0
    self_match: SelfMatch = SelfMatch.CANCEL_NEWEST
    confirmed_soft_bound_micros: int = 0


def check_terms(message: PlaceOrder, instrument: InstrumentTerms, quantity_lots: int, now_ns: int) -> Terms:
    """The terms on the grid. Raises Refusal with the value and the bound."""
    _check_post_only(message)
    return Terms(
        is_reduce_only=message.is_reduce_only,
        expires_at_ns=_expiry(message, now_ns),
        display_lots=_part(message, "display_quantity", instrument, quantity_lots),
        minimum_lots=_part(message, "minimum_quantity", instrument, quantity_lots),
        stop_ticks=_stop(message, instrument),
        trigger=message.trigger,
        peg_reference=message.peg_reference,
        peg_offset_ticks=_peg_offset(message, instrument),
        self_match=message.self_match,
        confirmed_soft_bound_micros=_soft_bound(message),
    )


def _check_post_only(message: PlaceOrder) -> None:
    if not message.is_post_only:
        return
    if message.order_type is OrderType.MARKET:
        raise Refusal("post_only_market", "a market order cannot be post-only", value="market", bound="limit")
    if message.order_type is not OrderType.LIMIT:
        raise _not_combinable("post_only", message.order_type, "limit")
    if message.time_in_force is TimeInForce.IOC:
        raise Refusal("post_only_ioc", "an immediate-or-cancel order cannot be post-only", value="ioc", bound="gtc")
    if message.time_in_force not in RESTING_TIMES:
        raise _not_combinable("post_only", message.time_in_force, "gtc, gtd, day")


def _expiry(message: PlaceOrder, now_ns: int) -> int:
    if message.time_in_force is not TimeInForce.GTD:
        if message.expires_at_ns is not None:
            why = "only a GTD order has an expiry"
            raise Refusal("expiry_forbidden", why, value=message.time_in_force, bound="gtd")
        return 0
    if message.expires_at_ns is None:
        raise Refusal("expiry_required", "a GTD order needs an expiry")
    if message.expires_at_ns <= now_ns:
        raise Refusal("expiry_passed", "the expiry has passed", value=message.expires_at_ns, bound=now_ns)
    return message.expires_at_ns


def _part(message: PlaceOrder, name: str, instrument: InstrumentTerms, quantity_lots: int) -> int:
    """Lots that are shown, or that must trade at once."""
    text = getattr(message, name)
    if text is None:
        return 0
    if name == "display_quantity" and (
        message.order_type is not OrderType.LIMIT or message.time_in_force not in RESTING_TIMES
    ):
        raise _not_combinable(name, f"{message.order_type} {message.time_in_force}", "a limit order that rests")
    if name == "minimum_quantity" and (
        message.order_type not in (OrderType.LIMIT, OrderType.MARKET) or lasts(message) is not TimeInForce.IOC
    ):
        raise _not_combinable(name, f"{message.order_type} {message.time_in_force}", "an ioc order")
    lots = steps(name, Decimal(text), instrument.lot_size, QUANTITY_LOTS_MAX)
    if lots > quantity_lots:
        raise Refusal(f"{name}_too_large", "more than the order", value=text, bound=message.quantity)
    return lots


def _stop(message: PlaceOrder, instrument: InstrumentTerms) -> int:
    if message.order_type not in STOPS:
        if message.stop_price is not None:
            why = "only stops have a stop price"
            raise Refusal("stop_price_forbidden", why, value=message.order_type, bound="stop")
        return 0
    if message.stop_price is None:
        raise Refusal("stop_price_required", "a stop needs a stop price")
    return steps("stop_price", Decimal(message.stop_price), instrument.tick_size, PRICE_TICKS_MAX)


def _peg_offset(message: PlaceOrder, instrument: InstrumentTerms) -> int:
    is_peg = message.order_type is OrderType.PEG
    if is_peg and message.time_in_force not in RESTING_TIMES:
        raise _not_combinable("peg", message.time_in_force, "gtc, gtd, day")
    offset = Decimal(message.peg_offset or 0)
    if not offset:
        return 0
    if not is_peg:
        raise Refusal("peg_offset_forbidden", "only pegs have an offset", value=message.order_type, bound="peg")
    ticks = steps("peg_offset", abs(offset), instrument.tick_size, PRICE_TICKS_MAX)
    return ticks if offset > 0 else -ticks


def _soft_bound(message: PlaceOrder) -> int:
    bound = Decimal(message.confirmed_soft_bound or 0)
    if bound > SOFT_BOUND_MAX:
        raise Refusal("confirmed_soft_bound_too_large", "no bound is that large", value=bound, bound=SOFT_BOUND_MAX)
    return to_smallest_units(bound, "USD")


def lasts(message: PlaceOrder) -> TimeInForce:
    """A market order never rests."""
    is_ioc = message.order_type is OrderType.MARKET and message.time_in_force is not TimeInForce.FOK
    return TimeInForce.IOC if is_ioc else message.time_in_force


def _not_combinable(name: str, value: str, bound: str) -> Refusal:
    return Refusal(f"{name}_not_combinable", f"{words(name)} does not go with that", value=value, bound=bound)
