"""Orders through ccxt's unified methods; what an exchange does not offer is refused with a name.

The exchange's order of a client's id is asked for where no answer came; nothing is sent twice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from gateway import clock
from gateway.venues.api import NoAnswer, Refused
from gateway.venues.arrivals import Arrivals, Placed
from gateway.venues.books import VenueBooks
from gateway.venues.ccxt import library, parse
from gateway.venues.coins import coin_positions
from gateway.venues.execution import Execution, NewVenueOrder, OrderView
from gateway.venues.own_orders import OwnOrder, view_of
from gateway.venues.trading import VenueTrading
from wire.units import NANOSECONDS_PER_MS, OrderState

log = logging.getLogger(__name__)

ANSWER_SECONDS_MAX = 6.0
"""For a request and its turn among others: one that waits for its turn longer is not sent at all."""
ARRIVAL_SECONDS_MAX = 6.0
CLIENT_IDS_MAX = 10_000
TRADES_A_PAGE, ORDERS_A_PAGE = 100, 50
"""What exchanges list at once; a page that is full may not be all."""
REQUESTS_MAX = 1_000
DAY_MS = 86_400_000
HISTORIES = (("fetchOrders",), ("fetchCanceledAndClosedOrders",), ("fetchClosedOrders", "fetchCanceledOrders"))
"""Ways to list orders that ended; the first that an exchange has is used."""
METHODS = {
    "fetchOrders": "fetch_orders",
    "fetchCanceledAndClosedOrders": "fetch_canceled_and_closed_orders",
    "fetchClosedOrders": "fetch_closed_orders",
    "fetchCanceledOrders": "fetch_canceled_orders",
}
BEFORE_NS = 60 * 10**9
"""Clocks differ: an order's history is listed from so long before it left."""
AMEND_IN_PLACE = frozenset({"bybit", "okx", "myokx", "bitmex", "deribit"})
"""Exchanges whose orders keep their ids when they are amended."""
Answer = TypeVar("Answer")


class CcxtTrading:
    """A ``gateway.venues.api.TradingApi``. ``exchange`` is set for each connection; ``follow`` names whose orders
    they are.
    """

    def __init__(self, exchange_id: str, books: VenueBooks) -> None:
        self.exchange: Any = None
        self._exchange_id, self._books = exchange_id, books
        self._trading: VenueTrading | None = None
        self._arrivals = Arrivals(ARRIVAL_SECONDS_MAX)
        self._client_ids: dict[str, str] = {}
        """By the exchange's id of the order: trades are listed without ours."""

    def follow(self, trading: VenueTrading) -> None:
        self._trading = trading

    async def place(self, order: NewVenueOrder) -> tuple[OrderView, list[Execution]]:
        symbol = self._symbol(order.name)
        is_spot = bool(self.exchange.market(symbol)["spot"])
        if unsupported := parse.find_unsupported(order, is_spot=is_spot):
            raise Refused(unsupported)
        amount, price = self._amount(order.name, order.quantity), self._price(symbol, order.price)
        params = parse.order_params(order, parse.write_id(order.client_order_id, self._exchange_id))
        kind = "market" if order.price is None else "limit"

        async def send() -> Placed:
            answer = await self._ask(
                lambda: self.exchange.create_order(symbol, kind, str(order.side), amount, price, params)
            )
            order_id = self._read(lambda: parse.read_order_id(answer))
            self._remember(order_id, order.client_order_id)
            return placed_view(order, order_id), []

        return await self._arrivals.place(order.client_order_id, send, self.find)

    async def cancel(self, venue_order_id: str) -> OrderView:
        own = self.own.find_order(venue_order_id)
        await self._ask(lambda: self.exchange.cancel_order(venue_order_id, self._symbol(own.name)))
        return await self._as_it_is(own)

    async def amend(
        self, venue_order_id: str, name: str, quantity: Decimal, price: Decimal | None
    ) -> tuple[OrderView, list[Execution]]:
        own = self.own.find_order(venue_order_id)
        price = own.price if price is None else price
        if self._exchange_id not in AMEND_IN_PLACE or price is None:
            raise Refused("amend_not_offered")
        symbol = self._symbol(name)
        amount, limit = self._amount(name, quantity), self._price(symbol, price)
        await self._ask(lambda: self.exchange.edit_order(venue_order_id, symbol, "limit", str(own.side), amount, limit))
        return await self._as_it_is(own), []

    async def list_open(self) -> list[OrderView]:
        views: list[OrderView] = []
        for name in list(self._books.slots):
            symbol = self._symbol(name)
            views += self._views(await self._open_page(symbol))
        return views

    async def find(self, client_order_id: str, venue_order_id: str) -> list[OrderView]:
        """An order that left lately and is not there yet may still arrive: it is waited for until it cannot."""
        own = self.own.own.orders.get(client_order_id)
        if own is None:
            return []
        found = await self._look_up(own)
        if not found and await self._arrivals.wait(client_order_id):
            found = await self._look_up(own)
        return found

    async def list_executions(self, since_ns: int) -> list[Execution]:
        found: list[Execution] = []
        for name in list(self._books.slots):
            found += await self._trades(self._symbol(name), since_ns // NANOSECONDS_PER_MS)
        return sorted(found, key=lambda each: each.at_ns)

    async def list_executions_of(self, venue_order_id: str) -> list[Execution]:
        own = self.own.find_order(venue_order_id)
        found = await self._trades(self._symbol(own.name), self._since_ms(own))
        return [each for each in found if each.venue_order_id == venue_order_id]

    async def list_positions(self) -> list[tuple[str, Decimal]]:
        names = {each.symbol: each.name for each in self._books.instruments()}
        spot = [name for symbol, name in names.items() if self.exchange.market(symbol)["spot"]]
        found: list[tuple[str, Decimal]] = []
        if spot:
            balance = await self._ask(self.exchange.fetch_balance)
            held = {coin: parse.decimal(total) for coin, total in balance["total"].items() if total}
            found += coin_positions(held, spot, self.own.own.executions.values())
        symbols = [symbol for symbol, name in names.items() if name not in spot]
        if symbols:
            contracts = {name: self._books.instrument(name).contract_amount for name in names.values()}
            listed = await self._ask(lambda: self.exchange.fetch_positions(symbols))
            found += self._read(lambda: parse.read_positions(listed, names, contracts))
        return found

    def take_orders(self, orders: Iterable[parse.Structure]) -> None:
        """Notices of ours. Raises ValueError, KeyError, TypeError."""
        for each in orders:
            view = self._view(each)
            if view is not None:
                self.own.on_order(view)

    def take_trades(self, trades: Iterable[parse.Structure]) -> None:
        """As ``take_orders``. A trade that tells no fee counts when it is listed with one, others' when they are."""
        for each in trades:
            name = self._name(each["symbol"])
            own = self.own.own.find(self._client_id_of(each), str(each["order"]))
            if name and own is not None and parse.has_fee(each):
                self.own.on_execution(self._execution(each, name, own.client_order_id))

    @property
    def own(self) -> VenueTrading:
        assert self._trading is not None, "orders are somebody's"
        return self._trading

    async def _look_up(self, own: OwnOrder) -> list[OrderView]:
        """Among what is open, then what ended since it left. Raises NoAnswer where not all that is open is shown."""
        symbol = self._symbol(own.name)
        opened = await self._open_page(symbol)
        if found := self._same(own, self._views(opened)):
            return found
        names = next((each for each in HISTORIES if all(self.exchange.has.get(way) for way in each)), ())
        if not names:
            raise NoAnswer(f"{self._exchange_id} does not list orders that ended")
        for way in names:
            method = getattr(self.exchange, METHODS[way])
            ended = await self._pages(method, symbol, self._since_ms(own), ORDERS_A_PAGE)
            if found := self._same(own, self._views(ended)):
                return found
        if len(opened) >= ORDERS_A_PAGE:
            raise NoAnswer(f"{ORDERS_A_PAGE} or more orders are open in {symbol}, not all of which are shown")
        return []

    async def _open_page(self, symbol: str) -> list[parse.Structure]:
        found: list[parse.Structure] = await self._ask(
            lambda: self.exchange.fetch_open_orders(symbol, None, ORDERS_A_PAGE)
        )
        return found

    def _since_ms(self, own: OwnOrder) -> int:
        """From when on something of the order may be listed."""
        since_ns = (own.sent_at_ns or clock.now_ns() - DAY_MS * NANOSECONDS_PER_MS) - BEFORE_NS
        return since_ns // NANOSECONDS_PER_MS

    def _same(self, own: OwnOrder, views: Iterable[OrderView]) -> list[OrderView]:
        return [
            _as_of_now(each, own)
            for each in views
            if each.venue_order_id == own.venue_order_id
            or (not own.venue_order_id and each.client_order_id == own.client_order_id)
        ]

    async def _as_it_is(self, own: OwnOrder) -> OrderView:
        """After a request that was taken: what the exchange shows now, or what is known until it tells."""
        found = await self._look_up(own)
        return found[0] if found else view_of(own)

    async def _trades(self, symbol: str, since_ms: int) -> list[Execution]:
        trades = await self._pages(self.exchange.fetch_my_trades, symbol, since_ms, TRADES_A_PAGE)
        found = [await self._listed(each) for each in trades]
        return list({each.execution_id: each for each in found}.values())

    async def _pages(
        self, method: Callable[..., Awaitable[Any]], symbol: str, since_ms: int, most: int
    ) -> list[parse.Structure]:
        """All there is, at ends of windows twice: a page that is full is asked for again in halves of its time."""
        now_ms = clock.now_ns() // NANOSECONDS_PER_MS + DAY_MS // 24
        windows = [(start, min(start + DAY_MS, now_ms)) for start in range(since_ms, now_ms, DAY_MS)]
        found: list[parse.Structure] = []
        for _ in range(REQUESTS_MAX):
            if not windows:
                return found
            start, end = windows.pop()
            page = await self._ask(lambda start=start, end=end: method(symbol, start, most, {"until": end}))
            if len(page) >= most:
                if end - start <= 1 or any((each.get("timestamp") or 0) > end for each in page):
                    break
                middle = (start + end) // 2
                windows += [(start, middle), (middle, end)]
                continue
            found += page
        raise NoAnswer(f"what {symbol} has since {since_ms} ms cannot all be listed")

    async def _listed(self, trade: parse.Structure) -> Execution:
        """With the client's id of its order, which is asked for where nobody knows it."""
        order_id = str(trade["order"])
        client_order_id = self._client_id_of(trade)
        if not client_order_id and order_id not in self._client_ids and self.exchange.has.get("fetchOrder"):
            try:
                order = await self._ask(
                    lambda: self.exchange.fetch_order(order_id, trade["symbol"], {"acknowledged": True})
                )
                client_order_id = parse.read_id(order.get("clientOrderId"), self._exchange_id)
            except Refused as refused:
                log.warning("the order %s of a trade is not shown: %s", order_id, refused)
            self._remember(order_id, client_order_id)
        name = self._name(trade["symbol"])
        return self._execution(trade, name, client_order_id)

    def _client_id_of(self, trade: parse.Structure) -> str:
        order_id = str(trade["order"])
        own = self.own.own.find("", order_id)
        if own is not None:
            return own.client_order_id
        return self._client_ids.get(order_id) or parse.read_id(trade.get("clientOrderId"), self._exchange_id)

    def _remember(self, order_id: str, client_order_id: str) -> None:
        self._client_ids[order_id] = client_order_id
        if len(self._client_ids) > CLIENT_IDS_MAX:
            del self._client_ids[next(iter(self._client_ids))]

    def _views(self, orders: Iterable[parse.Structure]) -> list[OrderView]:
        return [view for each in orders if (view := self._read(lambda each=each: self._view(each))) is not None]

    def _view(self, order: parse.Structure) -> OrderView | None:
        """None for an instrument that is not traded here."""
        name = self._name(order["symbol"])
        if not name:
            return None
        client_order_id = parse.read_id(order.get("clientOrderId"), self._exchange_id)
        client_order_id = client_order_id or self._client_ids.get(str(order["id"]), "")
        self._remember(str(order["id"]), client_order_id)
        return parse.read_order(order, name, self._books.instrument(name).contract_amount, client_order_id)

    def _execution(self, trade: parse.Structure, name: str, client_order_id: str) -> Execution:
        contract = self._books.instrument(name).contract_amount
        return self._read(lambda: parse.read_execution(trade, name, contract, client_order_id))

    def _read(self, read: Callable[[], Answer]) -> Answer:
        """Raises NoAnswer for what ccxt leaves out."""
        try:
            return read()
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise NoAnswer(f"an answer cannot be read: {error!r}") from error

    async def _ask(self, request: Callable[[], Awaitable[Any]]) -> Any:
        """Raises Refused, NoAnswer."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                return await request()
        except TimeoutError as error:
            raise NoAnswer(f"no answer for {ANSWER_SECONDS_MAX:.0f} s") from error
        except Exception as error:
            told = library.read_error(error)
            if told is None:
                raise
            raise told from error

    def _amount(self, name: str, quantity: Decimal) -> float:
        """What is finer than the exchange's step ccxt would cut off. Raises Refused for it."""
        amount = quantity * self._books.instrument(name).contract_amount
        return self._exactly(amount, lambda: self.exchange.amount_to_precision(self._symbol(name), float(amount)))

    def _price(self, symbol: str, price: Decimal | None) -> float | None:
        if price is None:
            return None
        return self._exactly(price, lambda: self.exchange.price_to_precision(symbol, float(price)))

    def _exactly(self, number: Decimal, write: Callable[[], str]) -> float:
        try:
            written = Decimal(write())
        except Exception as error:
            told = library.read_error(error)
            if told is None:
                raise
            raise Refused(f"too_precise: {error}") from error
        if written != number:
            raise Refused(f"too_precise: {number} is not a whole number of steps")
        return float(number)

    def _symbol(self, name: str) -> str:
        if name not in self._books:
            raise Refused("unknown_instrument")
        return self._books.instrument(name).symbol

    def _name(self, symbol: str) -> str:
        return next((each.name for each in self._books.instruments() if each.symbol == symbol), "")


def placed_view(order: NewVenueOrder, venue_order_id: str) -> OrderView:
    """Most exchanges answer with an id alone; the rest is told or asked for."""
    return OrderView(
        venue_order_id=venue_order_id,
        client_order_id=order.client_order_id,
        name=order.name,
        side=order.side,
        quantity=order.quantity,
        price=order.price,
        filled=Decimal(0),
        state=OrderState.NEW,
        updated_at_ns=0,
    )


def _as_of_now(view: OrderView, own: OwnOrder) -> OrderView:
    """An answer to a question of now, whatever time the exchange writes on it."""
    return msgspec.structs.replace(
        view, client_order_id=own.client_order_id, updated_at_ns=max(view.updated_at_ns, own.updated_at_ns)
    )
