"""The connection to Deribit, or to a venue that speaks like it: market data of every instrument that is wanted."""

import asyncio
import itertools
import logging
from pathlib import Path
from typing import Any

import msgspec
import parley_core
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from gateway import clock
from gateway.venues.api import NoAnswer, Refused
from gateway.venues.block_rfqs import BlockRfqs
from gateway.venues.books import VenueBooks
from gateway.venues.credentials import Credentials
from gateway.venues.deribit import auth, messages, parse
from gateway.venues.deribit.block_rfqs import CHANNEL as RFQ_CHANNEL
from gateway.venues.deribit.block_rfqs import DeribitBlockRfqs
from gateway.venues.deribit.trading import CHANNELS as PRIVATE_CHANNELS
from gateway.venues.deribit.trading import DeribitTrading
from gateway.venues.link import LinkFailed, RequestFailed, converse, refuse_frame
from gateway.venues.market import VenueTicker
from gateway.venues.pacing import RateLimit
from gateway.venues.settings import VenueEntry
from gateway.venues.status import LinkStatus
from gateway.venues.trading import VenueTrading

log = logging.getLogger(__name__)

URL, TEST_URL = "wss://www.deribit.com/ws/api/v2", "wss://test.deribit.com/ws/api/v2"
ANSWER_SECONDS_MAX = 5.0
PENDING_MAX = 1_000
REQUESTS_PER_SECOND, REQUESTS_AT_ONCE = 15.0, 50.0
"""Within what Deribit allows accounts by default: 20 a second, 100 at once."""
HEARTBEAT_SECONDS = 10
CHANNELS_A_REQUEST = 100
INSTRUMENTS_MAX = 500
LISTING_SECONDS = 30.0


class DeribitClient:
    """A ``gateway.venues.link.Link``. ``books`` and ``tickers`` are what it knows of the market."""

    def __init__(self, entry: VenueEntry, credentials: Credentials | None = None) -> None:
        self.name, self.entry = entry.name, entry
        self.status = LinkStatus()
        self.books = VenueBooks(entry.name, "deribit")
        self.tickers: dict[str, VenueTicker] = {}
        self._credentials = credentials
        self._connection: ClientConnection | None = None
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[messages.Envelope]] = {}
        self._limit = RateLimit(REQUESTS_PER_SECOND, REQUESTS_AT_ONCE)
        self._subscribed: set[str] = set()
        self._decode = msgspec.json.Decoder(messages.Envelope).decode
        self._tasks: set[asyncio.Task[None]] = set()
        self._orders = DeribitTrading(self.ask)
        self._block_rfqs = DeribitBlockRfqs(self.ask)
        self.trading: VenueTrading | None = None
        self.can_trade = credentials is not None

    def trade(self, path: Path) -> VenueTrading:
        """Orders over this connection, with their log at ``path``; before it is first opened, with credentials."""
        assert self._credentials is not None, "orders need a key"
        self.trading = VenueTrading(self.name, self._orders, path)
        self.trading.block_rfqs = BlockRfqs(self.trading, self._block_rfqs)
        return self.trading

    @property
    def url(self) -> str:
        return self.entry.url or (TEST_URL if self.entry.is_test_network else URL)

    async def live(self) -> None:
        await converse(self)

    async def open(self, connection: ClientConnection) -> None:
        """Raises LinkFailed where the venue lets us not in, or lists what cannot be read."""
        self._connection = connection
        try:
            if self._credentials:
                await self.ask("public/auth", auth.sign_in_params(self._credentials, clock.now_ns()))
            await self.ask("public/set_heartbeat", {"interval": HEARTBEAT_SECONDS})
            if self.trading is not None:
                await self.ask("private/subscribe", {"channels": PRIVATE_CHANNELS})
                await self._open_block_rfqs(self.trading)
                await self.trading.reconcile()
            while True:
                await self._follow_listing()
                await asyncio.sleep(LISTING_SECONDS)
        except (RequestFailed, Refused, NoAnswer, msgspec.DecodeError) as error:
            raise LinkFailed(str(error)) from error

    async def _open_block_rfqs(self, trading: VenueTrading) -> None:
        """A key may have no right to them: then the venue's makers are not asked, and the rest goes on."""
        assert trading.block_rfqs is not None, "made with the trading"
        try:
            await self.ask("private/subscribe", {"channels": [RFQ_CHANNEL]})
            await trading.block_rfqs.reconcile()
        except (RequestFailed, Refused) as error:
            log.warning("venue %s: no block RFQs: %s", self.name, error)
            return
        trading.block_rfqs.is_offered = True

    async def probe(self) -> None:
        """Measures the round trip."""
        began = clock.monotonic()
        await self.ask("public/test", {})
        self.status.latencies_ms.append((clock.monotonic() - began) * 1_000)

    def take(self, frame: bytes, at_ns: int) -> None:
        if frame.startswith(messages.BOOK_PREFIX):
            self._take_market(frame, at_ns)
            return
        try:
            envelope = self._decode(frame)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            refuse_frame(self, error)
            return
        if envelope.method == messages.METHOD_PREFIX and envelope.params is not None:
            self._take_notice(envelope.params, frame, at_ns)
        elif envelope.method == "heartbeat":
            if envelope.params is not None and envelope.params.type == "test_request":
                self._start(self._answer_test())
        elif isinstance(envelope.id, int):
            waiting = self._answers.pop(envelope.id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(envelope)

    def lost(self) -> None:
        self._connection = None
        self._subscribed.clear()
        if self.trading is not None:
            self.trading.lost()
        self.books.lost()
        for task in self._tasks:
            task.cancel()
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(LinkFailed("the connection was lost before the answer"))
                waiting.exception()  # nobody may be waiting any more
        self._answers.clear()

    async def ask(self, method: str, params: dict[str, object]) -> msgspec.Raw:
        """The result. Raises RequestFailed for an error of the venue, LinkFailed where no answer comes.

        A request leaves over the connection that there was when it was made, or not at all: one that waited for its
        turn while the connection was made anew may have been looked for there already.
        """
        envelope = await self._send(method, params)
        if envelope.error is not None:
            raise RequestFailed(method, envelope.error.code, envelope.error.message)
        return envelope.result

    async def _send(self, method: str, params: dict[str, object]) -> messages.Envelope:
        connection = self._connection
        await self._limit.wait()
        if connection is None or connection is not self._connection:
            raise LinkFailed("not connected")
        if len(self._answers) >= PENDING_MAX:
            raise LinkFailed("too many requests without an answer")
        request_id = next(self._ids)
        waiting: asyncio.Future[messages.Envelope] = asyncio.get_running_loop().create_future()
        self._answers[request_id] = waiting
        try:
            request = messages.Request(id=request_id, method=method, params=params)
            await connection.send(msgspec.json.encode(request), text=True)
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                return await waiting
        except ConnectionClosed as error:
            raise LinkFailed(f"the connection ended before {method} was sent") from error
        except TimeoutError as error:
            raise LinkFailed(f"no answer to {method} for {ANSWER_SECONDS_MAX:.0f} s") from error
        finally:
            self._answers.pop(request_id, None)

    async def _follow_listing(self) -> None:
        """Lists what is new, subscribes to what is wanted of it, withdraws what expired. A venue that lists nothing at
        all has just started.
        """
        listed = msgspec.json.decode(
            await self.ask("public/get_instruments", {"currency": "any"}), type=list[messages.Instrument]
        )
        wanted = set(self.entry.instruments)
        found = [each for each in parse.read_instruments(listed) if not wanted or each.name in wanted]
        for name in set(self.books.slots).difference(each.name for each in found) if found else ():
            self.books.withdraw(name)
        for instrument in found[:INSTRUMENTS_MAX]:
            self.books.list_instrument(instrument)
        channels = [
            channel
            for instrument in found[:INSTRUMENTS_MAX]
            if instrument.name in self.books
            for channel in _channels(instrument.symbol)
            if channel not in self._subscribed
        ]
        await self._subscribe(channels)

    async def _subscribe(self, channels: list[str]) -> None:
        for start in range(0, len(channels), CHANNELS_A_REQUEST):
            part = channels[start : start + CHANNELS_A_REQUEST]
            result = await self.ask("public/subscribe", {"channels": part})
            self._subscribed.update(msgspec.json.decode(result, type=list[str]))

    async def _resubscribe(self, names: list[str]) -> None:
        """Deribit sends a book's snapshot where it is subscribed to: so it is asked for anew."""
        channels = [_book_channel(self.books.instrument(name).symbol) for name in names]
        self.status.gaps += len(channels)
        await self.ask("public/unsubscribe", {"channels": list(channels)})
        await self._subscribe(channels)

    async def _answer_test(self) -> None:
        await self.ask("public/test", {})

    def _take_notice(self, notice: messages.Notice, frame: bytes, at_ns: int) -> None:
        topic = notice.channel.partition(".")[0]
        try:
            if topic == "book":
                self._take_market(frame, at_ns)
            elif topic == "trades":
                trades = parse.read_trades(notice.data)
                self.status.trades += len(trades)
                self.books.note_trades(trades)
            elif topic == "ticker":
                ticker = parse.read_ticker(notice.data)
                self.tickers[ticker.name] = ticker
            elif topic == "user" and self.trading is not None:
                self._orders.take(notice.channel.split(".")[1], notice.data, self.trading)
            elif topic == "block_rfq" and self.trading is not None and self.trading.block_rfqs is not None:
                self._block_rfqs.take(notice.data, self.trading.block_rfqs)
        except (msgspec.DecodeError, ValueError) as error:
            refuse_frame(self, error)

    def _take_market(self, frame: bytes, at_ns: int) -> None:
        try:
            self.books.apply(frame, at_ns)
        except parley_core.FrameRefused as error:
            refuse_frame(self, error)
            return
        if wanted := self.books.wanted():
            self._start(self._resubscribe(wanted))

    def _start(self, work: Any) -> None:
        """Work beside the reader, bounded by the answers that may be waited for; its failure ends the connection."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("venue %s: %s", self.name, error)
            if self._connection is not None:
                self._connection.transport.abort()


def _book_channel(symbol: str) -> str:
    return f"book.{symbol}.100ms"


def _channels(symbol: str) -> list[str]:
    return [_book_channel(symbol), f"trades.{symbol}.100ms", f"ticker.{symbol}.100ms"]
