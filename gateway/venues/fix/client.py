"""The connection to a venue that speaks FIX 4.4: what it lists, books of what is wanted, orders where one trades."""

import asyncio
import itertools
import logging
from decimal import Decimal
from pathlib import Path

from gateway import clock
from gateway.fix.message import FieldMissing, Fields, FieldWrong, Message
from gateway.fix.outlet import Identity
from gateway.venues.api import NoAnswer, Refused
from gateway.venues.books import VenueBooks
from gateway.venues.credentials import Credentials
from gateway.venues.fix import messages, parse
from gateway.venues.fix.session import RequestRejected, VenueSession
from gateway.venues.fix.trading import FixTrading
from gateway.venues.link import PROBE_SECONDS, LinkFailed, refuse_frame
from gateway.venues.settings import VenueEntry
from gateway.venues.status import LinkStatus
from gateway.venues.trading import VenueTrading

log = logging.getLogger(__name__)

BEGIN_STRING, APPLICATION_VERSION = "FIX.4.4", "6"
INSTRUMENTS_MAX = 500
LISTING_SECONDS = 30.0
SYMBOLS_A_REQUEST = 50
PROBE_PREFIX = "probe-"


class FixClient:
    """A ``gateway.venues.link.Link``. ``entry.session_file``: where the session's numbers outlive the process."""

    def __init__(self, entry: VenueEntry, credentials: Credentials | None = None) -> None:
        """Raises gateway.fix.store.StoreDamaged, OSError."""
        self.name, self.entry = entry.name, entry
        self.status = LinkStatus()
        self.books = VenueBooks(entry.name, "recorded")
        key = credentials.key if credentials else ""
        fields = ((553, credentials.key), (554, credentials.secret)) if credentials else ()
        identity = Identity(
            begin_string=BEGIN_STRING,
            application_version=APPLICATION_VERSION,
            sender=entry.target_comp_id,
            target=entry.sender_comp_id or key,
        )
        self.session = VenueSession(identity, Path(entry.session_file), fields, self.status)
        self.session.machine.resets_on_logon = entry.resets_on_logon
        self.session.on_message, self.session.on_gap = self._take, self._distrust
        self._symbols = parse.Symbols(amount=self._amount_of, name=self._name_of)
        self._names: dict[str, str] = {}
        self._requests: dict[str, list[str]] = {}
        self._ids = itertools.count(1)
        self._token = f"{clock.now_ns():x}"
        self._probed: tuple[str, float] = ("", 0.0)
        self._is_in_doubt = asyncio.Event()
        self._has_gap = False
        self._orders = FixTrading(self.session, self._symbols, identity.target, self._symbol_of)
        self.trading: VenueTrading | None = None
        self.can_trade = credentials is not None

    def trade(self, path: Path) -> VenueTrading:
        """Orders over this session, with their log at ``path``; before it is first opened, with credentials."""
        self.trading = VenueTrading(self.name, self._orders, path)
        self._orders.follow(self.trading, self._is_in_doubt.set)
        return self.trading

    async def live(self) -> None:
        self._is_in_doubt.clear()
        self._has_gap = False
        await self.session.live(self.entry.url, self._converse)

    def lost(self) -> None:
        self._requests.clear()
        if self.trading is not None:
            self.trading.lost()
        self.books.lost()

    async def _converse(self) -> None:
        """Agrees on orders first, then follows the market, for ever."""
        self.status.opened(clock.now_ns())
        try:
            await self._agree()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._list())
                group.create_task(self._probe())
                group.create_task(self._heal())
        except (Refused, NoAnswer, RequestRejected, FieldMissing, FieldWrong) as error:
            raise LinkFailed(str(error)) from error
        except BaseExceptionGroup as group_of_errors:
            raise group_of_errors.exceptions[0] from None
        finally:
            if self.trading is not None:
                self.trading.lost()

    async def _list(self) -> None:
        while True:
            await self._follow_listing()
            await asyncio.sleep(LISTING_SECONDS)

    async def _follow_listing(self) -> None:
        """Lists what is new, subscribes to what is wanted of it, withdraws what expired. A venue that lists nothing at
        all has just started.
        """
        request = self._next_id("list")
        parts = await self.session.ask(messages.security_list(request), request, lambda part: part.find(893) != "N")
        wanted = set(self.entry.instruments)
        found = [each for each in parse.read_instruments(parts) if not wanted or each.name in wanted][:INSTRUMENTS_MAX]
        for name in set(self.books.slots).difference(each.name for each in found) if found else ():
            self.books.withdraw(name)
        for instrument in found:
            self.books.list_instrument(instrument)
            self._names[instrument.symbol] = instrument.name
        followed = {symbol for symbols in self._requests.values() for symbol in symbols}
        self._subscribe([each.symbol for each in found if each.name in self.books and each.symbol not in followed])

    def _subscribe(self, symbols: list[str]) -> None:
        for start in range(0, len(symbols), SYMBOLS_A_REQUEST):
            part = symbols[start : start + SYMBOLS_A_REQUEST]
            request = self._next_id("book")
            self._requests[request] = part
            self.session.send(messages.market_data(request, part))

    def _distrust(self) -> None:
        """Messages are missing: those about prices may be gap-filled, so every book is asked for anew."""
        self.status.gaps += 1
        self.books.lost()
        self._has_gap = True
        self._is_in_doubt.set()

    async def _heal(self) -> None:
        """After a gap orders are agreed on anew too: a venue may fill it instead of repeating what was in it."""
        while True:
            await self._is_in_doubt.wait()
            self._is_in_doubt.clear()
            await self._agree()
            if self._has_gap:
                self._has_gap = False
                self._resubscribe()

    async def _agree(self) -> None:
        if self.trading is not None:
            self.session.agreements += 1
            await self.trading.reconcile()

    def _resubscribe(self) -> None:
        symbols = [symbol for part in self._requests.values() for symbol in part]
        for request, part in self._requests.items():
            self.session.send(messages.market_data(request, part, is_end=True))
        self._requests.clear()
        self._subscribe(symbols)

    async def _probe(self) -> None:
        """A test request, which the venue answers at once: the round trip."""
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            self._probed = (f"{PROBE_PREFIX}{next(self._ids)}", clock.monotonic())
            self.session.send(messages.test_request(self._probed[0]))

    def _take(self, message: Message) -> None:
        try:
            if message.type == "W":
                self._take_snapshot(message)
            elif message.type == "X":
                self._take_changes(message)
            elif message.type == "0":
                self._take_heartbeat(message)
            elif message.type == "8":
                self._orders.take(message)
        except (FieldMissing, FieldWrong, ValueError) as error:
            refuse_frame(self, error)

    def _take_heartbeat(self, message: Message) -> None:
        if message.find(112) == self._probed[0]:
            self.status.latencies_ms.append((clock.monotonic() - self._probed[1]) * 1_000)

    def _take_snapshot(self, message: Message) -> None:
        name = self._names.get(message.get(55))
        if name is None or name not in self.books or message.find(262) not in self._requests:
            return
        slot, instrument = self.books.slots[name], self.books.instrument(name)
        self.books.feed.apply_updates(parse.snapshot_updates(message, slot, instrument, message.received_at_ns))

    def _take_changes(self, message: Message) -> None:
        """Of a request that is no longer ours: nothing. Trades are counted."""
        if message.find(262) not in self._requests:
            return
        by_name: dict[str, list[Fields]] = {}
        trades: list[tuple[Fields, str]] = []
        for entry in message.groups(268, parse.ENTRY_TAGS):
            name = self._names.get(entry.find(55))
            if entry.find(269) == messages.TRADE:
                self.status.trades += 1
                trades.append((entry, name or ""))
            elif name is not None and name in self.books:
                by_name.setdefault(name, []).append(entry)
        for name, entries in by_name.items():
            slot, instrument = self.books.slots[name], self.books.instrument(name)
            self.books.feed.apply_updates(parse.change_updates(entries, slot, instrument, message.received_at_ns))
        for entry, name in trades:
            self.books.note_trades(parse.read_trades(entry, name, message.received_at_ns))

    def _amount_of(self, symbol: str) -> Decimal:
        name = self._names.get(symbol, "")
        return self.books.instrument(name).contract_amount if name in self.books else Decimal(1)

    def _name_of(self, symbol: str) -> str:
        return self._names.get(symbol, symbol)

    def _symbol_of(self, name: str) -> str:
        return self.books.instrument(name).symbol if name in self.books else name

    def _next_id(self, word: str) -> str:
        return f"{word}-{self._token}-{next(self._ids)}"
