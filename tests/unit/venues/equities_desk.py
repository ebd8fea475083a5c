"""The equities venue without its sockets: a market, an order desk, accounts, and the feed's messages as a list."""

import parley_core
from parley_core import ouch

from venues.equities.accounts import Account
from venues.equities.exchange import Exchange
from venues.equities.faults import Faults
from venues.equities.market import Market
from venues.equities.order_desk import OrderDesk
from venues.equities.prices import Motion, Prices
from venues.equities.symbols import list_symbols

AT_NS = 34_200_000_000_000


class Desk:
    """``feed``: every message since the day began. ``quotes=False``: books are empty."""

    def __init__(self, symbols: int = 2, seed: int = 3, *, quotes: bool = True) -> None:
        self.feed: list[bytes] = []
        self.faults = Faults()
        self.orders = OrderDesk(self.faults)
        listed = list_symbols(symbols, seed)
        self.exchange = Exchange(listed, self.feed.append, self.orders)
        self.orders.attach(self.exchange)
        self.market = Market(listed, self.exchange, Prices(listed, Motion(), seed), seed)
        self.account = self.open_account("DESK")
        self.exchange.open(AT_NS)
        if quotes:
            self.market.step(AT_NS)

    def open_account(self, user: str) -> Account:
        account = Account(user, "secret")
        account.begin("DAY1")
        return account

    def send(self, *requests: ouch.Request, account: Account | None = None) -> list[ouch.Event]:
        """What the account is told because of them."""
        account = account or self.account
        before = len(account.events)
        for request in requests:
            self.orders.handle(account, ouch.encode(request), AT_NS)
        return [ouch.decode_event(event) for event in account.events[before:]]

    def touch(self, symbol: str = "AIR01") -> tuple[int, int]:
        book = self.exchange.books[self.exchange.symbols[symbol].locate]
        bid, ask = book.bids.find_best(), book.asks.find_best()
        assert bid is not None
        assert ask is not None
        return bid, ask

    def rebuild(self) -> parley_core.ItchBooks:
        """The books as the core's decoder makes them of the feed."""
        books = parley_core.ItchBooks(100_000, 100_000)
        framed = b"".join(len(message).to_bytes(2, "big") + message for message in self.feed)
        assert books.apply(framed) == (len(framed), 0)
        assert set(books.flaws.values()) == {0}
        return books


def orders_of(desk: Desk, locate: int, *, is_buy: bool) -> list[tuple[int, int, int]]:
    """Reference, shares and price in the order of execution, as the venue has them."""
    side = desk.exchange.books[locate].side(is_buy=is_buy)
    return [(order.reference, order.shares, order.price_e4) for level in side.from_best() for order in level.values()]


def assert_feed_tells_the_books(desk: Desk) -> None:
    told = desk.rebuild()
    resting = 0
    for symbol in desk.exchange.symbols.values():
        for side in "BS":
            orders = orders_of(desk, symbol.locate, is_buy=side == "B")
            assert told.orders(symbol.locate, side) == orders
            resting += len(orders)
        assert told.stock(symbol.locate) == symbol.name
        assert told.trading_state(symbol.locate) == ("H" if symbol.locate in desk.exchange.halted else "T")
    assert told.count_orders == resting == len(desk.exchange.orders)


def enter(reference: int, side: str, quantity: int, price_e4: int, **terms: object) -> ouch.EnterOrder:
    """For AIR01, for the day."""
    return ouch.EnterOrder(
        **{"user_reference": reference, "side": side, "quantity": quantity, "symbol": "AIR01", "price_e4": price_e4, **terms}
    )
