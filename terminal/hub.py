"""One hub per web process: market data and facts come in once and go out to every socket that wants them.

Market and risk frames arrive over Valkey pub/sub, facts and revocations over PostgreSQL LISTEN. Nothing passes the
channel layer. Whatever connection is lost is made again, and what was missed meanwhile is read.
"""

import asyncio
import contextlib
import datetime as dt
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import msgspec
import psycopg
import redis
import redis.asyncio
from django.conf import settings
from django.db import Error, connection

from common import clock, db
from streams import selectors as streams_selectors
from terminal import limits, presence, principal
from terminal.fact_feed import FirmFeed, Reader
from terminal.market_feed import MarketFeed, Subscriber
from terminal.principal import Principal
from wire import transport
from wire.limits import MARKET_FRAMES_PER_SECOND_MAX

log = logging.getLogger(__name__)

T = TypeVar("T")
FLUSH_SECONDS = 1 / MARKET_FRAMES_PER_SECOND_MAX
_decode_frames = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode


class Socket(Subscriber, Reader, Protocol):
    principal: Principal

    def revoke(self) -> None:
        """Close: the session, the key or the role is not what it was."""

    def check(self, now: float) -> None:
        """Close if the client has stopped reading."""


class Hub:
    """Lives on one event loop. ``start`` once; sockets ``join`` and ``leave``."""

    def __init__(self) -> None:
        self.market = MarketFeed()
        self.sockets: set[Socket] = set()
        self._feeds: dict[int, FirmFeed] = {}
        self._threads = ThreadPoolExecutor(limits.READ_THREADS_MAX, thread_name_prefix="hub")
        self._market_changed = asyncio.Event()
        self._facts_announced = asyncio.Event()
        self._sessions_doubted = asyncio.Event()
        self._presence_doubted = asyncio.Event()
        self._presence_said = asyncio.Event()
        """No word is on its way of whose sockets are here."""
        self._presence_said.set()
        self._process = str(uuid.uuid4())
        """What this web process is called where it says that it holds a session's sockets."""
        self._leaving: set[asyncio.Future[bool]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loops = (
            ("market", self._hear_market),
            ("flush", self._flush_market),
            ("notices", self._hear_notices),
            ("facts", self._fetch_facts),
            ("watch", self._watch_sockets),
            ("presence", self._tell_presence),
        )
        self._tasks = [asyncio.create_task(_forever(name, loop), name=f"hub {name}") for name, loop in loops]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def read(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a synchronous read of the database in one of the hub's threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _with_connection, function, *arguments)

    def join(self, socket: Socket) -> None:
        self.sockets.add(socket)
        self._presence_doubted.set()

    def leave(self, socket: Socket) -> None:
        """The last socket of a session here says so at once; see ``rfq.services.sessions``."""
        self.sockets.discard(socket)
        name = socket.principal.actor.session
        if name and all(other.principal.actor.session != name for other in self.sockets):
            leaving = asyncio.ensure_future(self._tell_leaving(name, clock.now()))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._left)

    def _left(self, leaving: "asyncio.Future[bool]") -> None:
        self._leaving.discard(leaving)
        if not leaving.cancelled() and leaving.exception() is not None:
            log.warning("a session's end is left to the timers: %s", leaving.exception())

    async def _tell_leaving(self, name: str, at: dt.datetime) -> bool:
        """After the word under way that it is here; one that comes back meanwhile is said to be here once more."""
        await self._presence_said.wait()
        is_withdrawn = await self.read(presence.leave, name, self._process, at)
        self._presence_doubted.set()
        return is_withdrawn

    async def _tell_presence(self) -> None:
        """Say every second, and at each new socket, whose sockets are here."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._presence_doubted.wait(), limits.PRESENCE_SECONDS)
            self._presence_doubted.clear()
            names = {socket.principal.actor.session for socket in self.sockets} - {""}
            if names:
                await self._say_presence(sorted(names))

    async def _say_presence(self, names: list[str]) -> None:
        self._presence_said.clear()
        try:
            await self.read(presence.say, names, self._process)
        finally:
            self._presence_said.set()

    def follow(self, firm_id: int, reader: Reader, sequence: int) -> FirmFeed:
        """The firm's feed, for a reader that knows that the stream has reached ``sequence``."""
        feed = self._feeds.get(firm_id)
        if feed is None:
            feed = self._feeds[firm_id] = FirmFeed(firm_id, sequence)
            self._announce(firm_id, sequence + 1)
        else:
            self._announce(firm_id, sequence)
        feed.readers.add(reader)
        return feed

    def unfollow(self, feed: FirmFeed, reader: Reader) -> None:
        feed.readers.discard(reader)
        if not feed.readers and self._feeds.get(feed.firm_id) is feed:
            del self._feeds[feed.firm_id]

    async def _hear_market(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.VALKEY_URL, socket_connect_timeout=5, health_check_interval=5)
        async with client, client.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(transport.MARKET_CHANNEL, transport.RISK_CHANNEL)
            await self._load_latest(client)
            reload_at = time.monotonic() + limits.LATEST_RELOAD_SECONDS
            while True:
                message = await channel.get_message(timeout=1.0)
                if message is not None:
                    self._take_frames(message["data"])
                if time.monotonic() >= reload_at:
                    await self._load_latest(client)
                    reload_at = time.monotonic() + limits.LATEST_RELOAD_SECONDS

    async def _load_latest(self, client: redis.asyncio.Redis) -> None:
        stored: Any = await client.hgetall(transport.MARKET_LATEST)
        latest: dict[str, bytes] = {key.decode(): frame for key, frame in stored.items()}
        if latest:
            self.market.forget_all_but(set(latest))
            self.market.take(latest.items())
            self._market_changed.set()

    def _take_frames(self, data: bytes) -> None:
        try:
            frames = _decode_frames(data)
        except msgspec.DecodeError as error:
            log.warning("a market batch is malformed and was dropped: %s", error)
            return
        self.market.take(frames)
        self._market_changed.set()

    async def _flush_market(self) -> None:
        """At most MARKET_FRAMES_PER_SECOND_MAX times a second on average, and at once after a quiet time.

        ``due`` follows the rhythm of what comes in, so that a source as fast as the limit is not held up by it.
        """
        due = time.monotonic()
        while True:
            await self._market_changed.wait()
            await asyncio.sleep(due - time.monotonic())
            self._market_changed.clear()
            due = max(due + FLUSH_SECONDS, time.monotonic())
            self.market.flush()

    async def _hear_notices(self) -> None:
        notices = await psycopg.AsyncConnection.connect(
            **db.connection_parameters(), autocommit=True, connect_timeout=5, keepalives_idle=5
        )
        async with notices:
            await notices.execute(f"LISTEN {transport.FACTS_NOTIFY}")
            await notices.execute(f"LISTEN {transport.REVOKED_NOTIFY}")
            for feed in self._feeds.values():
                self._announce(feed.firm_id, feed.announced + 1)
            async for notice in notices.notifies():
                if notice.channel == transport.FACTS_NOTIFY:
                    firm_id, _, sequence = notice.payload.partition(":")
                    self._announce(int(firm_id), int(sequence))
                else:
                    self._sessions_doubted.set()

    def _announce(self, firm_id: int, sequence: int) -> None:
        feed = self._feeds.get(firm_id)
        if feed is not None and sequence > feed.fetched:
            feed.announced = max(feed.announced, sequence)
            self._facts_announced.set()

    async def _fetch_facts(self) -> None:
        """Read what was announced; once a second look at the heads, should an announcement have been lost."""
        while True:
            try:
                await asyncio.wait_for(self._facts_announced.wait(), limits.HEADS_CHECK_SECONDS)
            except TimeoutError:
                heads = await self.read(streams_selectors.heads, list(self._feeds)) if self._feeds else {}
                for firm_id, sequence in heads.items():
                    self._announce(firm_id, sequence)
            self._facts_announced.clear()
            await self._fetch()

    async def _fetch(self) -> None:
        """Until no feed is behind. One read for many firms: an event of the desk is a fact of twenty at once."""
        while behind := [feed for feed in self._feeds.values() if feed.is_behind][: limits.FEEDS_READ_MAX]:
            announced = [feed.announced for feed in behind]
            positions = {feed.firm_id: feed.fetched for feed in behind}
            found = await self.read(streams_selectors.facts_after_each, positions)
            for feed, known in zip(behind, announced, strict=True):
                facts = found.get(feed.firm_id, [])
                feed.take(facts)
                if len(facts) < streams_selectors.FACTS_READ_MAX and feed.announced == known:
                    feed.announced = feed.fetched

    async def _watch_sockets(self) -> None:
        """Close sockets whose session or key has ended, and those whose client has stopped reading."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._sessions_doubted.wait(), limits.REVOCATION_CHECK_SECONDS)
            self._sessions_doubted.clear()
            sockets = list(self.sockets)
            now = time.monotonic()
            for socket in sockets:
                socket.check(now)
            if sockets:
                ended = set(map(id, await self.read(principal.find_ended, [socket.principal for socket in sockets])))
                for socket in sockets:
                    if id(socket.principal) in ended:
                        socket.revoke()


async def _forever(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """Run ``loop`` again whenever it fails, with growing pauses."""
    pause = limits.RECONNECT_SECONDS_MIN
    while True:
        began = time.monotonic()
        try:
            await loop()
        except (redis.RedisError, psycopg.Error, Error, OSError) as error:
            log.warning("hub %s: %s", name, str(error).strip() or type(error).__name__)
        except Exception:
            log.exception("hub %s failed", name)
        if time.monotonic() - began > limits.RECONNECT_SECONDS_MAX:
            pause = limits.RECONNECT_SECONDS_MIN
        await asyncio.sleep(pause)
        pause = min(pause * 2, limits.RECONNECT_SECONDS_MAX)


def _with_connection(function: Callable[..., T], *arguments: Any) -> T:
    """Give the connection back to the pool after the read."""
    try:
        return function(*arguments)
    finally:
        connection.close()


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def get_hub() -> Hub:
    """The hub of the running event loop, started at first use."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        for gone in [other for other in _hubs if other.is_closed()]:
            del _hubs[gone]
        hub = _hubs[loop] = Hub()
        hub.start()
    return hub
