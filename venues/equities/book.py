"""The book of one symbol: strict price-time priority. Prices count 1e-4 US dollar. It knows no feed and no accounts."""

import bisect
import dataclasses
from collections.abc import Iterator
from typing import Any


@dataclasses.dataclass(slots=True)
class RestingOrder:
    """``reference``: the venue's number of it, as in the feed. ``owner``: None for the venue's own market."""

    reference: int
    locate: int
    is_buy: bool
    shares: int
    price_e4: int
    owner: Any = None


Level = dict[int, RestingOrder]
"""Orders of one price by reference; the order of insertion is the order of time."""


class Side:
    """One side of a book. ``prices`` ascend; the best bid is the last, the best ask the first."""

    def __init__(self, *, is_buy: bool) -> None:
        self._best = -1 if is_buy else 0
        self._is_buy = is_buy
        self.prices: list[int] = []
        self.levels: dict[int, Level] = {}

    def find_best(self) -> int | None:
        return self.prices[self._best] if self.prices else None

    def first_of_best(self) -> RestingOrder:
        level = self.levels[self.prices[self._best]]
        return next(iter(level.values()))

    def is_crossed_by(self, limit_e4: int) -> bool:
        """Whether an order of the other side with that limit trades here."""
        best = self.find_best()
        return best is not None and (limit_e4 <= best if self._is_buy else limit_e4 >= best)

    def add(self, order: RestingOrder) -> None:
        assert order.shares > 0
        level = self.levels.get(order.price_e4)
        if level is None:
            bisect.insort(self.prices, order.price_e4)
            level = self.levels[order.price_e4] = {}
        level[order.reference] = order

    def remove(self, order: RestingOrder) -> None:
        level = self.levels[order.price_e4]
        del level[order.reference]
        if not level:
            del self.levels[order.price_e4]
            del self.prices[bisect.bisect_left(self.prices, order.price_e4)]

    def from_best(self) -> Iterator[Level]:
        """Levels, the best first. Do not change the side while it runs."""
        for price in reversed(self.prices) if self._is_buy else self.prices:
            yield self.levels[price]


class Book:
    """Both sides. ``take`` and ``shares_within`` look at the side opposite to an order that comes."""

    def __init__(self) -> None:
        self.bids, self.asks = Side(is_buy=True), Side(is_buy=False)

    def side(self, *, is_buy: bool) -> Side:
        return self.bids if is_buy else self.asks

    def add(self, order: RestingOrder) -> None:
        """One that crosses nothing."""
        assert not self.side(is_buy=not order.is_buy).is_crossed_by(order.price_e4)
        self.side(is_buy=order.is_buy).add(order)

    def remove(self, order: RestingOrder) -> None:
        self.side(is_buy=order.is_buy).remove(order)

    def reduce(self, order: RestingOrder, shares: int) -> None:
        """So many shares fewer; without any left it is removed."""
        assert 0 < shares <= order.shares
        order.shares -= shares
        if order.shares == 0:
            self.remove(order)

    def take(self, *, is_buy: bool, limit_e4: int, shares: int) -> Iterator[tuple[RestingOrder, int]]:
        """What an order of that side executes against, by price and time: order and shares, which it has no more."""
        other = self.side(is_buy=not is_buy)
        while shares > 0 and other.is_crossed_by(limit_e4):
            order = other.first_of_best()
            taken = min(shares, order.shares)
            self.reduce(order, taken)
            shares -= taken
            yield order, taken

    def depth(self, *, is_buy: bool) -> list[tuple[int, int, int]]:
        """Price, shares and number of orders by level, the best first."""
        return [
            (next(iter(level.values())).price_e4, sum(order.shares for order in level.values()), len(level))
            for level in self.side(is_buy=is_buy).from_best()
        ]
