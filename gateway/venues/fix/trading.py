"""Orders at a venue that speaks FIX: D, F and G out, execution reports in; after every logon AF, AD and AN."""

import itertools
import logging
import secrets
from collections.abc import Callable
from decimal import Decimal

import msgspec

from gateway import clock
from gateway.fix.message import FieldMissing, FieldWrong, Message, Outgoing
from gateway.venues.api import NoAnswer, Refused
from gateway.venues.execution import Execution, NewVenueOrder, OrderView
from gateway.venues.fix import messages, parse
from gateway.venues.fix.session import IsLast, RequestRejected, VenueSession
from gateway.venues.link import LinkFailed
from gateway.venues.own_orders import OwnOrder
from gateway.venues.trading import VenueTrading
from wire.units import OrderState

log = logging.getLogger(__name__)

ANSWER_TO_ORDER_SECONDS = 2.0
"""An order of which nothing is heard for so long is asked for by its id."""
LIST_SECONDS_MAX = 30.0
CHAINS_MAX = 10_000
"""Orders whose last ClOrdID is remembered."""


class FixTrading:
    """A ``gateway.venues.api.TradingApi``. ``follow`` names whose orders they are."""

    def __init__(
        self, session: VenueSession, symbols: parse.Symbols, account: str, symbol: Callable[[str], str]
    ) -> None:
        """``symbol``: of one of our names, the venue's."""
        self._session, self._symbols, self._account, self._symbol = session, symbols, account, symbol
        self._trading: VenueTrading | None = None
        self._doubt: Callable[[], None] = lambda: None
        self._token, self._numbers = secrets.token_hex(4), itertools.count(1)
        self._chains: dict[str, str] = {}

    def follow(self, trading: VenueTrading, doubt: Callable[[], None]) -> None:
        """``doubt``: asks for the orders to be agreed on anew, soon."""
        self._trading, self._doubt = trading, doubt

    async def place(self, order: NewVenueOrder) -> tuple[OrderView, list[Execution]]:
        message = messages.new_order(
            order, self._symbol(order.name), self._amount(order.name, order.quantity), now_ns()
        )
        try:
            report = (await self._ask(message, order.client_order_id, seconds=ANSWER_TO_ORDER_SECONDS))[-1]
        except NoAnswer as no_answer:
            return await self._look_up(order.client_order_id, no_answer), []
        return self._accepted(report), []

    async def _look_up(self, client_order_id: str, no_answer: NoAnswer) -> OrderView:
        """How an order stands that nothing was heard of. What refuses the question does not refuse the order."""
        try:
            found = await self._status(client_order_id, self._own(client_order_id).venue_order_id)
        except Refused as refused:
            raise no_answer from refused
        if not found:
            self._doubt()
            raise no_answer
        return found[0]

    async def cancel(self, venue_order_id: str) -> OrderView:
        own = self._own_of(venue_order_id)
        request_id = self._next_id()
        order = (venue_order_id, self._chains.get(venue_order_id, own.client_order_id))
        message = messages.cancel(request_id, order, self._symbol(own.name), own.side, now_ns())
        return self._accepted((await self._ask(message, request_id, is_done))[-1])

    async def amend(
        self, venue_order_id: str, name: str, quantity: Decimal, price: Decimal | None
    ) -> tuple[OrderView, list[Execution]]:
        own = self._own_of(venue_order_id)
        request_id = self._next_id()
        order = (venue_order_id, self._chains.get(venue_order_id, own.client_order_id))
        terms = (self._amount(name, quantity), own.price if price is None else price)
        message = messages.replace(request_id, order, self._symbol(name), own.side, terms, now_ns())
        return self._accepted((await self._ask(message, request_id, is_done))[-1]), []

    async def list_open(self) -> list[OrderView]:
        request_id = self._next_id()
        reports = await self._ask(messages.mass_status(request_id), request_id, is_last_requested)
        return [self._view(each) for each in reports if not parse.is_unknown(each)]

    async def find(self, client_order_id: str, venue_order_id: str) -> list[OrderView]:
        return await self._status(client_order_id, venue_order_id)

    async def list_executions(self, since_ns: int) -> list[Execution]:
        request_id = self._next_id()
        return await self._trades(messages.trades_since(request_id, since_ns), request_id)

    async def list_executions_of(self, venue_order_id: str) -> list[Execution]:
        request_id = self._next_id()
        return await self._trades(messages.trades_of(request_id, venue_order_id), request_id)

    async def list_positions(self) -> list[tuple[str, Decimal]]:
        request_id = self._next_id()
        total = is_total(727)
        reports = await self._ask(messages.positions(request_id, self._account, now_ns()), request_id, total)
        found = [parse.read_position(each, self._symbols) for each in reports if each.type == "AP"]
        return [each for each in found if each is not None and each[1]]

    def take(self, message: Message) -> None:
        """A report (35=8) of itself, or an answer to D, F or G. Raises FieldMissing, FieldWrong."""
        trading, kind = self._trading, message.find(150)
        if trading is None or message.type != "8" or kind == parse.STATUS or parse.is_unknown(message):
            return
        if kind in (parse.TRADE_CANCEL, parse.TRADE_CORRECT):
            self._take_back(trading, message, is_corrected=kind == parse.TRADE_CORRECT)
            return
        self._remember_chain(message)
        if kind == parse.TRADE:
            trading.on_execution(parse.read_execution(message, self._symbols))
        trading.on_order(self._view(message))

    def _take_back(self, trading: VenueTrading, message: Message, *, is_corrected: bool) -> None:
        """A bust (150=H), or a correction (150=G): the same execution taken back, and one with another id instead."""
        reference = message.get(19)
        known = trading.own.executions.get(reference)
        told = parse.read_execution(message, self._symbols)
        taken = known or msgspec.structs.replace(told, execution_id=reference)
        trading.on_execution(msgspec.structs.replace(taken, is_busted=True, at_ns=told.at_ns))
        if is_corrected:
            trading.on_execution(told)

    async def _trades(self, message: Outgoing, request_id: str) -> list[Execution]:
        reports = await self._ask(message, request_id, is_last_trade, seconds=LIST_SECONDS_MAX)
        if any(each.type == "AQ" and each.find(749) != "0" for each in reports):
            raise NoAnswer("the venue does not list its trades")
        return [parse.read_capture(each, self._symbols) for each in reports if each.type == "AE"]

    async def _status(self, client_order_id: str, venue_order_id: str) -> list[OrderView]:
        own = self._own(client_order_id)
        request_id = self._next_id()
        order = (venue_order_id, self._chains.get(venue_order_id, own.client_order_id))
        message = messages.order_status(request_id, order, self._symbol(own.name), own.side)
        reports = await self._ask(message, request_id)
        return [self._view(each) for each in reports if not parse.is_unknown(each)]

    async def _ask(
        self, message: Outgoing, key: str, is_last: IsLast = lambda _: True, *, seconds: float = 5.0
    ) -> list[Message]:
        try:
            return await self._session.ask(message, key, is_last, seconds=seconds)
        except RequestRejected as error:
            raise Refused(str(error)) from error
        except (LinkFailed, FieldMissing, FieldWrong) as error:
            raise NoAnswer(str(error)) from error

    def _accepted(self, report: Message) -> OrderView:
        """Raises Refused for a rejected order or request."""
        if report.type == "9" or report.find(39) == "8":
            raise Refused(report.find(58) or "rejected")
        return self._view(report)

    def _view(self, report: Message) -> OrderView:
        own = self._trading.own.find(report.find(11), report.get(37)) if self._trading else None
        return parse.read_order(report, self._symbols, own.busted if own else Decimal(0))

    def _own(self, client_order_id: str) -> OwnOrder:
        assert self._trading is not None, "orders are somebody's"
        return self._trading.own.orders[client_order_id]

    def _own_of(self, venue_order_id: str) -> OwnOrder:
        assert self._trading is not None, "orders are somebody's"
        return self._trading.find_order(venue_order_id)

    def _remember_chain(self, message: Message) -> None:
        """A request's id becomes the order's where it succeeds; ended orders are forgotten."""
        order_id = message.get(37)
        self._chains.pop(order_id, None)
        if parse.STATES.get(message.find(39)) in (OrderState.NEW, OrderState.PARTIALLY_FILLED) and 11 in message:
            self._chains[order_id] = message.get(11)
            if len(self._chains) > CHAINS_MAX:
                del self._chains[next(iter(self._chains))]

    def _amount(self, name: str, quantity: Decimal) -> Decimal:
        return quantity * self._symbols.amount(self._symbol(name))

    def _next_id(self) -> str:
        return f"{self._token}-{next(self._numbers)}"


def now_ns() -> int:
    return clock.now_ns()


def is_done(message: Message) -> bool:
    """The answer to F or G: not that it was received, but what came of it."""
    return message.type == "9" or message.find(150) not in ("6", "E")


def is_last_requested(message: Message) -> bool:
    return message.find(912) == "Y"


def is_last_trade(message: Message) -> bool:
    if message.type == "AQ":
        return message.find(749) != "0" or message.find(748) == "0"
    return message.find(912) == "Y"


def is_total(tag: int) -> IsLast:
    """True at the message that makes the total that each of them names."""
    seen = itertools.count(1)

    def is_last(message: Message) -> bool:
        return message.type == "AO" or next(seen) >= max(1, message.integer(tag) if tag in message else 1)

    return is_last
