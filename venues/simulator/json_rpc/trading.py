"""The private methods of the simulated venue: orders, trades, positions of the client that signed in."""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from venues.simulator.contracts import Contract
from venues.simulator.exchange import Exchange
from venues.simulator.faults import Faults, LoseAnswers, RejectOrders
from venues.simulator.json_rpc import params as asked
from venues.simulator.json_rpc import render
from venues.simulator.json_rpc.errors import (
    INVALID_AMOUNT,
    INVALID_INSTRUMENT,
    NOT_OPEN,
    NOT_OWNER,
    ORDER_NOT_FOUND,
    WRONG_TICK,
    RpcError,
    error_of,
    invalid_params,
)
from venues.simulator.json_rpc.notices import KINDS, Notices
from venues.simulator.json_rpc.session import Session
from venues.simulator.mischief import thin_out
from venues.simulator.records import Client, Order, Refused, Terms, Trade
from wire.units import NANOSECONDS_PER_MS, OrderType, Side, TimeInForce

LABEL_LENGTH_MAX = 64
COUNT_MAX = 1_000
TIMES = {word: time_in_force for time_in_force, word in render.TIMES.items()}
TYPES = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}
PRICE_MAX, AMOUNT_MAX = 1e9, 1e12


class AnswerLost(Exception):
    """The request was carried out, and its answer is not to arrive."""


class Trading:
    def __init__(self, exchange: Exchange, notices: Notices, faults: Faults) -> None:
        self._exchange, self._notices, self._faults = exchange, notices, faults

    def table(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Session, Any], Any]]]:
        return {
            "private/buy": (asked.NewOrder, lambda session, params: self._place(session, params, Side.BUY)),
            "private/sell": (asked.NewOrder, lambda session, params: self._place(session, params, Side.SELL)),
            "private/edit": (asked.Edit, self._edit),
            "private/cancel": (asked.ByOrder, self._cancel),
            "private/cancel_all": (asked.NoParams, lambda session, _params: self._cancel_all(session, "any")),
            "private/cancel_all_by_instrument": (asked.ByInstrument, self._cancel_by_instrument),
            "private/cancel_by_label": (asked.ByLabel, self._cancel_by_label),
            "private/get_open_orders": (asked.ByCurrency, self._open_orders),
            "private/get_open_orders_by_currency": (asked.ByCurrency, self._open_orders),
            "private/get_open_orders_by_instrument": (asked.ByInstrument, self._open_orders_of),
            "private/get_order_state": (asked.ByOrder, self._order_state),
            "private/get_order_state_by_label": (asked.ByLabel, self._state_by_label),
            "private/get_user_trades_by_order": (asked.ByOrder, self._trades_of_order),
            "private/get_user_trades_by_currency": (asked.ByCurrency, self._trades),
            "private/get_user_trades_by_currency_and_time": (asked.ByCurrency, self._trades),
            "private/get_user_trades_by_instrument": (asked.ByInstrument, self._trades_of),
            "private/get_positions": (asked.ByCurrency, self._positions),
            "private/get_account_summary": (asked.ByCurrency, self._summary),
        }

    def _place(self, session: Session, params: asked.NewOrder, side: Side) -> dict[str, Any]:
        if rejection := self._faults.take(RejectOrders):
            raise RpcError(rejection.code, rejection.message)
        contract = self._exchange.contracts.get(params.instrument_name)
        if contract is None:
            raise INVALID_INSTRUMENT
        terms = _read_terms(contract, params, side)
        now_ns = time.time_ns()
        thin_out(self._exchange, self._faults, contract, terms, now_ns)
        try:
            order, trades = self._exchange.place(client_of(session), contract, terms, now_ns)
        except Refused as refused:
            raise error_of(refused) from refused
        if self._faults.take(LoseAnswers):
            raise AnswerLost
        return {"order": render.order_json(order), "trades": [render.trade_json(trade) for trade in trades]}

    def _edit(self, session: Session, params: asked.Edit) -> dict[str, Any]:
        order = self._find(session, params.order_id)
        contract = order.contract
        lots = order.quantity_lots if params.amount is None else lots_of(contract, params.amount)
        ticks = order.price_ticks if params.price is None else _ticks(contract, params.price)
        try:
            order, trades = self._exchange.amend(order, lots, ticks, time.time_ns())
        except Refused as refused:
            raise error_of(refused) from refused
        return {"order": render.order_json(order), "trades": [render.trade_json(trade) for trade in trades]}

    def _cancel(self, session: Session, params: asked.ByOrder) -> dict[str, Any]:
        try:
            return render.order_json(self._exchange.cancel(self._find(session, params.order_id), time.time_ns()))
        except Refused as refused:
            raise NOT_OPEN from refused

    def _cancel_all(self, session: Session, name: str) -> int:
        orders = [o for o in self._exchange.open_orders(client_of(session)) if name in ("any", o.contract.name)]
        for order in orders:
            self._exchange.cancel(order, time.time_ns())
        return len(orders)

    def _cancel_by_instrument(self, session: Session, params: asked.ByInstrument) -> int:
        return self._cancel_all(session, params.instrument_name)

    def _cancel_by_label(self, session: Session, params: asked.ByLabel) -> int:
        orders = [o for o in self._exchange.open_orders(client_of(session)) if o.terms.label == params.label]
        for order in orders:
            self._exchange.cancel(order, time.time_ns())
        return len(orders)

    def _open_orders(self, session: Session, params: asked.ByCurrency) -> list[dict[str, Any]]:
        orders = self._exchange.open_orders(client_of(session))
        return [render.order_json(order) for order in orders if _matches(order.contract, params)]

    def _open_orders_of(self, session: Session, params: asked.ByInstrument) -> list[dict[str, Any]]:
        orders = self._exchange.open_orders(client_of(session))
        return [render.order_json(order) for order in orders if order.contract.name == params.instrument_name]

    def _order_state(self, session: Session, params: asked.ByOrder) -> dict[str, Any]:
        return render.order_json(self._find(session, params.order_id))

    def _state_by_label(self, session: Session, params: asked.ByLabel) -> list[dict[str, Any]]:
        """Newest first, finished ones included."""
        client = client_of(session)
        own = [o for o in self._exchange.orders.values() if o.client is client and o.terms.label == params.label]
        return [render.order_json(order) for order in reversed(own[-COUNT_MAX:])]

    def _trades_of_order(self, session: Session, params: asked.ByOrder) -> list[dict[str, Any]]:
        order = self._find(session, params.order_id)
        own = [trade for trade in self._exchange.trades_of(client_of(session)) if trade.order is order]
        return [render.trade_json(trade) for trade in own]

    def _trades(self, session: Session, params: asked.ByCurrency) -> dict[str, Any]:
        own = [t for t in self._exchange.trades_of(client_of(session)) if _matches(t.order.contract, params)]
        return _page(own, params)

    def _trades_of(self, session: Session, params: asked.ByInstrument) -> dict[str, Any]:
        trades = self._exchange.trades_of(client_of(session))
        return _page([t for t in trades if t.order.contract.name == params.instrument_name], params)

    def _positions(self, session: Session, params: asked.ByCurrency) -> list[dict[str, Any]]:
        held = self._exchange.positions(client_of(session))
        return [
            render.position_json(self._exchange, name, lots)
            for name, lots in held.items()
            if name not in self._exchange.contracts or _matches(self._exchange.contracts[name], params)
        ]

    def _summary(self, session: Session, params: asked.ByCurrency) -> dict[str, Any]:
        return self._notices.portfolio(client_of(session), params.currency)

    def _find(self, session: Session, name: str) -> Order:
        order = self._exchange.orders.get(render.find_order_number(name))
        if order is None or order.client is self._exchange.public:
            raise ORDER_NOT_FOUND
        if order.client is not session.client:
            raise NOT_OWNER
        return order


def client_of(session: Session) -> Client:
    assert session.client is not None, "private methods are for those who signed in"
    return session.client


def _page(trades: list[Trade], params: asked.ByCurrency | asked.ByInstrument) -> dict[str, Any]:
    """By time of the venue, both ends included; ``has_more`` where ``count`` cut some off."""
    found = [t for t in trades if params.start_timestamp <= t.at_ns // NANOSECONDS_PER_MS <= params.end_timestamp]
    if params.sorting != "asc":
        found.reverse()
    count = max(1, min(params.count, COUNT_MAX))
    return {"trades": [render.trade_json(trade) for trade in found[:count]], "has_more": len(found) > count}


def _matches(contract: Contract, params: asked.ByCurrency) -> bool:
    same_currency = params.currency in ("any", contract.terms.settlement_currency)
    return same_currency and params.kind in ("any", KINDS[contract.terms.kind.value])


def _read_terms(contract: Contract, params: asked.NewOrder, side: Side) -> Terms:
    """Raises RpcError for what makes no order."""
    if params.type not in TYPES or params.time_in_force not in TIMES:
        raise invalid_params(f"type {params.type!r} with {params.time_in_force!r} is not offered")
    if len(params.label) > LABEL_LENGTH_MAX:
        raise invalid_params(f"label has more than {LABEL_LENGTH_MAX} characters")
    order_type = TYPES[params.type]
    if (params.price is None) != (order_type is OrderType.MARKET):
        raise invalid_params("price")
    amount = params.amount
    if amount is None and params.contracts is not None:
        amount = params.contracts * float(contract.contract_size)
    if amount is None:
        raise invalid_params("amount")
    is_market = order_type is OrderType.MARKET
    return Terms(
        side=side,
        quantity_lots=lots_of(contract, amount),
        price_ticks=None if params.price is None else _ticks(contract, params.price),
        order_type=order_type,
        time_in_force=TimeInForce.IOC if is_market else TIMES[params.time_in_force],
        is_post_only=params.post_only,
        is_reduce_only=params.reduce_only,
        label=params.label,
    )


def lots_of(contract: Contract, amount: float) -> int:
    lots = contract.find_lots(amount) if 0 < amount < AMOUNT_MAX else None
    if not lots:
        raise INVALID_AMOUNT
    return lots


def _ticks(contract: Contract, price: float) -> int:
    ticks = contract.find_ticks(price) if 0 < price < PRICE_MAX else None
    if not ticks:
        raise WRONG_TICK
    return ticks
