"""The connection to an exchange through ccxt: books of what is named, and with a key its orders and trades.

ccxt keeps the sockets; when anything of it fails, all is closed and begun anew.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from gateway import clock
from gateway.venues.api import NoAnswer, Refused
from gateway.venues.books import VenueBooks
from gateway.venues.ccxt import library, parse
from gateway.venues.ccxt.trading import CcxtTrading
from gateway.venues.credentials import Credentials
from gateway.venues.link import LinkFailed, refuse_frame
from gateway.venues.settings import VenueEntry
from gateway.venues.status import LinkStatus
from gateway.venues.trading import VenueTrading

log = logging.getLogger(__name__)

LEVELS = 50
"""Of a side: what all exchanges of ccxt offer and more than is shown."""
BOOK_SECONDS = 0.05
"""A book is read so often at most: it is shown as often."""
LOOK_SECONDS = 0.5
"""How often a book is looked at of which nothing was told."""
POLL_SECONDS = 1.0
"""Between two questions for a book, where the exchange has no stream of it."""
MARKETS_SECONDS_MAX = 30.0
PROBE_SECONDS = 10.0
CLOSE_SECONDS_MAX = 2.0
Watch = Callable[[Any], Awaitable[Any]]


class CcxtClient:
    """A ``gateway.venues.link.Link``. ``entry.instruments`` must be named, spot and perpetuals alone."""

    def __init__(self, entry: VenueEntry, credentials: Credentials | None = None) -> None:
        """Raises VenuesRefused where ccxt, or what it must know, is missing."""
        self.name, self.entry = entry.name, entry
        self.status = LinkStatus()
        self.books = VenueBooks(entry.name, "recorded")
        self._credentials = credentials
        self._orders = CcxtTrading(entry.exchange, self.books)
        self._first: Any = library.build(entry, credentials)
        self._errors = (library.load().BaseError,)
        self.trading: VenueTrading | None = None
        self.can_trade = credentials is not None

    def trade(self, path: Path) -> VenueTrading:
        """Orders of the account, with their log at ``path``; before it is first opened, with credentials."""
        assert self._credentials is not None, "orders need a key"
        self.trading = VenueTrading(self.name, self._orders, path)
        self._orders.follow(self.trading)
        return self.trading

    async def live(self) -> None:
        exchange = self._first or library.build(self.entry, self._credentials)
        self._first = None
        self._orders.exchange = exchange
        try:
            await self._list(exchange)
            self.status.opened(clock.now_ns())
            async with asyncio.TaskGroup() as group:
                for name in self.books.slots:
                    group.create_task(self._follow_book(exchange, name))
                group.create_task(self._probe(exchange))
                if self.trading is not None:
                    group.create_task(self._follow_orders(exchange, self.trading))
        except self._errors as error:
            raise LinkFailed(f"{type(error).__name__}: {error}") from error
        except BaseExceptionGroup as errors:
            first = _first_of(errors)
            if isinstance(first, (Refused, NoAnswer, *self._errors)):
                raise LinkFailed(f"{type(first).__name__}: {first}") from first
            raise first from None
        finally:
            await _close(exchange)

    def lost(self) -> None:
        if self.trading is not None:
            self.trading.lost()
        self.books.lost()

    async def _list(self, exchange: Any) -> None:
        async with asyncio.timeout(MARKETS_SECONDS_MAX):
            markets = await exchange.load_markets()
        is_tick = library.counts_in_steps(exchange)
        missing = []
        for name in self.entry.instruments:
            market = markets.get(parse.find_symbol(name))
            instrument = parse.find_instrument(name, market, is_tick=is_tick) if market else None
            if instrument is None:
                missing.append(name)
            else:
                self.books.list_instrument(instrument)
        if missing:
            log.warning("venue %s: does not offer %s", self.name, ", ".join(missing))

    async def _follow_book(self, exchange: Any, name: str) -> None:
        symbol = self.books.instrument(name).symbol
        if exchange.has.get("watchOrderBook"):
            await self._watch_book(exchange, name, symbol)
            return
        while True:
            self._heard()
            self.take_book(name, await exchange.fetch_order_book(symbol, LEVELS), clock.now_ns())
            await asyncio.sleep(POLL_SECONDS)

    async def _watch_book(self, exchange: Any, name: str, symbol: str) -> None:
        """A change that comes while nobody waits wakes nobody, but is in the book: which is looked at anyway."""
        book: Any = None
        seen: object = None
        watching: asyncio.Future[Any] | None = None
        try:
            while True:
                watching = watching or asyncio.ensure_future(exchange.watch_order_book(symbol))
                done, _ = await asyncio.wait({watching}, timeout=LOOK_SECONDS)
                if done:
                    book, watching = watching.result(), None
                    self._heard()
                    await asyncio.sleep(BOOK_SECONDS)
                elif book is None or seen == (book.get("nonce"), book.get("timestamp")):
                    continue
                seen = (book.get("nonce"), book.get("timestamp"))
                self.take_book(name, book, clock.now_ns())
        finally:
            if watching is not None:
                watching.cancel()

    def _heard(self) -> None:
        self.status.heard_at_ns = clock.now_ns()
        self.status.frames += 1

    def take_book(self, name: str, book: parse.Structure, at_ns: int) -> None:
        """Raises LinkFailed after too many that cannot be read."""
        slot, instrument = self.books.slots[name], self.books.instrument(name)
        try:
            updates = parse.read_book(book, slot, instrument, LEVELS, at_ns)
        except (ValueError, TypeError, ArithmeticError) as error:
            refuse_frame(self, error)
            return
        self.books.feed.apply_updates(updates)

    async def _follow_orders(self, exchange: Any, trading: VenueTrading) -> None:
        """What is told, and what there was before it was: agreed on while it is already heard."""
        async with asyncio.TaskGroup() as group:
            if exchange.has.get("watchOrders"):
                group.create_task(self._watch(exchange.watch_orders, self._orders.take_orders))
            if exchange.has.get("watchMyTrades"):
                group.create_task(self._watch(exchange.watch_my_trades, self._orders.take_trades))
            await trading.reconcile()

    async def _watch(self, watch: Callable[[], Awaitable[Any]], take: Callable[[Any], None]) -> None:
        while True:
            told = await watch()
            self._heard()
            try:
                take(told)
            except (KeyError, ValueError, TypeError, ArithmeticError, NoAnswer) as error:
                refuse_frame(self, error)

    async def _probe(self, exchange: Any) -> None:
        """The round trip of a question, where the exchange answers one for its time."""
        while exchange.has.get("fetchTime"):
            await asyncio.sleep(PROBE_SECONDS)
            began = clock.monotonic()
            await exchange.fetch_time()
            self.status.latencies_ms.append((clock.monotonic() - began) * 1_000)


def _first_of(errors: BaseException) -> BaseException:
    """What ended it: groups lie in groups."""
    while isinstance(errors, BaseExceptionGroup):
        errors = errors.exceptions[0]
    return errors


async def _close(exchange: Any) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await exchange.close()
    except TimeoutError:
        log.warning("an exchange of ccxt does not close")
