"""Books, order references and match numbers of the venue, and what the feed says of each change.

It knows no protocol of orders. Time is an argument: nanoseconds since midnight of New York.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from venues.equities import itch
from venues.equities.book import Book, RestingOrder
from venues.equities.symbols import Symbol

UNPRICED_BUY_E4, UNPRICED_SELL_E4 = 2**32 - 1, 0
"""Limits that every price satisfies."""
ORDERS_MAX = 2_000_000
"""Orders that rest at once, over all symbols; then clients add none."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution as one side of it sees it. ``is_resting``: its order was in the book."""

    match_number: int
    shares: int
    price_e4: int
    is_resting: bool
    at_ns: int


class Participant(Protocol):
    """Whoever owns orders and wants to hear of them."""

    def on_fill(self, owner: Any, fill: Fill) -> None: ...


class Exchange:
    """``publish`` takes each message of the feed. ``orders``: what rests, by reference."""

    def __init__(self, symbols: Sequence[Symbol], publish: Callable[[bytes], None], participant: Participant) -> None:
        self.symbols = {symbol.name: symbol for symbol in symbols}
        self.stocks = {symbol.locate: symbol.stock for symbol in symbols}
        self.halted: set[int] = set()
        self._publish = publish
        self._participant = participant
        self.forget()

    @property
    def is_full(self) -> bool:
        return len(self.orders) >= ORDERS_MAX

    def forget(self) -> None:
        """A new day: empty books, numbers from 1, everything trades."""
        self.books = {locate: Book() for locate in self.stocks}
        self.orders: dict[int, RestingOrder] = {}
        self.halted.clear()
        self._reference = self._match_number = 0

    def open(self, at_ns: int) -> None:
        """What a day begins with in the feed."""
        for code in (itch.START_OF_MESSAGES, itch.START_OF_SYSTEM_HOURS):
            self._publish(itch.system_event(at_ns, code))
        for locate, stock in self.stocks.items():
            self._publish(itch.stock_directory(at_ns, locate, stock))
        for locate, stock in self.stocks.items():
            self._publish(itch.trading_action(at_ns, locate, stock, itch.TRADING))
        self._publish(itch.system_event(at_ns, itch.START_OF_MARKET_HOURS))

    def end(self, at_ns: int) -> None:
        """What it ends with."""
        for code in (itch.END_OF_MARKET_HOURS, itch.END_OF_SYSTEM_HOURS, itch.END_OF_MESSAGES):
            self._publish(itch.system_event(at_ns, code))

    def halt(self, locate: int, at_ns: int) -> None:
        """Nothing trades and nothing is added until ``resume``; what rests may be canceled."""
        self.halted.add(locate)
        self._publish(itch.trading_action(at_ns, locate, self.stocks[locate], itch.HALTED, b"T1  "))

    def resume(self, locate: int, at_ns: int) -> None:
        self.halted.discard(locate)
        self._publish(itch.trading_action(at_ns, locate, self.stocks[locate], itch.TRADING))

    def next_reference(self) -> int:
        self._reference += 1
        return self._reference

    def next_match_number(self) -> int:
        self._match_number += 1
        return self._match_number

    def trade_in(self, order: RestingOrder, at_ns: int) -> int:
        """Executes what an order that comes can get at once. Returns the shares that are left of it."""
        book, publish = self.books[order.locate], self._publish
        for resting, shares in book.take(is_buy=order.is_buy, limit_e4=order.price_e4, shares=order.shares):
            match_number = self.next_match_number()
            publish(itch.order_executed(at_ns, order.locate, resting.reference, shares, match_number))
            if resting.shares == 0:
                del self.orders[resting.reference]
            order.shares -= shares
            self._tell(resting, match_number, shares, resting.price_e4, at_ns, is_resting=True)
            self._tell(order, match_number, shares, resting.price_e4, at_ns, is_resting=False)
        return order.shares

    def rest(self, order: RestingOrder, at_ns: int, firm: bytes = b"") -> None:
        """Into the book, where it crosses nothing. ``firm``: four bytes of whose it is, or none."""
        self.books[order.locate].add(order)
        self.orders[order.reference] = order
        side = itch.BUY if order.is_buy else itch.SELL
        said = (at_ns, order.locate, order.reference, side, order.shares, self.stocks[order.locate], order.price_e4)
        self._publish(itch.add_order_attributed(*said, firm) if firm else itch.add_order(*said))

    def enter(self, order: RestingOrder, at_ns: int, *, rests: bool = True, firm: bytes = b"") -> int:
        """Trades, then rests with what is left if it ``rests``. Returns what is left."""
        left = self.trade_in(order, at_ns)
        if left and rests:
            self.rest(order, at_ns, firm)
        return left

    def reduce(self, order: RestingOrder, shares: int, at_ns: int) -> None:
        """Takes shares off an order that rests; its place in the queue stays."""
        if shares >= order.shares:
            self.delete(order, at_ns)
            return
        self.books[order.locate].reduce(order, shares)
        self._publish(itch.order_canceled(at_ns, order.locate, order.reference, shares))

    def delete(self, order: RestingOrder, at_ns: int) -> None:
        self.books[order.locate].remove(order)
        del self.orders[order.reference]
        self._publish(itch.order_deleted(at_ns, order.locate, order.reference))

    def replace(self, old: RestingOrder, new: RestingOrder, at_ns: int, *, rests: bool = True) -> int:
        """``new`` in the place of ``old``, at the end of its queue. Returns what is left of it after what it trades."""
        book = self.books[old.locate]
        if rests and not book.side(is_buy=not new.is_buy).is_crossed_by(new.price_e4):
            book.remove(old)
            del self.orders[old.reference]
            book.add(new)
            self.orders[new.reference] = new
            said = (old.reference, new.reference, new.shares, new.price_e4)
            self._publish(itch.order_replaced(at_ns, old.locate, *said))
            return new.shares
        self.delete(old, at_ns)
        return self.enter(new, at_ns, rests=rests)

    def improve(self, order: RestingOrder, shares: int, price_e4: int, at_ns: int) -> None:
        """Executes against an order of the venue's own market at another price than it shows."""
        assert order.owner is None
        self.books[order.locate].reduce(order, shares)
        if order.shares == 0:
            del self.orders[order.reference]
        number = self.next_match_number()
        self._publish(itch.order_executed_with_price(at_ns, order.locate, order.reference, shares, number, price_e4))

    def thin_out(self, incoming: RestingOrder, shares: int, at_ns: int) -> None:
        """Takes orders of the venue's own market away until so many shares are left for an order that comes."""
        side = self.books[incoming.locate].side(is_buy=not incoming.is_buy)
        within = [order for level in side.from_best() for order in level.values()]
        for order in within:
            stays = min(order.shares, shares)
            shares -= stays
            if order.owner is None and stays < order.shares:
                self.reduce(order, order.shares - stays, at_ns)

    def print_hidden(self, locate: int, *, is_buy: bool, shares: int, price_e4: int, at_ns: int) -> None:
        """A trade with an order that nobody saw; no book changes."""
        side = itch.BUY if is_buy else itch.SELL
        said = (side, shares, self.stocks[locate], price_e4, self.next_match_number())
        self._publish(itch.trade(at_ns, locate, *said))

    def break_trade(self, locate: int, match_number: int, at_ns: int) -> None:
        """Says that a trade does not stand."""
        self._publish(itch.broken_trade(at_ns, locate, match_number))

    def _tell(
        self, order: RestingOrder, match_number: int, shares: int, price_e4: int, at_ns: int, *, is_resting: bool
    ) -> None:
        if order.owner is not None:
            fill = Fill(match_number=match_number, shares=shares, price_e4=price_e4, is_resting=is_resting, at_ns=at_ns)
            self._participant.on_fill(order.owner, fill)
