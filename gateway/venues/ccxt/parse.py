"""From ccxt's unified structures to ours: symbols, orders, executions, books. Amounts are those of its markets."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from gateway.venues.books import VenueInstrument
from gateway.venues.execution import Execution, NewVenueOrder, OrderView
from gateway.venues.updates import Updates, blank_snapshot
from wire.instruments import InstrumentTerms, UnknownInstrumentName, parse_instrument_name
from wire.units import NANOSECONDS_PER_MS, InstrumentKind, Liquidity, OrderState, OrderType, Side, TimeInForce

Structure = Mapping[str, Any]
BOOK_STEP = Decimal("0.00000001")
"""Books show amounts finer than the step that orders need."""
TICKS_MAX, TICK_TOLERANCE = 2**46, 0.05
"""Prices are floats: up to so many ticks their error is a fiftieth of one."""
CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
ALPHANUMERIC_IDS = frozenset({"okx", "okxus", "myokx"})
"""Exchanges that take letters and digits alone; our ids have no capitals, so that one can stand for the dash."""
DASH = "Z"
TIMES = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}
STATES = {
    "open": OrderState.NEW,
    "canceling": OrderState.NEW,
    "closed": OrderState.FILLED,
    "canceled": OrderState.CANCELED,
    "expired": OrderState.CANCELED,
    "rejected": OrderState.REJECTED,
}


def find_symbol(name: str) -> str:
    """What ccxt calls one of our instruments; empty for kinds that this adapter does not trade."""
    try:
        terms = parse_instrument_name(name)
    except UnknownInstrumentName:
        return ""
    pair = f"{terms.base_currency}/{terms.quote_currency}"
    if terms.kind is InstrumentKind.SPOT:
        return pair
    return f"{pair}:{terms.settlement_currency}" if terms.kind is InstrumentKind.PERPETUAL else ""


def find_instrument(name: str, market: Structure, *, is_tick: bool) -> VenueInstrument | None:
    """``is_tick``: precisions are steps, else digits. None where the exchange does not say how fine its prices are."""
    terms = parse_instrument_name(name)
    tick = market["precision"].get("price")
    if tick is None or market.get("active") is False:
        return None
    return VenueInstrument(
        name=name,
        symbol=market["symbol"],
        price_tick=decimal(tick) if is_tick else Decimal(1).scaleb(-int(tick)),
        amount_step=BOOK_STEP,
        contract_amount=contract_amount(terms, market),
        maker_fee=_optional(market.get("maker")),
        taker_fee=_optional(market.get("taker")),
    )


def contract_amount(terms: InstrumentTerms, market: Structure) -> Decimal:
    """The market's amount of one of our contracts: it counts derivatives in contracts of its own."""
    return terms.multiplier / (decimal(market["contractSize"]) if market.get("contractSize") else Decimal(1))


def read_book(book: Structure, slot: int, instrument: VenueInstrument, levels: int, at_ns: int) -> Updates:
    """The whole book as a snapshot. Raises ValueError for a price between two ticks."""
    bids, asks = list(book["bids"][:levels]), list(book["asks"][:levels])
    rows = np.array([row[:2] for row in (*bids, *asks)], dtype=np.float64).reshape(-1, 2)
    ticks = rows[:, 0] / float(instrument.price_tick)
    counts = np.rint(ticks)
    if (np.abs(ticks - counts) > TICK_TOLERANCE).any() or (counts > TICKS_MAX).any():
        raise ValueError(f"a price lies between two ticks of {instrument.price_tick}")
    updates = blank_snapshot(len(rows), slot, at_ns)
    updates["price_ticks"][1:] = counts
    updates["quantity_lots"][1:] = np.rint(rows[:, 1] / float(instrument.amount_step))
    updates["side"][1 + len(bids) :] = 1
    return updates


def find_unsupported(order: NewVenueOrder, *, is_spot: bool) -> str:
    """Why it cannot be sent as it is; empty where it can."""
    if not CLIENT_ORDER_ID.fullmatch(order.client_order_id):
        return "client_order_id_not_allowed"
    if order.order_type not in (OrderType.LIMIT, OrderType.MARKET):
        return "order_type_not_offered"
    if order.order_type is OrderType.MARKET and is_spot:
        return "market_order_not_offered_on_spot"
    if order.order_type is OrderType.LIMIT and order.time_in_force not in TIMES:
        return "time_in_force_not_offered"
    if is_spot and order.is_reduce_only:
        return "reduce_only_not_offered"
    return ""


def order_params(order: NewVenueOrder, client_order_id: str) -> dict[str, object]:
    """Parameters of ccxt's unified methods; what is usual is left out, as some exchanges refuse to hear it."""
    params: dict[str, object] = {"clientOrderId": client_order_id}
    if order.is_post_only:
        params["postOnly"] = True
    elif order.order_type is OrderType.LIMIT and order.time_in_force is not TimeInForce.GTC:
        params["timeInForce"] = TIMES[order.time_in_force]
    if order.is_reduce_only:
        params["reduceOnly"] = True
    return params


def read_order_id(order: Structure) -> str:
    """Raises ValueError, KeyError, TypeError where there is none."""
    if not order["id"]:
        raise ValueError("an order without an id")
    return str(order["id"])


def read_order(order: Structure, name: str, contract: Decimal, client_order_id: str) -> OrderView:
    """Raises ValueError, KeyError, TypeError where ccxt leaves out what an order needs."""
    filled, amount = decimal(order.get("filled") or 0), decimal(order["amount"])
    state = STATES.get(order.get("status") or "open")
    if state is None:
        raise ValueError(f"order state {order['status']!r} is not known")
    if state is OrderState.FILLED and filled < amount:
        state = OrderState.CANCELED
    at_ms = order.get("lastUpdateTimestamp") or order.get("lastTradeTimestamp") or order.get("timestamp") or 0
    return OrderView(
        venue_order_id=read_order_id(order),
        client_order_id=client_order_id,
        name=name,
        side=Side(order["side"]),
        quantity=amount / contract,
        price=decimal(order["price"]) if order.get("price") else None,
        filled=filled / contract,
        state=state,
        updated_at_ns=int(at_ms) * NANOSECONDS_PER_MS,
        reason="expired" if order.get("status") == "expired" else "",
    )


def read_execution(trade: Structure, name: str, contract: Decimal, client_order_id: str) -> Execution:
    """Raises as ``read_order``."""
    fee = _fee(trade)
    return Execution(
        execution_id=f"{trade['symbol']}:{trade['id']}",
        venue_order_id=str(trade["order"]),
        client_order_id=client_order_id,
        name=name,
        side=Side(trade["side"]),
        price=decimal(trade["price"]),
        quantity=decimal(trade["amount"]) / contract,
        liquidity=Liquidity.MAKER if trade.get("takerOrMaker") == "maker" else Liquidity.TAKER,
        fee=decimal(fee.get("cost") or 0),
        fee_currency=fee.get("currency") or "",
        at_ns=int(trade["timestamp"]) * NANOSECONDS_PER_MS,
    )


def has_fee(trade: Structure) -> bool:
    return _fee(trade).get("cost") is not None


def read_positions(
    found: Sequence[Structure], names: Mapping[str, str], contracts: Mapping[str, Decimal]
) -> list[tuple[str, Decimal]]:
    """Signed contracts of ours, of instruments that are traded here."""
    held: dict[str, Decimal] = {}
    for each in found:
        name = names.get(each["symbol"])
        if name is not None and each.get("contracts"):
            sign = -1 if each.get("side") == "short" else 1
            held[name] = held.get(name, Decimal(0)) + sign * abs(decimal(each["contracts"])) / contracts[name]
    return [(name, quantity) for name, quantity in held.items() if quantity]


def write_id(client_order_id: str, exchange: str) -> str:
    return client_order_id.replace("-", DASH) if exchange in ALPHANUMERIC_IDS else client_order_id


def read_id(client_order_id: str | None, exchange: str) -> str:
    if not client_order_id:
        return ""
    return client_order_id.replace(DASH, "-") if exchange in ALPHANUMERIC_IDS else client_order_id


def decimal(number: float | str) -> Decimal:
    """Floats are what ccxt gives: the shortest decimal that is this one."""
    return Decimal(str(number))


def _fee(trade: Structure) -> Structure:
    fee: Structure = trade.get("fee") or next(iter(trade.get("fees") or ()), None) or {}
    return fee


def _optional(number: float | None) -> Decimal | None:
    return None if number is None else decimal(number)
