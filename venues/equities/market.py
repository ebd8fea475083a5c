"""The venue's own market: levels and orders on both sides of each symbol that follow its price, and some trades.

All of it goes through the same matching as the orders of clients.
"""

import random
from collections.abc import Iterator, Sequence

from venues.equities.book import RestingOrder, Side
from venues.equities.exchange import UNPRICED_BUY_E4, UNPRICED_SELL_E4, Exchange
from venues.equities.prices import Prices
from venues.equities.symbols import CENT_E4, Symbol

LEVELS = 5
ORDERS_A_LEVEL = 2
PART_SYMBOLS = 40
"""Symbols that move before an order of a client has its turn: some two milliseconds."""
ROUND_LOT = 100
LOTS_MAX = 6
TRADED_LOTS_MAX = 8
FIRMS = (b"ALFA", b"BETA", b"GAMM")
ATTRIBUTED = 0.15
"""Share of the orders that say whose they are."""
TRADE, TRIM, DROP, HIDDEN, IMPROVED = 0.10, 0.14, 0.18, 0.20, 0.21
"""Chances in one step of one symbol, each on top of the one before it: of a trade against the best price, of fewer
shares of an order, of an order that is gone, of a trade with a hidden order, of one at a better price."""


class Market:
    """Moves every symbol that trades. The same seed, and the same orders of clients, give the same steps."""

    def __init__(self, symbols: Sequence[Symbol], exchange: Exchange, prices: Prices, seed: int) -> None:
        self._symbols = symbols
        self._exchange = exchange
        self._prices = prices
        self._quoted = [0] * len(symbols)
        """The middle that each symbol was last quoted around, in cents."""
        self._chance = random.Random(f"market {seed}")  # noqa: S311 - a market, no secret

    def forget(self) -> None:
        """A new day: the books are empty."""
        self._quoted = [0] * len(self._symbols)

    def step(self, at_ns: int) -> None:
        """A whole step at one instant."""
        for part in self.parts():
            self.move(part, at_ns)

    def parts(self) -> Iterator[range]:
        """Prices take a step; then so many symbols at a time may be moved, and orders of clients come in between."""
        self._prices.step()
        count = len(self._symbols)
        for first in range(0, count, PART_SYMBOLS):
            yield range(first, min(first + PART_SYMBOLS, count))

    def move(self, part: range, at_ns: int) -> None:
        for index in part:
            symbol = self._symbols[index]
            if symbol.locate not in self._exchange.halted:
                self._quote(symbol, self._prices.cents[index], at_ns)
                self._live(symbol, self._chance.random(), at_ns)

    def _quote(self, symbol: Symbol, cents: float, at_ns: int) -> None:
        """The side that makes room moves first, so that the market does not trade with itself."""
        middle = round(cents)
        rises = middle >= self._quoted[symbol.locate - 1]
        self._quoted[symbol.locate - 1] = middle
        for is_buy in (False, True) if rises else (True, False):
            away = -symbol.half_spread_cents if is_buy else symbol.half_spread_cents
            self._move_side(symbol, middle + away, at_ns, is_buy=is_buy)

    def _move_side(self, symbol: Symbol, best_cents: int, at_ns: int, *, is_buy: bool) -> None:
        """Orders at prices where none are wanted go to where they are missing; what is still missing is added."""
        side = self._exchange.books[symbol.locate].side(is_buy=is_buy)
        away = -CENT_E4 if is_buy else CENT_E4
        wanted = [best_cents * CENT_E4 + away * level for level in range(LEVELS)]
        missing, surplus = _compare(side, wanted)
        for price in missing:
            if surplus:
                old = surplus.pop()
                self._exchange.replace(old, self._order(symbol, price, is_buy=is_buy), at_ns)
            else:
                firm = self._chance.choice(FIRMS) if self._chance.random() < ATTRIBUTED else b""
                self._exchange.enter(self._order(symbol, price, is_buy=is_buy), at_ns, firm=firm)
        for old in surplus:
            self._exchange.delete(old, at_ns)

    def _order(self, symbol: Symbol, price_e4: int, *, is_buy: bool) -> RestingOrder:
        shares = ROUND_LOT * self._chance.randint(1, LOTS_MAX)
        return RestingOrder(self._exchange.next_reference(), symbol.locate, is_buy, shares, price_e4)

    def _live(self, symbol: Symbol, drawn: float, at_ns: int) -> None:
        """What happens besides: nothing, most of the time."""
        if drawn >= IMPROVED:
            return
        chance, exchange = self._chance, self._exchange
        is_buy = chance.random() < 0.5
        side = exchange.books[symbol.locate].side(is_buy=not is_buy)
        first = side.first_of_best() if side.prices else None
        if first is None or (first.owner is not None and drawn >= TRADE):
            return
        if drawn < TRADE:
            shares = ROUND_LOT * chance.randint(1, TRADED_LOTS_MAX)
            self.take(symbol.locate, shares, at_ns, is_buy=is_buy)
        elif drawn < TRIM:
            exchange.reduce(first, ROUND_LOT, at_ns)
        elif drawn < DROP:
            exchange.delete(first, at_ns)
        else:
            price = first.price_e4 - CENT_E4 // 2 if is_buy else first.price_e4 + CENT_E4 // 2
            if drawn < HIDDEN:
                exchange.print_hidden(symbol.locate, is_buy=is_buy, shares=ROUND_LOT, price_e4=price, at_ns=at_ns)
            else:
                exchange.improve(first, min(ROUND_LOT, first.shares), price, at_ns)

    def take(self, locate: int, shares: int, at_ns: int, *, is_buy: bool) -> None:
        """Trades against whatever is best, whoever owns it; nothing of it rests."""
        limit = UNPRICED_BUY_E4 if is_buy else UNPRICED_SELL_E4
        order = RestingOrder(self._exchange.next_reference(), locate, is_buy, shares, limit)
        self._exchange.enter(order, at_ns, rests=False)


def _compare(side: Side, wanted: Sequence[int]) -> tuple[list[int], list[RestingOrder]]:
    """(a price for each order that is missing, orders of the market that are not wanted where they are)."""
    missing: list[int] = []
    surplus: list[RestingOrder] = []
    for price in wanted:
        level = side.levels.get(price)
        count = sum(order.owner is None for order in level.values()) if level else 0
        missing += [price] * (ORDERS_A_LEVEL - count)
    for price, level in side.levels.items():
        if price not in wanted:
            surplus += [order for order in level.values() if order.owner is None]
    return missing, surplus
