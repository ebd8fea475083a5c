"""Amendments of spot orders: in place where the order becomes smaller, else by another order in its place.

Whatever the old order executes meanwhile is never executed twice: it is replaced in one request only while nothing of
it was executed, and the venue is told so; otherwise it is canceled first, and what is left is ordered anew.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from gateway.venues.api import Refused
from gateway.venues.binance import messages
from gateway.venues.binance.chains import LINKS_MAX, Chain, is_replaceable
from gateway.venues.binance.errors import ErrorAnswer
from gateway.venues.execution import OrderView

if TYPE_CHECKING:
    from gateway.venues.binance.trading import BinanceTrading
    from gateway.venues.own_orders import OwnOrder

SUCCESS = "SUCCESS"


async def replace_order(api: BinanceTrading, own: OwnOrder, quantity: Decimal, price: Decimal) -> OrderView:
    """The venue's order that stands for it now. Raises Refused, NoAnswer."""
    if own.is_external:
        raise Refused("external_order_not_amendable")
    symbol = api.symbol_of(own.name)
    current = await api.get_order(symbol, {"orderId": int(api.chains.links_of(own.venue_order_id)[-1])})
    if current is None or not is_replaceable((view := api.read_order(current, own.name)).state):
        raise Refused("order_not_working")
    chain = api.chains.find(own.client_order_id)
    earlier = sum(chain.filled.values(), Decimal(0)) - chain.filled[chain.current] if chain else Decimal(0)
    if quantity <= earlier + view.filled:
        raise Refused("quantity_below_executed")
    if price == view.price and quantity - earlier <= view.quantity:
        return await _shrink(api, current, own.name, quantity - earlier)
    chain = chain or api.chains.begin(view)
    async with chain.lock:
        if chain.is_replacing or len(chain.filled) >= LINKS_MAX or chain.current != view.venue_order_id:
            raise Refused("too_many_amendments")
        chain.is_replacing = True
        try:
            ended, begun = await _exchange(api, chain, current, (quantity - earlier, price))
        except Refused:
            chain.is_replacing = False
            raise
        begun_view = api.read_order(begun, own.name)
        api.chains.follow(chain, api.read_order(ended, own.name), begun_view)
        return begun_view


async def _shrink(api: BinanceTrading, current: messages.Order, name: str, quantity: Decimal) -> OrderView:
    """Keeps its place in the queue, and its id."""
    if quantity == current.orig_qty:
        return api.read_order(current, name)
    params: dict[str, str | int] = {
        "symbol": current.symbol,
        "orderId": current.order_id,
        "newQty": format(quantity, "f"),
        "newClientOrderId": current.client_order_id,
    }
    content = await api.request("PUT", "order/amend/keepPriority", params, weight=4)
    amended = api.decode(content, messages.Amended)
    return api.read_order(msgspec.structs.replace(amended.amended_order, transact_time=amended.transact_time), name)


async def _exchange(
    api: BinanceTrading, chain: Chain, current: messages.Order, terms: tuple[Decimal, Decimal]
) -> tuple[messages.Order, messages.Order]:
    """(the old order, the new one). ``terms``: quantity with what the old one executed, and price."""
    quantity, price = terms
    if current.executed_qty:
        params: dict[str, str | int] = {"symbol": current.symbol, "orderId": current.order_id}
        ended = api.decode(await api.request("DELETE", "order", params, weight=1), messages.Order)
        return ended, await _order_rest(api, chain, ended, (current, quantity - ended.executed_qty, price))
    params = _terms(current, chain.next_name, quantity, price) | {
        "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelOrderId": current.order_id,
        "cancelRestrictions": "ONLY_NEW",
    }
    api.arrivals.left(chain.next_name)
    try:
        answer = api.decode(await api.request("POST", "order/cancelReplace", params, weight=1), messages.Replaced)
    except ErrorAnswer as error:
        _tell_half(api, chain, current, error)
        raise
    ended = api.decode(answer.cancel_response, messages.Order)
    return ended, api.decode(answer.new_order_response, messages.Order)


async def _order_rest(
    api: BinanceTrading, chain: Chain, ended: messages.Order, terms: tuple[messages.Order, Decimal, Decimal]
) -> messages.Order:
    current, quantity, price = terms
    if quantity <= 0:
        _tell_end(api, chain, ended)
        raise Refused("quantity_below_executed")
    api.arrivals.left(chain.next_name)
    try:
        content = await api.request("POST", "order", _terms(current, chain.next_name, quantity, price), weight=1)
    except Refused:
        _tell_end(api, chain, ended)
        raise
    return api.decode(content, messages.Order)


def _terms(current: messages.Order, client_order_id: str, quantity: Decimal, price: Decimal) -> dict[str, str | int]:
    params: dict[str, str | int] = {
        "symbol": current.symbol,
        "side": current.side,
        "type": current.type,
        "quantity": format(quantity, "f"),
        "price": format(price, "f"),
        "newClientOrderId": client_order_id,
        "newOrderRespType": "RESULT",
    }
    if current.type == "LIMIT":
        params["timeInForce"] = current.time_in_force
    return params


def _tell_half(api: BinanceTrading, chain: Chain, current: messages.Order, error: ErrorAnswer) -> None:
    """The old order may be gone although the new one was not taken."""
    try:
        failed = msgspec.json.decode(error.content, type=messages.ReplaceFailed).data
    except msgspec.DecodeError:
        return
    if failed.cancel_result == SUCCESS:
        _tell_end(api, chain, api.decode(failed.cancel_response, messages.Order))


def _tell_end(api: BinanceTrading, chain: Chain, ended: messages.Order) -> None:
    chain.is_replacing = False
    shown = api.chains.show(api.read_order(ended, api.name_of(ended.symbol)))
    if shown is not None:
        api.own.on_order(shown)
