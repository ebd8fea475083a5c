"""What trades elsewhere: at the venues that the gateway is connected to, and in the market that plays here.

Each trade counts once, by its venue's id. Trades in which Parley had a part at the venue are shown and not counted:
what is counted is what others trade. The venue may tell of them before it tells us of our execution, so that each is
counted only a while after it came.
"""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple, Protocol

from gateway import clock
from gateway.feeds.updates import FeedTrade
from gateway.venues.books import VenueBooks
from gateway.venues.market import VenueTrade
from gateway.venues.trading import VenueTrading
from wire.market import MarketTrade
from wire.units import NANOSECONDS_PER_SECOND

PLAYED = ""
"""What the market that plays here is called among the venues."""
HELD_NS = NANOSECONDS_PER_SECOND
"""From when a trade came until it counts."""
IDS_KEPT_MAX = 65_536
"""Of each source: the newest trades, which are known again."""
WAITING_MAX = 100_000
SHOWN_MAX = 50


class Traded(NamedTuple):
    """Since the gateway started. ``value``: sum of price times ``quantity``, which is in our contracts."""

    quantity: Decimal = Decimal(0)
    value: Decimal = Decimal(0)


class Source(Protocol):
    """A venue's client, of which trades are taken. One that takes orders has a ``trading`` beside."""

    name: str
    books: VenueBooks


class MarketTape:
    """``changed``: our names of which something is to be shown anew."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = {source.name: source for source in sources}
        self._known: dict[str, dict[tuple[str, str], None]] = {}
        self._waiting: deque[tuple[int, str, VenueTrade]] = deque(maxlen=WAITING_MAX)
        self._traded: dict[tuple[str, str], Traded] = {}
        self.shown: dict[str, deque[MarketTrade]] = {}
        self.changed: set[str] = set()

    def take(self, now_ns: int) -> None:
        """Whatever the venues told of since the last time; then what has waited long enough counts."""
        for source in self._sources.values():
            while source.books.trades:
                trade = source.books.trades.popleft()
                if trade.name in source.books:
                    contract_amount = source.books.instrument(trade.name).contract_amount
                    self.add(source.name, trade, trade.amount / contract_amount, now_ns)
        while self._waiting and self._waiting[0][0] + HELD_NS <= now_ns:
            _, venue, trade = self._waiting.popleft()
            if not self._is_ours(venue, trade):
                self._count(venue, trade)

    def add(self, venue: str, trade: VenueTrade, quantity: Decimal, now_ns: int) -> None:
        """``quantity``: in our contracts, in place of the venue's amount. One that is known changes nothing."""
        known, key = self._known.setdefault(venue, {}), (trade.name, trade.trade_id)
        if key in known or quantity <= 0:
            return
        known[key] = None
        if len(known) > IDS_KEPT_MAX:
            del known[next(iter(known))]
        self._waiting.append((now_ns, venue, _of_quantity(trade, quantity)))
        self._show(venue, trade, quantity)

    def play(self, trade: FeedTrade) -> None:
        """A trade of the market that plays here."""
        played = VenueTrade(
            trade_id=trade.trade_id,
            name=trade.name,
            side=trade.side,
            price=trade.price,
            amount=trade.quantity,
            at_ns=trade.at_ns,
        )
        self.add(PLAYED, played, trade.quantity, clock.now_ns())

    def traded(self, venue: str, name: str) -> Traded:
        """By others, at a venue or (PLAYED) in the market that plays here."""
        return self._traded.get((venue, name), Traded())

    def _is_ours(self, venue: str, trade: VenueTrade) -> bool:
        trading: VenueTrading | None = getattr(self._sources.get(venue), "trading", None)
        return trading is not None and trade.trade_id in trading.own.executions

    def _count(self, venue: str, trade: VenueTrade) -> None:
        before = self.traded(venue, trade.name)
        value = before.value + trade.amount * trade.price
        self._traded[venue, trade.name] = Traded(before.quantity + trade.amount, value)

    def _show(self, venue: str, trade: VenueTrade, quantity: Decimal) -> None:
        line = MarketTrade(
            venue=venue,
            trade_id=trade.trade_id,
            at_ns=trade.at_ns,
            side=trade.side,
            price=format(trade.price, "f"),
            quantity=format(quantity, "f"),
        )
        self.shown.setdefault(trade.name, deque(maxlen=SHOWN_MAX)).appendleft(line)
        self.changed.add(trade.name)


def _of_quantity(trade: VenueTrade, quantity: Decimal) -> VenueTrade:
    return VenueTrade(
        trade_id=trade.trade_id,
        name=trade.name,
        side=trade.side,
        price=trade.price,
        amount=quantity,
        at_ns=trade.at_ns,
    )
