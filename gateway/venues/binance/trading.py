"""Orders at Binance, spot and USD-M: signed requests and their answers in our words, and what the venue tells of ours.

The venue's order of a client's id is asked for where no answer came; nothing is sent twice.
"""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from decimal import Decimal, DecimalException
from typing import TypeVar

import msgspec

from gateway.venues.api import NoAnswer, Refused
from gateway.venues.arrivals import Arrivals, Placed
from gateway.venues.binance import messages, parse
from gateway.venues.binance.chains import LINKS_MAX, Chain, Chains, link_name
from gateway.venues.binance.errors import UNKNOWN_ORDER, ErrorAnswer
from gateway.venues.binance.history import TradeHistory
from gateway.venues.binance.replacing import replace_order
from gateway.venues.binance.rest import RECEIVE_WINDOW_MS, BinanceRest
from gateway.venues.coins import coin_positions
from gateway.venues.execution import Execution, NewVenueOrder, OrderView
from gateway.venues.link import LinkFailed
from gateway.venues.own_orders import OwnOrder, view_of
from gateway.venues.trading import VenueTrading
from wire.units import OrderState

log = logging.getLogger(__name__)

CLIENT_IDS_MAX = 10_000
ARRIVAL_SECONDS_MAX = RECEIVE_WINDOW_MS / 1_000 + 1.0
"""A request that was not known at the venue for so long after it left was never taken there."""
ENDING_EVENTS = frozenset({"listenKeyExpired", "eventStreamTerminated", "serverShutdown"})
Answer = TypeVar("Answer")


class BinanceTrading:
    """A ``gateway.venues.api.TradingApi``. ``follow`` names whose orders they are."""

    def __init__(
        self, rest: BinanceRest, names: dict[str, str], symbol: Callable[[str], str], *, is_spot: bool
    ) -> None:
        """``names``: of the venue's symbols, ours; ``symbol``: the other way."""
        self._rest, self._names, self._symbol, self.is_spot = rest, names, symbol, is_spot
        self._trading: VenueTrading | None = None
        self.arrivals = Arrivals(ARRIVAL_SECONDS_MAX)
        self._client_ids: dict[int, str] = {}
        """Of orders that are not ours."""
        self.chains = Chains(lambda client_order_id: client_order_id in self.own.own.orders)
        self._history = TradeHistory(rest, is_spot=is_spot)

    def follow(self, trading: VenueTrading) -> None:
        self._trading = trading

    async def place(self, order: NewVenueOrder) -> tuple[OrderView, list[Execution]]:
        if unsupported := parse.find_unsupported(order, is_spot=self.is_spot):
            raise Refused(unsupported)
        params = parse.order_params(order, self._symbol(order.name), is_spot=self.is_spot)

        async def send() -> Placed:
            answer = self.decode(await self._rest.act("POST", "order", params, weight=1), messages.Order)
            return self.read_order(answer, order.name), parse.read_fills(answer, order.name)

        return await self.arrivals.place(order.client_order_id, send, self.find)

    async def cancel(self, venue_order_id: str) -> OrderView:
        own = self.own.find_order(venue_order_id)
        async with self._locked(own.client_order_id):
            current = self.chains.links_of(venue_order_id)[-1]
            params: dict[str, str | int] = {"symbol": self._symbol(own.name), "orderId": int(current)}
            answer = self.decode(await self._rest.act("DELETE", "order", params, weight=1), messages.Order)
            return self._shown(self.read_order(answer, own.name), own)

    async def amend(
        self, venue_order_id: str, name: str, quantity: Decimal, price: Decimal | None
    ) -> tuple[OrderView, list[Execution]]:
        own = self.own.find_order(venue_order_id)
        price = own.price if price is None else price
        if price is None:
            raise Refused("order_type_not_amendable")
        if self.is_spot:
            return self._shown(await replace_order(self, own, quantity, price), own), []
        params: dict[str, str | int] = {
            "symbol": self._symbol(name),
            "orderId": int(venue_order_id),
            "side": own.side.upper(),
            "quantity": format(quantity, "f"),
            "price": format(price, "f"),
        }
        answer = self.decode(await self._rest.act("PUT", "order", params, weight=1), messages.Order)
        return self.read_order(answer, name), []

    async def list_open(self) -> list[OrderView]:
        content = await self._rest.read("openOrders", {}, weight=80 if self.is_spot else 40)
        views = []
        for order in self.decode(content, list[messages.Order]):
            view = self.read_order(order, self.name_of(order.symbol))
            if self.is_spot and self.chains.is_unread(view):
                views += await self._walk(self._root_of(view), order.symbol)
            elif (shown := self.chains.show(view)) is not None:
                views.append(shown)
        return views

    async def find(self, client_order_id: str, venue_order_id: str) -> list[OrderView]:
        """An order that left lately and is not there yet may still arrive: it is waited for until it cannot."""
        own = self.own.own.orders.get(client_order_id)
        name = self._symbol(own.name) if own is not None else ""
        if own is None:
            return []
        if own.is_external:
            order = await self.get_order(name, {"orderId": int(venue_order_id)})
            return [] if order is None else [self.read_order(order, own.name)]
        found = await self._walk(client_order_id, name)
        if not found and await self.arrivals.wait(client_order_id):
            found = await self._walk(client_order_id, name)
        return found

    async def list_executions(self, since_ns: int) -> list[Execution]:
        found: list[Execution] = []
        for symbol in list(self._names):
            found += [await self._execution(each) for each in await self._history.since(symbol, since_ns)]
        return sorted(found, key=lambda each: each.at_ns)

    async def list_executions_of(self, venue_order_id: str) -> list[Execution]:
        symbol = self._symbol(self.own.find_order(venue_order_id).name)
        found: list[Execution] = []
        for order_id in self.chains.links_of(venue_order_id):
            found += [await self._execution(each) for each in await self._history.of_order(symbol, order_id)]
        return found

    async def list_positions(self) -> list[tuple[str, Decimal]]:
        if self.is_spot:
            account = self.decode(
                await self._rest.read("account", {"omitZeroBalances": "true"}, weight=20), messages.Account
            )
            balances = {each.asset: each.free + each.locked for each in account.balances}
            return coin_positions(balances, list(self._names.values()), self.own.own.executions.values())
        content = await self._rest.read("/fapi/v3/positionRisk", {}, weight=5)
        held: dict[str, Decimal] = {}
        for each in self.decode(content, list[messages.Position]):
            name = self.name_of(each.symbol)
            held[name] = held.get(name, Decimal(0)) + each.position_amt
        return [(name, quantity) for name, quantity in held.items() if quantity]

    def take(self, event: bytes | msgspec.Raw) -> None:
        """What the venue tells of the account. Raises msgspec.DecodeError, ValueError, LinkFailed."""
        kind = msgspec.json.decode(event, type=messages.Happened).kind
        if kind in ENDING_EVENTS:
            raise LinkFailed(f"the venue ends the user stream: {kind}")
        if kind == "MARGIN_CALL":
            log.critical("Binance calls for margin")
        if kind == "executionReport":
            self._take_report(msgspec.json.decode(event, type=messages.OrderReport))
        elif kind == "ORDER_TRADE_UPDATE":
            self._take_report(msgspec.json.decode(event, type=messages.OrderUpdate).order)
        elif kind == "TRADE_LITE":
            self._take_hint(msgspec.json.decode(event, type=messages.TradeLite))

    def _take_report(self, report: messages.OrderReport) -> None:
        name = self.name_of(report.symbol)
        if report.trade_id > 0 and report.last_quantity > 0:
            execution = parse.read_reported_execution(report, name)
            self.own.on_execution(self._attributed(execution))
        shown = self.chains.show(parse.read_report(report, name))
        if shown is not None:
            self.own.on_order(shown)

    def _take_hint(self, lite: messages.TradeLite) -> None:
        """It names no fee: the order counts as filled by more than we know of, so that the execution is asked for."""
        own = self.own.own.find(lite.client_order_id, str(lite.order_id))
        if own is None or parse.execution_id(lite.symbol, lite.trade_id) in self.own.own.executions:
            return
        filled = own.cumulative + own.busted + lite.last_quantity
        view = msgspec.structs.replace(view_of(own), filled=filled, venue_order_id=str(lite.order_id))
        self.own.on_order(view)

    async def _walk(self, client_order_id: str, symbol: str) -> list[OrderView]:
        """The order and what replaced it, from the venue; as one. Empty where it knows none."""
        async with self._locked(client_order_id) as chain:
            if chain is not None and chain.is_replacing:  # what nobody heard of may still arrive
                await self.arrivals.wait(chain.next_name)
            links = await self._list_links(client_order_id, symbol)
            if not links or (len(links) == 1 and chain is None):
                return links
            self.chains.learn(links)
            shown = self.chains.show(links[-1])
            return [] if shown is None else [shown]

    async def _list_links(self, client_order_id: str, symbol: str) -> list[OrderView]:
        """Another order can follow only one that was canceled."""
        links: list[OrderView] = []
        for number in range(LINKS_MAX if self.is_spot else 1):
            order = await self.get_order(symbol, {"origClientOrderId": link_name(client_order_id, number)})
            if order is None:
                break
            links.append(self.read_order(order, self.name_of(symbol)))
            if links[-1].state is not OrderState.CANCELED:
                break
        return links

    @contextlib.asynccontextmanager
    async def _locked(self, client_order_id: str) -> AsyncIterator[Chain | None]:
        """Nothing else replaces, cancels or reads its chain meanwhile; None where it has none."""
        chain = self.chains.find(client_order_id)
        if chain is None:
            yield None
            return
        async with chain.lock:
            yield chain

    def _root_of(self, view: OrderView) -> str:
        """The client's id of the order that an open link belongs to."""
        return self.chains.split(view.client_order_id)[0]

    async def get_order(self, symbol: str, params: dict[str, str | int]) -> messages.Order | None:
        """None where the venue knows no such order."""
        try:
            content = await self._rest.read("order", {"symbol": symbol, **params}, weight=4 if self.is_spot else 1)
        except ErrorAnswer as error:
            if error.code in UNKNOWN_ORDER:
                return None
            raise
        return self.decode(content, messages.Order)

    async def request(self, method: str, path: str, params: dict[str, str | int], *, weight: int) -> bytes:
        return await self._rest.act(method, path, params, weight=weight)

    def decode(self, content: bytes | msgspec.Raw, kind: type[Answer]) -> Answer:
        """Raises NoAnswer for what is not as documented."""
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, DecimalException) as error:
            raise NoAnswer(f"an answer cannot be read: {error}") from error

    def read_order(self, order: messages.Order, name: str) -> OrderView:
        """Raises NoAnswer for a word that the venue never used."""
        try:
            return parse.read_order(order, name)
        except ValueError as error:
            raise NoAnswer(f"an answer cannot be read: {error}") from error

    @property
    def own(self) -> VenueTrading:
        assert self._trading is not None, "orders are somebody's"
        return self._trading

    def symbol_of(self, name: str) -> str:
        return self._symbol(name)

    def name_of(self, symbol: str) -> str:
        return self._names.get(symbol, symbol)

    def _shown(self, view: OrderView, own: OwnOrder) -> OrderView:
        """As the whole order; what says nothing of it leaves it as it is."""
        return self.chains.show(view) or view_of(own)

    def _attributed(self, execution: Execution) -> Execution:
        first = self.own.own.orders.get(self.chains.split(execution.client_order_id)[0])
        return self.chains.attribute(execution, first.venue_order_id if first is not None else "")

    async def _execution(self, trade: messages.UserTrade) -> Execution:
        """With the client's id of its order, which is asked for where nobody knows it."""
        own = self.own.own.find("", str(trade.order_id))
        client_order_id = own.client_order_id if own is not None else self._client_ids.get(trade.order_id)
        if client_order_id is None:
            order = await self.get_order(trade.symbol, {"orderId": trade.order_id})
            client_order_id = self._client_ids[trade.order_id] = order.client_order_id if order is not None else ""
            if len(self._client_ids) > CLIENT_IDS_MAX:
                del self._client_ids[next(iter(self._client_ids))]
        return self._attributed(parse.read_user_trade(trade, self.name_of(trade.symbol), client_order_id))
