"""A simulated venue without a protocol: contracts, books, orders, trades, positions. Fronts listen to it."""

import dataclasses
import itertools
from collections import deque
from collections.abc import Iterable
from typing import Any, Protocol

from venues.simulator import fees
from venues.simulator.contracts import Contract, make_contract
from venues.simulator.matching import Event, Level, Matching
from venues.simulator.profiles import Profile
from venues.simulator.records import Client, Order, Print, Refused, State, Terms, Trade
from wire.gateway import AmendRejected, OrderAmended, OrderCanceled, OrderExecuted, OrderRejected, OrderRestated
from wire.units import NANOSECONDS_PER_MS, Liquidity, Side, TimeInForce

ORDERS_MAX = 50_000
"""Orders that the venue remembers, finished ones included; the oldest finished one makes room."""
TRADES_MAX = 50_000
CONTRACTS_MAX = 1_000
CLIENTS_MAX = 100
VENUE_ACCOUNT_ID = 0
PUBLIC_ACCOUNT_ID = 1
"""Of the people who trade here without anybody knowing them."""
FIRST_ACCOUNT_ID = 2
LIQUIDITIES = tuple(Liquidity)
SIDES = tuple(Side)


class Listener(Protocol):
    """A front: told of everything right after it happened, in order."""

    def on_order(self, order: Order, trades: list[Trade]) -> None: ...

    def on_print(self, printed: Print) -> None: ...

    def on_book(self, contract: Contract) -> None: ...

    def on_bust(self, trade: Trade) -> None: ...


@dataclasses.dataclass(frozen=True, slots=True)
class BlockLegTrade:
    """A leg of a trade that was agreed on beside the books. ``side``: the client's."""

    contract: Contract
    side: Side
    price_ticks: int
    quantity_lots: int


class Exchange:
    """Time is an argument of everything that depends on it. Ids follow from when the venue began, so that one that
    forgot everything does not give them twice.
    """

    def __init__(self, profile: Profile, client_ids: Iterable[str], at_ns: int) -> None:
        self.profile = profile
        self.matching = Matching()
        self.contracts: dict[str, Contract] = {}
        self._by_id: dict[int, Contract] = {}
        accounts = itertools.count(FIRST_ACCOUNT_ID)
        self.clients = {each: Client(each, account) for each, account in zip(client_ids, accounts, strict=False)}
        assert len(self.clients) <= CLIENTS_MAX, "more clients than the venue takes"
        self.public = Client("", PUBLIC_ACCOUNT_ID)
        for client in (self.public, *self.clients.values()):
            self.matching.open_account(client, at_ns)
        self.orders: dict[int, Order] = {}
        self.trades: deque[Trade] = deque(maxlen=TRADES_MAX)
        self.listeners: list[Listener] = []
        first = max(at_ns // NANOSECONDS_PER_MS, 1)
        self._order_ids = itertools.count(first)
        self._trade_ids = itertools.count(first)
        self._trade_sequences: dict[str, int] = {}
        self._block_lots: dict[tuple[str, str], int] = {}
        """Client and contract to signed lots of block trades, which pass no book."""
        self._execution = (-1, "")
        """The latest execution of the engine and its trade id."""
        self.marks: dict[str, float] = {}
        self.indices: dict[str, float] = {}
        self.last_prices: dict[str, float] = {}

    def close(self) -> None:
        self.matching.close()

    def list_contract(self, name: str, at_ns: int) -> Contract:
        """Once for each name. Raises wire.instruments.UnknownInstrumentName."""
        known = self.contracts.get(name)
        if known is not None:
            return known
        assert len(self.contracts) < CONTRACTS_MAX, "more contracts than the venue lists"
        contract = make_contract(len(self._by_id) + 1, name)
        self.contracts[name] = self._by_id[contract.instrument_id] = contract
        self.matching.list_contract(contract, at_ns)
        return contract

    def deliver(self, contract: Contract, price: float, at_ns: int) -> None:
        self._apply(self.matching.deliver(contract, price, at_ns), at_ns)
        self.contracts.pop(contract.name, None)

    def set_index(self, coin: str, price: float, at_ns: int) -> None:
        self.indices[coin] = price
        self.matching.set_index(coin, price, at_ns)

    def set_quotes(self, contract: Contract, mark: float, quotes: tuple[list[Level], list[Level]], at_ns: int) -> None:
        """The venue's own bids and asks, best first."""
        self.marks[contract.name] = mark
        ticks = round(mark / float(contract.terms.tick_size))
        self._apply(self.matching.set_quotes(contract, ticks, *quotes, at_ns), at_ns)
        self._tell_book(contract)

    def place(self, client: Client, contract: Contract, terms: Terms, at_ns: int) -> tuple[Order, list[Trade]]:
        """The order as it stands afterwards, and its own trades. Raises Refused."""
        order = Order(
            order_id=next(self._order_ids), client=client, contract=contract, terms=terms,
            price_ticks=terms.price_ticks, quantity_lots=terms.quantity_lots, created_at_ns=at_ns, updated_at_ns=at_ns,
        )  # fmt: skip
        self._remember(order)
        try:
            events = self.matching.place(order.order_id, client, contract, terms, at_ns)
            _raise_refusal(events, OrderRejected)
        except Refused:
            order.state = State.REJECTED
            self.orders.pop(order.order_id)
            raise
        trades = self._apply(events, at_ns, about=order)
        self._tell_book(contract)
        return order, trades

    def amend(self, order: Order, quantity_lots: int, price_ticks: int | None, at_ns: int) -> tuple[Order, list[Trade]]:
        """Raises Refused where the engine does not take it; the order then stands as before."""
        events = self.matching.amend(order.order_id, quantity_lots, price_ticks, at_ns)
        _raise_refusal(events, AmendRejected)
        order.is_replaced = True
        trades = self._apply(events, at_ns, about=order)
        self._tell_book(order.contract)
        return order, trades

    def cancel(self, order: Order, at_ns: int) -> Order:
        """Raises Refused where the order is no longer open."""
        if order.state is not State.OPEN:
            raise Refused("too_late_to_cancel")
        self._apply(self.matching.cancel(order.order_id, at_ns), at_ns, about=order)
        self._tell_book(order.contract)
        return order

    def bust(self, trade: Trade, at_ns: int) -> Trade:
        """The venue takes a trade back: a new fact about it. Positions follow; the order stays as it was."""
        busted = dataclasses.replace(trade, is_busted=True, at_ns=at_ns)
        self.trades[self.trades.index(trade)] = busted
        for listener in self.listeners:
            listener.on_bust(busted)
        return busted

    def book_block(self, client: Client, legs: list[BlockLegTrade], rfq_id: int, label: str, at_ns: int) -> list[Trade]:
        """All legs at once; the books do not see them."""
        trades = []
        for leg in legs:
            terms = Terms(
                side=leg.side, quantity_lots=leg.quantity_lots, price_ticks=leg.price_ticks,
                time_in_force=TimeInForce.FOK, label=label,
            )  # fmt: skip
            order = Order(
                order_id=next(self._order_ids), client=client, contract=leg.contract, terms=terms,
                price_ticks=leg.price_ticks, quantity_lots=leg.quantity_lots, created_at_ns=at_ns, updated_at_ns=at_ns,
                filled_lots=leg.quantity_lots, filled_ticks=leg.quantity_lots * leg.price_ticks, state=State.FILLED,
            )  # fmt: skip
            self._remember(order)
            trade = self._charge(order, leg.price_ticks, leg.quantity_lots, Liquidity.TAKER, at_ns)
            trade = dataclasses.replace(trade, block_rfq_id=rfq_id)
            self.trades.append(trade)
            key = (client.client_id, leg.contract.name)
            self._block_lots[key] = self._block_lots.get(key, 0) + leg.side.sign * leg.quantity_lots
            self._tell_order(order, [trade])
            trades.append(trade)
        return trades

    def open_orders(self, client: Client) -> list[Order]:
        return [order for order in self.orders.values() if order.client is client and order.state is State.OPEN]

    def bust_last(self, trade_id: str, at_ns: int) -> None:
        """The trade of that id, or, where it is empty, the last one of a client that stands."""
        trades = [each for each in self.trades if trade_id in ("", each.trade_id) and not each.is_busted]
        if trades:
            self.bust(trades[-1], at_ns)

    def trades_of(self, client: Client) -> list[Trade]:
        """Oldest first."""
        return [trade for trade in self.trades if trade.order.client is client]

    def positions(self, client: Client) -> dict[str, int]:
        """Contract to signed lots, without what was busted."""
        held = {self._by_id[each].name: lots for each, lots in self.matching.positions(client).items()}
        for (client_id, name), lots in self._block_lots.items():
            if client_id == client.client_id:
                held[name] = held.get(name, 0) + lots
        for trade in self.trades_of(client):
            if trade.is_busted:
                name = trade.order.contract.name
                held[name] = held.get(name, 0) - trade.order.terms.side.sign * trade.quantity_lots
        return {name: lots for name, lots in held.items() if lots}

    def _remember(self, order: Order) -> None:
        if len(self.orders) >= ORDERS_MAX:
            gone = next((key for key, each in self.orders.items() if each.state is not State.OPEN), None)
            if gone is None:
                raise Refused("too_many_orders", len(self.orders), ORDERS_MAX)
            del self.orders[gone]
        self.orders[order.order_id] = order

    def _apply(self, events: list[Event], at_ns: int, about: Order | None = None) -> list[Trade]:
        """Changes orders as the engine says and tells the listeners, each order once; the trades of ``about``."""
        changed: dict[int, Order] = {about.order_id: about} if about else {}
        trades: dict[int, list[Trade]] = {}
        for kind, fields in events:
            order = self.orders.get(fields.get("order_id", 0))
            if order is None:
                continue
            if _change(order, kind, fields, at_ns):
                changed[order.order_id] = order
            if kind is OrderExecuted:
                trades.setdefault(order.order_id, []).append(self._trade(order, fields, at_ns))
        for order_id, order in changed.items():
            self._tell_order(order, trades.get(order_id, []))
        return trades.get(about.order_id, []) if about else []

    def _tell_order(self, order: Order, trades: list[Trade]) -> None:
        """Nobody hears of public orders, and they are forgotten when they are done."""
        if order.client is not self.public:
            for listener in self.listeners:
                listener.on_order(order, trades)
        elif order.state is not State.OPEN:
            self.orders.pop(order.order_id, None)

    def _trade(self, order: Order, fields: dict[str, Any], at_ns: int) -> Trade:
        liquidity = LIQUIDITIES[fields["liquidity"]]
        trade_id = self._trade_id(fields["execution_id"])
        if liquidity is Liquidity.TAKER or fields["counterparty_account_id"] == VENUE_ACCOUNT_ID:
            self._print(order, fields, trade_id, at_ns)
        trade = self._charge(order, fields["price_ticks"], fields["quantity_lots"], liquidity, at_ns)
        trade = dataclasses.replace(trade, trade_id=trade_id)
        if order.client is not self.public:
            self.trades.append(trade)
        return trade

    def _charge(self, order: Order, ticks: int, lots: int, liquidity: Liquidity, at_ns: int) -> Trade:
        """The client's side, with its fee."""
        contract = order.contract
        fee, currency = fees.charge(self.profile, contract, ticks, lots, liquidity)
        return Trade(
            trade_id=f"{self.profile.name.upper()}-{next(self._trade_ids)}",
            trade_sequence=self._trade_sequences.get(contract.name, 0),
            order=order,
            price_ticks=ticks,
            quantity_lots=lots,
            at_ns=at_ns,
            liquidity=liquidity,
            fee=fee,
            fee_currency=currency,
            index_price=self.indices.get(contract.terms.base_currency, 0.0),
        )

    def _trade_id(self, execution_id: int) -> str:
        """Both sides and the public print of an execution have the same; the sides follow each other."""
        if execution_id != self._execution[0]:
            self._execution = execution_id, f"{self.profile.name.upper()}-{next(self._trade_ids)}"
        return self._execution[1]

    def _print(self, order: Order, fields: dict[str, Any], trade_id: str, at_ns: int) -> None:
        contract, is_taker = order.contract, LIQUIDITIES[fields["liquidity"]] is Liquidity.TAKER
        sequence = self._trade_sequences[contract.name] = self._trade_sequences.get(contract.name, 0) + 1
        self.last_prices[contract.name] = contract.price(fields["price_ticks"])
        printed = Print(
            trade_id=trade_id,
            trade_sequence=sequence,
            contract=contract,
            side=order.terms.side if is_taker else order.terms.side.opposite,
            price_ticks=fields["price_ticks"],
            quantity_lots=fields["quantity_lots"],
            at_ns=at_ns,
        )
        for listener in self.listeners:
            listener.on_print(printed)

    def _tell_book(self, contract: Contract) -> None:
        for listener in self.listeners:
            listener.on_book(contract)


def _raise_refusal(events: list[Event], kind: type) -> None:
    for each, fields in events:
        if each is kind:
            raise Refused(fields["reason"], fields["value"], fields["bound"])


def _change(order: Order, kind: type, fields: dict[str, Any], at_ns: int) -> bool:
    """Whether the event changed the order."""
    if kind is OrderExecuted:
        order.filled_lots += fields["quantity_lots"]
        order.filled_ticks += fields["quantity_lots"] * fields["price_ticks"]
        if not fields["leaves_lots"]:
            order.state = State.FILLED
    elif kind is OrderCanceled:
        order.state, order.cancel_reason = State.CANCELED, fields["reason"]
    elif kind is OrderAmended:
        order.quantity_lots, order.price_ticks = fields["quantity_lots"], fields["price_ticks"]
    elif kind is OrderRestated:
        order.quantity_lots = fields["quantity_lots"]
    else:
        return False
    order.updated_at_ns = at_ns
    return True
