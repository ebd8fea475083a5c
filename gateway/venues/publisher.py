"""Frames of other venues: their depth side by side, the best of all, and how each connection stands.

Like ``gateway.frame_publisher``: what changed at most ten times a second, every key once a second.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway import clock
from gateway.valkey import Backoff, Unavailable
from gateway.venues.books import VenueBooks
from gateway.venues.settings import VenueEntry
from gateway.venues.status import LinkStatus
from gateway.venues.trading import VenueTrading
from wire.limits import MARKET_FRAMES_PER_SECOND_MAX, STALE_AFTER_MS
from wire.market import MarketTrade, MarketTrades, VenueDepth, VenueLevels, VenueLink, VenuePrice
from wire.transport import MARKET_CHANNEL, MARKET_LATEST
from wire.units import NANOSECONDS_PER_MS

DEPTH_LEVELS = 10
OWN_PREFIXES = ("venue_depth.", "venue_link.", "market_trades.")
FRAMES_A_SECOND = 10
"""Of an instrument: venues conflate to 100 ms themselves."""
TURNS = FRAMES_A_SECOND
BASIS_POINT = Decimal("0.0001")
NamedFrame = tuple[str, bytes]
assert FRAMES_A_SECOND <= MARKET_FRAMES_PER_SECOND_MAX
_encode = msgspec.json.Encoder().encode


class Shown(Protocol):
    """What is shown of a venue's client."""

    name: str
    entry: VenueEntry
    status: LinkStatus
    books: VenueBooks


class Tape(Protocol):
    """What trades elsewhere (``gateway.market_tape``)."""

    shown: dict[str, deque[MarketTrade]]
    changed: set[str]

    def take(self, now_ns: int) -> None: ...


class VenuePublisher:
    def __init__(self, venues: Sequence[Shown], client: Redis, tape: Tape | None = None) -> None:
        """``tape``: whose trades are shown beside; None: none are."""
        self._venues, self._client, self._tape = venues, client, tape
        self._turn = 0
        self._is_first = True
        self._shown: set[str] = set()

    async def run(self) -> None:
        backoff = Backoff("venue frames")
        while True:
            await asyncio.sleep(1 / FRAMES_A_SECOND)
            try:
                await self.publish(clock.now_ns())
                backoff.succeeded()
            except (*Unavailable, ResponseError) as error:
                self._is_first = True
                await asyncio.sleep(backoff.failed(error))

    async def publish(self, now_ns: int) -> int:
        """One batch; the number of frames in it."""
        if self._is_first:
            await self._forget_old_keys()
            self._is_first = False
        self._turn = (self._turn + 1) % TURNS
        names: set[str] = set()
        for venue in self._venues:
            self._look_at(venue, now_ns)
            names |= venue.books.changed
            venue.books.changed.clear()
        offered = self._names()
        gone, self._shown = self._shown - offered, offered
        names |= {name for at, name in enumerate(sorted(offered)) if at % TURNS == self._turn}
        frames = [self._encode_depth(name, now_ns) for name in sorted(names)]
        frames += self._encode_trades(now_ns)
        if not self._turn:
            frames += [encode_link(venue, now_ns) for venue in self._venues]
        if frames or gone:
            await self._send(frames, gone)
        return len(frames)

    def _look_at(self, venue: Shown, now_ns: int) -> None:
        """A connection is live when every book of it is whole."""
        venue.books.collect_changed(now_ns)
        status = venue.status
        if status.state in ("syncing", "live"):
            live, listed = venue.books.count_live(), len(venue.books)
            status.state = "live" if listed and live == listed else "syncing"
            status.detail = "" if status.state == "live" else f"{live} of {listed} books are whole"

    def _names(self) -> set[str]:
        return {name for venue in self._venues for name in venue.books.slots}

    def _encode_depth(self, name: str, now_ns: int) -> NamedFrame:
        shown = [
            venue.books.levels(name, DEPTH_LEVELS, venue.status.heard_at_ns)
            for venue in self._venues
            if name in venue.books
        ]
        frame = VenueDepth(
            at_ns=now_ns,
            market_time_ns=now_ns,
            instrument_name=name,
            venues=shown,
            best_bid=find_best(shown, now_ns, is_bid=True),
            best_ask=find_best(shown, now_ns, is_bid=False),
        )
        return f"venue_depth.{name}", _encode(frame)

    def _encode_trades(self, now_ns: int) -> list[NamedFrame]:
        """What changed; beside it a tenth of all, in turn."""
        tape = self._tape
        if tape is None:
            return []
        tape.take(now_ns)
        names = tape.changed | {name for at, name in enumerate(sorted(tape.shown)) if at % TURNS == self._turn}
        tape.changed.clear()
        return [encode_trades(name, list(tape.shown[name]), now_ns) for name in sorted(names)]

    async def _forget_old_keys(self) -> None:
        """What an earlier run showed, of venues that may not be connected now."""
        keys: Any = await self._client.hkeys(MARKET_LATEST)
        old = [key for key in keys if key.decode().startswith(OWN_PREFIXES)]
        if old:
            await self._client.hdel(MARKET_LATEST, *old)

    async def _send(self, frames: list[NamedFrame], gone: Iterable[str]) -> None:
        """``gone``: names of which no venue shows a book any more."""
        pipeline = self._client.pipeline(transaction=False)
        for name in gone:
            pipeline.hdel(MARKET_LATEST, f"venue_depth.{name}")
        if frames:
            pipeline.hset(MARKET_LATEST, mapping=dict(frames))
            pipeline.publish(MARKET_CHANNEL, msgspec.msgpack.encode(frames))
        await pipeline.execute()


def find_best(venues: Iterable[VenueLevels], now_ns: int, *, is_bid: bool) -> VenuePrice | None:
    """The best price of a side over books that are live and heard of lately; None where there is none."""
    tops = [
        (Decimal(levels[0][0]), Decimal(levels[0][1]), venue.venue, levels[0][0])
        for venue in venues
        if is_fresh(venue, now_ns) and (levels := venue.bids if is_bid else venue.asks)
    ]
    if not tops:
        return None
    best = (max if is_bid else min)(price for price, _, _, _ in tops)
    at_best = [top for top in tops if top[0] == best]
    quantity = sum((top[1] for top in at_best), Decimal(0))
    return VenuePrice(price=at_best[0][3], quantity=format(quantity, "f"), venues=[top[2] for top in at_best])


def is_fresh(levels: VenueLevels, now_ns: int) -> bool:
    """May be traded on: the book is whole and the venue was heard of within the age that makes a price stale."""
    return levels.state == "live" and now_ns - levels.heard_at_ns <= STALE_AFTER_MS * NANOSECONDS_PER_MS


def encode_trades(name: str, trades: list[MarketTrade], now_ns: int) -> NamedFrame:
    frame = MarketTrades(at_ns=now_ns, market_time_ns=now_ns, instrument_name=name, trades=trades)
    return f"market_trades.{name}", _encode(frame)


def encode_link(venue: Shown, now_ns: int) -> NamedFrame:
    status, entry, books = venue.status, venue.entry, venue.books
    latency_ms = status.latency_ms
    maker, taker = _perpetual_fees(books)
    trading: VenueTrading | None = getattr(venue, "trading", None)
    frame = VenueLink(
        at_ns=now_ns,
        market_time_ns=now_ns,
        venue=venue.name,
        title=entry.title or venue.name,
        adapter=entry.adapter,
        state=status.state,
        is_test_network=entry.is_test_network,
        detail=status.detail,
        heard_at_ns=status.heard_at_ns,
        connected_at_ns=status.connected_at_ns,
        connects=status.connects,
        latency_ms=None if latency_ms is None else round(latency_ms, 2),
        books=len(books),
        books_live=books.count_live(),
        gaps=status.gaps,
        frames=status.frames,
        frames_refused=status.frames_refused,
        trades=status.trades,
        maker_fee_basis_points=maker,
        taker_fee_basis_points=taker,
        takes_orders=trading is not None,
        is_ready=trading is not None and trading.is_ready,
        open_orders=0 if trading is None else len(trading.own.open_orders()),
        breaks=0 if trading is None else len(trading.breaks),
        takes_block_rfqs=trading is not None and trading.block_rfqs is not None and trading.block_rfqs.is_offered,
    )
    return f"venue_link.{venue.name}", _encode(frame)


def _perpetual_fees(books: VenueBooks) -> tuple[float | None, float | None]:
    """(maker, taker) in basis points of the first perpetual that the venue names fees of."""
    for instrument in books.instruments():
        if instrument.name.endswith("-PERPETUAL") and instrument.maker_fee is not None:
            taker = instrument.taker_fee
            return float(instrument.maker_fee / BASIS_POINT), None if taker is None else float(taker / BASIS_POINT)
    return None, None
