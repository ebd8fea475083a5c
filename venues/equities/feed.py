"""The feed: MoldUDP64 datagrams to everybody who was named, and answers to requests for what was missed."""

import asyncio
import logging
import random
import socket
import time
from collections.abc import Sequence

import parley_core

from venues.equities.faults import DropDatagrams, DuplicateDatagrams, Faults, IgnoreGapRequests, ReorderDatagrams
from venues.equities.session_store import SessionStore

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
HEADER_BYTES = 20
DATAGRAM_MAX = 1_472
"""Bytes that fit into an Ethernet frame."""
HEARTBEAT_NS = 1_000_000_000
END_TOLD_NS = 10 * HEARTBEAT_NS
"""For so long the end of a session is told instead of heartbeats."""
SEND_BUFFER_BYTES = 4 << 20
SESSIONS_KEPT = 2
"""The one that runs and the one before it, whose last messages somebody may still miss."""

Address = tuple[str, int]


class Feed:
    """``publish`` collects, ``flush`` numbers, keeps and sends. Raises OSError where a socket or the disk fails."""

    def __init__(self, destinations: Sequence[Address], faults: Faults, seed: int, messages_max: int) -> None:
        self._destinations = list(destinations)
        self._faults = faults
        self._chance = random.Random(f"feed {seed}")  # noqa: S311 - which datagrams are lost is no secret
        self._messages_max = messages_max
        self._socket = _open_socket()
        self._pending: list[bytes] = []
        self._stores: dict[str, SessionStore] = {}
        self._held: list[bytes] = []
        self._sent_at_ns = self._ended_at_ns = 0
        self.session = ""
        self.is_running = False
        self.datagrams = 0

    def begin(self, session: str) -> None:
        """A new session from message 1 on."""
        assert not self.is_running
        self.session, self.is_running = session, True
        self._stores[session] = SessionStore()
        while len(self._stores) > SESSIONS_KEPT:
            self._stores.pop(next(iter(self._stores))).close()

    @property
    def messages(self) -> int:
        return self._stores[self.session].count if self.session else 0

    @property
    def is_full(self) -> bool:
        """As many messages are kept as may be: the session should end."""
        return self.messages >= self._messages_max

    def publish(self, message: bytes) -> None:
        assert self.is_running
        self._pending.append(message)

    def flush(self) -> None:
        """Sends what was published, as few datagrams as hold it."""
        if not self._pending:
            return
        messages, self._pending = self._pending, []
        first = self._stores[self.session].append(messages)
        for datagram in parley_core.mold_pack(self.session, first, messages, DATAGRAM_MAX):
            self._send(datagram)

    def beat(self, now_ns: int) -> None:
        """A heartbeat where nothing was sent for a second, the end again after the end; ``now_ns`` of the monotonic
        clock.
        """
        if now_ns - self._sent_at_ns < HEARTBEAT_NS:
            return
        if self.is_running:
            self._say(parley_core.mold_heartbeat(self.session, self.messages + 1))
        elif self.session and now_ns - self._ended_at_ns < END_TOLD_NS:
            self._tell_end()

    def end(self) -> None:
        self.flush()
        self.is_running = False
        self._ended_at_ns = time.monotonic_ns()
        self._tell_end()

    def _tell_end(self) -> None:
        self._say(parley_core.mold_end_of_session(self.session, self.messages + 1))

    def close(self) -> None:
        self._socket.close()
        for store in self._stores.values():
            store.close()

    def answer(self, request: bytes, datagrams_max: int) -> list[bytes]:
        """The datagrams that answer a request; none where it is none, or of what is not there."""
        if self._faults.take(IgnoreGapRequests):
            return []
        try:
            session, first, count = parley_core.mold_read_request(request)
        except ValueError as error:
            log.warning("feed: no request for messages: %s", error)
            return []
        name = session.decode("ascii", "replace").strip()
        store = self._stores.get(name)
        messages = store.read(first, count, datagrams_max * (DATAGRAM_MAX - HEADER_BYTES)) if store else []
        return parley_core.mold_pack(name, first, messages, DATAGRAM_MAX)[:datagrams_max]

    def is_lost(self) -> bool:
        """Planned: whether the next datagram is lost."""
        lost = self._faults.take(DropDatagrams)
        return lost is not None and self._chance.random() < lost.share

    def _say(self, datagram: bytes) -> None:
        """A datagram without messages, which no planned misbehavior concerns."""
        self._sent_at_ns = time.monotonic_ns()
        self._to_all(datagram)
        self._release()

    def _send(self, datagram: bytes) -> None:
        self._sent_at_ns = time.monotonic_ns()
        if self.is_lost():
            return
        late = self._faults.take(ReorderDatagrams)
        if late is not None and self._chance.random() < late.share:
            self._held.append(datagram)
            return
        twice = self._faults.take(DuplicateDatagrams)
        times = 2 if twice is not None and self._chance.random() < twice.share else 1
        for _ in range(times):
            self._to_all(datagram)
        self._release()

    def _release(self) -> None:
        while self._held:
            self._to_all(self._held.pop(0))

    def _to_all(self, datagram: bytes) -> None:
        """To each destination; a full buffer or nobody who listens loses it, as a network would."""
        self.datagrams += 1
        for address in self._destinations:
            try:
                self._socket.sendto(datagram, address)
            except (BlockingIOError, ConnectionRefusedError):
                continue


class GapServer(asyncio.DatagramProtocol):
    """Answers requests, each with at most so many datagrams to the address that it came from."""

    def __init__(self, feed: Feed, datagrams_max: int) -> None:
        self._feed = feed
        self._datagrams_max = datagrams_max
        self._transport: asyncio.DatagramTransport
        self.requests = 0

    async def open(self, port: int) -> int:
        """The port that it listens on. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, port))
        return int(self._transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        self.requests += 1
        for datagram in self._feed.answer(data, self._datagrams_max):
            if not self._feed.is_lost():
                self._transport.sendto(datagram, addr)

    def close(self) -> None:
        self._transport.close()


def _open_socket() -> socket.socket:
    """For loopback and for groups that stay on this machine."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(HOST))
    return opened
