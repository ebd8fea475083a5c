"""The connection to Binance's public streams: books by deltas beside REST snapshots, trades, best prices.

Needs no key. Order of things as documented ("How to manage a local order book correctly"): the stream first, then the
snapshot, which the core joins to the deltas that it kept.
"""

import asyncio
import logging
from decimal import DecimalException

import httpx
import msgspec
import parley_core
from websockets.asyncio.client import ClientConnection

from gateway import clock
from gateway.venues.binance import messages, parse
from gateway.venues.books import VenueBooks
from gateway.venues.credentials import Credentials
from gateway.venues.link import LinkFailed, converse, refuse_frame
from gateway.venues.pacing import RateLimit
from gateway.venues.settings import VenueEntry
from gateway.venues.status import LinkStatus

log = logging.getLogger(__name__)

STREAMS = {
    ("binance_spot", False): ("wss://stream.binance.com:9443", "https://api.binance.com"),
    ("binance_spot", True): ("wss://stream.testnet.binance.vision", "https://testnet.binance.vision"),
    ("binance_usdm", False): ("wss://fstream.binance.com", "https://fapi.binance.com"),
    ("binance_usdm", True): ("wss://stream.binancefuture.com", "https://testnet.binancefuture.com"),
}
PATHS = {"binance_spot": "/api/v3", "binance_usdm": "/fapi/v1"}
SNAPSHOT_LEVELS = 1_000
REST_SECONDS_MAX = 10.0
REST_BYTES_MAX = 32 << 20
REST_PER_SECOND, REST_AT_ONCE = 2.0, 20.0
"""A snapshot weighs 50 (spot) or 20 (USD-M) of the 6,000 or 2,400 a minute that an address has."""
PONG_SECONDS_MAX = 5.0
SNAPSHOT_TRIES_MAX = 8
"""Snapshots of one gap, each too old for the stream, after which the connection is made anew."""
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
        self._rest_url = (entry.rest_url or rest_url) + PATHS[entry.adapter]
        self._limit = RateLimit(REST_PER_SECOND, REST_AT_ONCE)
        self._connection: ClientConnection | None = None
        self._decode = msgspec.json.Decoder(messages.StreamFrame).decode
        self._names: dict[str, str] = {}
        self._wanted: asyncio.Queue[str] = asyncio.Queue()

    @property
    def url(self) -> str:
        """The venue lets a connection name its streams in its address; names of instruments are Parley's own."""
        symbols = [_symbol(name) for name in self.entry.instruments]
        streams = "/".join(f"{symbol}@{topic}" for symbol in symbols for topic in TOPICS[self.entry.adapter])
        return f"{self.entry.url or self._stream_url}/stream?streams={streams}"

    async def live(self) -> None:
        await converse(self)

    async def open(self, connection: ClientConnection) -> None:
        """Lists what is wanted, then fetches a snapshot for each book that needs one, for ever."""
        self._connection = connection
        async with httpx.AsyncClient(timeout=REST_SECONDS_MAX) as rest:
            try:
                await self._list(rest)
                for name in self.books.slots:
                    self._wanted.put_nowait(name)
                while True:
                    await self._join(rest, await self._wanted.get())
            except (httpx.HTTPError, msgspec.DecodeError, DecimalException) as error:
                raise LinkFailed(f"REST: {error or type(error).__name__}") from error

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
            if b'"depthUpdate"' not in frame[:120]:
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
        self.books.lost()
        while not self._wanted.empty():
            self._wanted.get_nowait()

    def _take_trade(self, frame: bytes) -> None:
        envelope = self._decode(frame)
        symbol, _, topic = envelope.stream.partition("@")
        if topic in ("trade", "aggTrade") and symbol.upper() in self._names:
            parse.read_trade(envelope.data, self._names[symbol.upper()])
            self.status.trades += 1

    async def _list(self, rest: httpx.AsyncClient) -> None:
        answer = await self._get(rest, "exchangeInfo", {})
        info = msgspec.json.decode(answer, type=messages.ExchangeInfo)
        wanted = set(self.entry.instruments)
        for instrument in parse.read_instruments(info.symbols, is_spot=self._is_spot):
            if instrument.name in wanted:
                self.books.list_instrument(instrument)
                self._names[instrument.symbol] = instrument.name
        if missing := wanted - set(self.books.slots):
            log.warning("venue %s: does not offer %s", self.name, ", ".join(sorted(missing)))

    async def _join(self, rest: httpx.AsyncClient, name: str) -> None:
        """Snapshots until one joins the deltas. Where none has come yet, a snapshot that is too old is refused."""
        slot, symbol = self.books.slots[name], self.books.instrument(name).symbol
        for _ in range(SNAPSHOT_TRIES_MAX):
            if not self.books.feed.is_stale(slot):
                return
            content = await self._get(rest, "depth", {"symbol": symbol, "limit": SNAPSHOT_LEVELS})
            try:
                self.books.apply(content, clock.now_ns(), slot)
            except parley_core.FrameRefused as error:
                raise LinkFailed(f"a snapshot of {symbol} is malformed: {error}") from error
        if self.books.feed.is_stale(slot):
            raise LinkFailed(f"{SNAPSHOT_TRIES_MAX} snapshots of {symbol} do not join its stream")

    async def _get(self, rest: httpx.AsyncClient, path: str, params: dict[str, str | int]) -> bytes:
        await self._limit.wait()
        answer = await rest.get(f"{self._rest_url}/{path}", params=params)
        answer.raise_for_status()
        if len(answer.content) > REST_BYTES_MAX:
            raise LinkFailed(f"{path} has more than {REST_BYTES_MAX:,} bytes")
        return answer.content


def _symbol(name: str) -> str:
    """BTC_USDT or BTC_USDT-PERPETUAL as the streams call it: btcusdt."""
    return name.partition("-")[0].replace("_", "").lower()
