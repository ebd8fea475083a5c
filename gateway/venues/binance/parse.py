"""From Binance's words to ours."""

import re
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from gateway.venues.binance import messages
from gateway.venues.books import VenueInstrument
from gateway.venues.execution import Execution, NewVenueOrder, OrderView
from gateway.venues.market import VenueTrade
from wire.instruments import COINS, STABLE_CURRENCIES
from wire.units import NANOSECONDS_PER_MS, Liquidity, OrderState, OrderType, Side, TimeInForce

SPOT_STEP = Decimal("0.00000001")
"""Books show quantities finer than the step that orders need."""
CLIENT_ORDER_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
STATES = {
    "NEW": OrderState.NEW,
    "PENDING_NEW": OrderState.NEW,
    "NEW_INSURANCE": OrderState.NEW,
    "NEW_ADL": OrderState.NEW,
    "PENDING_CANCEL": OrderState.NEW,
    "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELED,
    "EXPIRED": OrderState.CANCELED,
    "EXPIRED_IN_MATCH": OrderState.CANCELED,
    "REJECTED": OrderState.REJECTED,
}
REASONS = {"EXPIRED": "expired", "EXPIRED_IN_MATCH": "self_trade_prevented"}
TIMES = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}
_decode_trade = msgspec.json.Decoder(messages.Trade).decode


def read_instruments(listed: Iterable[messages.Symbol], *, is_spot: bool) -> list[VenueInstrument]:
    """Coins and stable currencies that Parley names, while they trade; of futures perpetuals only."""
    return [found for each in listed if (found := find_instrument(each, is_spot=is_spot)) is not None]


def find_instrument(listed: messages.Symbol, *, is_spot: bool) -> VenueInstrument | None:
    if listed.baseAsset not in COINS or listed.quoteAsset not in STABLE_CURRENCIES or listed.status != "TRADING":
        return None
    if not is_spot and listed.contractType != "PERPETUAL":
        return None
    filters = {each.filterType: each for each in listed.filters}
    if "PRICE_FILTER" not in filters or "LOT_SIZE" not in filters:
        return None
    name = f"{listed.baseAsset}_{listed.quoteAsset}"
    return VenueInstrument(
        name=name if is_spot else f"{name}-PERPETUAL",
        symbol=listed.symbol,
        price_tick=Decimal(filters["PRICE_FILTER"].tickSize).normalize(),
        amount_step=SPOT_STEP if is_spot else Decimal(filters["LOT_SIZE"].stepSize).normalize(),
    )


def read_trade(content: bytes | msgspec.Raw, name: str) -> VenueTrade:
    """A ``trade`` or ``aggTrade``. Raises msgspec.DecodeError."""
    trade = _decode_trade(content)
    return VenueTrade(
        trade_id=str(trade.t or trade.a),
        name=name,
        side=Side.SELL if trade.m else Side.BUY,
        price=Decimal(trade.p),
        amount=Decimal(trade.q),
        at_ns=trade.T * NANOSECONDS_PER_MS,
    )


def find_unsupported(order: NewVenueOrder, *, is_spot: bool) -> str:
    """Why the venue cannot take the order as it is; empty where it can."""
    if not CLIENT_ORDER_ID.fullmatch(order.client_order_id):
        return "client_order_id_not_allowed"
    if order.order_type not in (OrderType.LIMIT, OrderType.MARKET):
        return "order_type_not_offered"
    if order.order_type is OrderType.LIMIT and order.time_in_force not in TIMES:
        return "time_in_force_not_offered"
    if order.is_post_only and order.time_in_force is not TimeInForce.GTC:
        return "post_only_must_rest"
    if is_spot and order.is_reduce_only:
        return "reduce_only_not_offered"
    return ""


def order_params(order: NewVenueOrder, symbol: str, *, is_spot: bool) -> dict[str, str | int]:
    """Parameters of a new order that ``find_unsupported`` has nothing against."""
    params: dict[str, str | int] = {
        "symbol": symbol,
        "side": order.side.upper(),
        "quantity": format(order.quantity, "f"),
        "newClientOrderId": order.client_order_id,
        "newOrderRespType": "FULL" if is_spot else "RESULT",
    }
    if order.order_type is OrderType.MARKET or order.price is None:
        params["type"] = "MARKET"
    else:
        params["price"] = format(order.price, "f")
        if order.is_post_only and is_spot:
            params["type"] = "LIMIT_MAKER"
        else:
            params["type"] = "LIMIT"
            params["timeInForce"] = "GTX" if order.is_post_only else TIMES[order.time_in_force]
    if order.is_reduce_only:
        params["reduceOnly"] = "true"
    return params


def read_order(order: messages.Order, name: str) -> OrderView:
    """Quantities are contracts already. Raises ValueError for a word that the venue never used."""
    return OrderView(
        venue_order_id=str(order.order_id),
        client_order_id=order.orig_client_order_id or order.client_order_id,
        name=name,
        side=read_side(order.side),
        quantity=order.orig_qty or order.qty,
        price=order.price or None,
        filled=order.executed_qty,
        state=find_state(order.status),
        updated_at_ns=(order.transact_time or order.update_time) * NANOSECONDS_PER_MS,
        reason=REASONS.get(order.status, ""),
    )


def read_fills(order: messages.Order, name: str) -> list[Execution]:
    """Of the answer to an order: all of them took."""
    return [
        Execution(
            execution_id=execution_id(order.symbol, fill.trade_id),
            venue_order_id=str(order.order_id),
            client_order_id=order.client_order_id,
            name=name,
            side=read_side(order.side),
            price=fill.price,
            quantity=fill.qty,
            liquidity=Liquidity.TAKER,
            fee=fill.commission,
            fee_currency=fill.commission_asset,
            at_ns=order.transact_time * NANOSECONDS_PER_MS,
        )
        for fill in order.fills
    ]


def read_user_trade(trade: messages.UserTrade, name: str, client_order_id: str) -> Execution:
    """The venue lists trades without the client's id of the order."""
    return Execution(
        execution_id=execution_id(trade.symbol, trade.id),
        venue_order_id=str(trade.order_id),
        client_order_id=client_order_id,
        name=name,
        side=Side.BUY if trade.is_buyer or trade.buyer else Side.SELL,
        price=trade.price,
        quantity=trade.qty,
        liquidity=Liquidity.MAKER if trade.is_maker or trade.maker else Liquidity.TAKER,
        fee=trade.commission,
        fee_currency=trade.commission_asset,
        at_ns=trade.time * NANOSECONDS_PER_MS,
    )


def read_report(report: messages.OrderReport, name: str) -> OrderView:
    """How the order stands after what is reported. Raises as ``read_order``."""
    reason = "" if report.reject_reason == "NONE" else report.reject_reason.lower()
    return OrderView(
        venue_order_id=str(report.order_id),
        client_order_id=report.original_client_order_id or report.client_order_id,
        name=name,
        side=read_side(report.side),
        quantity=report.quantity,
        price=report.price or None,
        filled=report.cumulative,
        state=find_state(report.status),
        updated_at_ns=report.at_ms * NANOSECONDS_PER_MS,
        reason=REASONS.get(report.status, reason),
    )


def read_reported_execution(report: messages.OrderReport, name: str) -> Execution:
    """Of a report that has one. Raises as ``read_order``."""
    return Execution(
        execution_id=execution_id(report.symbol, report.trade_id),
        venue_order_id=str(report.order_id),
        client_order_id=report.original_client_order_id or report.client_order_id,
        name=name,
        side=read_side(report.side),
        price=report.last_price,
        quantity=report.last_quantity,
        liquidity=Liquidity.MAKER if report.is_maker else Liquidity.TAKER,
        fee=report.fee,
        fee_currency=report.fee_currency or "",
        at_ns=report.at_ms * NANOSECONDS_PER_MS,
    )


def execution_id(symbol: str, trade_id: int) -> str:
    """The venue counts the trades of each symbol by themselves."""
    return f"{symbol}:{trade_id}"


def find_state(word: str) -> OrderState:
    if word not in STATES:
        raise ValueError(f"order state {word!r} is not known")
    return STATES[word]


def read_side(word: str) -> Side:
    return Side(word.lower())
