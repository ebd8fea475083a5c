"""The connection to Binance: books by deltas beside REST snapshots, trades, best prices; with a key orders too.

Order of things as documented ("How to manage a local order book correctly"): the stream first, then the
snapshot, which the core joins to the deltas that it kept.
"""

import asyncio
import dataclasses
import logging
from decimal import DecimalException
from pathlib import Path

import msgspec
import parley_core
from websockets.asyncio.client import ClientConnection

from gateway import clock
from gateway.venues.api import NoAnswer, Refused
from gateway.venues.binance import messages, parse
from gateway.venues.binance.auth import Signer
from gateway.venues.binance.rest import BinanceRest
from gateway.venues.binance.trading import BinanceTrading
from gateway.venues.binance.user_stream import URLS as USER_URLS
from gateway.venues.binance.user_stream import UserStream
from gateway.venues.books import VenueBooks
from gateway.venues.credentials import Credentials
from gateway.venues.link import LinkFailed, converse, refuse_frame
from gateway.venues.settings import VenueEntry
from gateway.venues.status import LinkStatus
from gateway.venues.trading import VenueTrading

log = logging.getLogger(__name__)

STREAMS = {
    ("binance_spot", False): ("wss://stream.binance.com:9443", "https://api.binance.com"),
    ("binance_spot", True): ("wss://stream.testnet.binance.vision", "https://testnet.binance.vision"),
    ("binance_usdm", False): ("wss://fstream.binance.com", "https://fapi.binance.com"),
    ("binance_usdm", True): ("wss://stream.binancefuture.com", "https://testnet.binancefuture.com"),
}
PATHS = {"binance_spot": "/api/v3", "binance_usdm": "/fapi/v1"}
SNAPSHOT_LEVELS = 1_000
SNAPSHOT_WEIGHTS = {"binance_spot": 50, "binance_usdm": 20}
LISTING_WEIGHTS = {"binance_spot": 20, "binance_usdm": 1}
PONG_SECONDS_MAX = 5.0
SNAPSHOT_TRIES_MAX = 8
"""Snapshots of one gap, each too old for the stream, after which the connection is made anew."""
HEAD_BYTES = 64
"""In which a frame names its stream."""
TOPICS = {
    "binance_spot": ("depth@100ms", "trade", "bookTicker"),
    "binance_usdm": ("depth@100ms", "aggTrade", "bookTicker"),
}


class BinanceClient:
    """A ``gateway.venues.link.Link``. ``entry.instruments`` must be named: the venue has thousands."""

    def __init__(self, entry: VenueEntry, credentials: Credentials | None = None) -> None:
        self.name, self.entry = entry.name, entry
        self.status = LinkStatus()
        self.books = VenueBooks(entry.name, entry.adapter)
        self._is_spot = entry.adapter == "binance_spot"
        self._stream_url, rest_url = STREAMS[entry.adapter, entry.is_test_network]
        self._signer = Signer(credentials) if credentials else None
        self.rest = BinanceRest(entry.adapter, entry.rest_url or rest_url, PATHS[entry.adapter], self._signer)
        self._connection: ClientConnection | None = None
        self._decode = msgspec.json.Decoder(messages.StreamFrame).decode
        self._names: dict[str, str] = {}
        self._wanted: asyncio.Queue[str] = asyncio.Queue()
        self._orders = BinanceTrading(self.rest, self._names, self._symbol_of, is_spot=self._is_spot)
        self._user: UserStream | None = None
        self.trading: VenueTrading | None = None
        self.can_trade = credentials is not None

    def trade(self, path: Path) -> VenueTrading:
        """Orders of the account, with their log at ``path``; before it is first opened, with credentials."""
        assert self._signer is not None, "orders need a key"
        self.trading = VenueTrading(self.name, self._orders, path)
        self._orders.follow(self.trading)
        url = self.entry.url or USER_URLS[self.entry.adapter, self.entry.is_test_network]
        self._user = UserStream(self.name, url, self._signer, self.rest, self._orders)
        return self.trading

    @property
    def url(self) -> str:
        """The venue lets a connection name its streams in its address; names of instruments are Parley's own."""
        symbols = [_symbol(name) for name in self.entry.instruments]
        streams = "/".join(f"{symbol}@{topic}" for symbol in symbols for topic in TOPICS[self.entry.adapter])
        return f"{self.entry.url or self._stream_url}/stream?streams={streams}"

    async def live(self) -> None:
        async with self.rest.opened():
            try:
                await self._list()
                async with asyncio.TaskGroup() as group:
                    group.create_task(converse(self))
                    if self._user is not None:
                        group.create_task(self._user.live())
            except (Refused, NoAnswer, msgspec.DecodeError, DecimalException) as error:
                raise LinkFailed(str(error)) from error
            except BaseExceptionGroup as errors:
                first = errors.exceptions[0]
                if isinstance(first, (Refused, NoAnswer, msgspec.DecodeError, DecimalException)):
                    raise LinkFailed(str(first)) from first
                raise first from None

    async def open(self, connection: ClientConnection) -> None:
        """Fetches a snapshot for each book that needs one, for ever."""
        self._connection = connection
        for name in self.books.slots:
            self._wanted.put_nowait(name)
        while True:
            await self._join(await self._wanted.get())

    async def probe(self) -> None:
        """A WebSocket ping, which the venue must answer."""
        if self._connection is None:
            return
        try:
            async with asyncio.timeout(PONG_SECONDS_MAX):
                self.status.latencies_ms.append(await (await self._connection.ping()) * 1_000)
        except TimeoutError as error:
            raise LinkFailed(f"no pong for {PONG_SECONDS_MAX:.0f} s") from error

    def take(self, frame: bytes, at_ns: int) -> None:
        try:
            head = frame[:HEAD_BYTES]
            if b"@depth" not in head and b"@bookTicker" not in head:
                self._take_trade(frame)
            self.books.apply(frame, at_ns)
        except (parley_core.FrameRefused, msgspec.DecodeError, UnicodeDecodeError, DecimalException) as error:
            refuse_frame(self, error)
            return
        for name in self.books.wanted():
            self.status.gaps += 1
            self._wanted.put_nowait(name)

    def lost(self) -> None:
        self._connection = None
        if self._user is not None:
            self._user.lost()
        self.books.lost()
        while not self._wanted.empty():
            self._wanted.get_nowait()

    def _take_trade(self, frame: bytes) -> None:
        envelope = self._decode(frame)
        symbol, _, topic = envelope.stream.partition("@")
        if topic in ("trade", "aggTrade") and symbol.upper() in self._names:
            trade = parse.read_trade(envelope.data, self._names[symbol.upper()])
            self.status.trades += 1
            self.books.note_trades([dataclasses.replace(trade, trade_id=f"{symbol.upper()}:{trade.trade_id}")])

    async def _list(self) -> None:
        answer = await self.rest.get("exchangeInfo", {}, weight=LISTING_WEIGHTS[self.entry.adapter])
        info = msgspec.json.decode(answer, type=messages.ExchangeInfo)
        wanted = set(self.entry.instruments)
        for instrument in parse.read_instruments(info.symbols, is_spot=self._is_spot):
            if instrument.name in wanted:
                self.books.list_instrument(instrument)
                self._names[instrument.symbol] = instrument.name
        if missing := wanted - set(self.books.slots):
            log.warning("venue %s: does not offer %s", self.name, ", ".join(sorted(missing)))

    async def _join(self, name: str) -> None:
        """Snapshots until one joins the deltas. Where none has come yet, a snapshot that is too old is refused."""
        slot, symbol = self.books.slots[name], self.books.instrument(name).symbol
        for _ in range(SNAPSHOT_TRIES_MAX):
            if not self.books.feed.is_stale(slot):
                return
            params: dict[str, str | int] = {"symbol": symbol, "limit": SNAPSHOT_LEVELS}
            content = await self.rest.get("depth", params, weight=SNAPSHOT_WEIGHTS[self.entry.adapter])
            try:
                self.books.apply(content, clock.now_ns(), slot)
            except parley_core.FrameRefused as error:
                raise LinkFailed(f"a snapshot of {symbol} is malformed: {error}") from error
        if self.books.feed.is_stale(slot):
            raise LinkFailed(f"{SNAPSHOT_TRIES_MAX} snapshots of {symbol} do not join its stream")

    def _symbol_of(self, name: str) -> str:
        return self.books.instrument(name).symbol if name in self.books else name


def _symbol(name: str) -> str:
    """BTC_USDT or BTC_USDT-PERPETUAL as the streams call it: btcusdt."""
    return name.partition("-")[0].replace("_", "").lower()
