"""One connection to a simulated venue: what it asked for, what waits to be sent to it, its heartbeat."""

import asyncio
import time
from typing import Any

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from venues.simulator.records import Client

WAITING_MAX = 20_000
"""Messages that may wait for a client that does not read; beyond them its connection is cut."""
CHANNELS_MAX = 2_000
HEARTBEAT_SECONDS_MIN, HEARTBEAT_SECONDS_MAX = 10, 3_600
REQUESTS_PER_SECOND, REQUESTS_AT_ONCE = 100.0, 500.0
_encode = msgspec.json.Encoder().encode


class Session:
    """``client`` None: nobody has signed in on this connection. ``quiet_until``: of the event loop's clock."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.client: Client | None = None
        self.channels: set[str] = set()
        self.heartbeat_seconds = 0
        self.heard_at = asyncio.get_running_loop().time()
        self.quiet_until = 0.0
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(WAITING_MAX)
        self._tokens, self._tokens_at = REQUESTS_AT_ONCE, self.heard_at

    def send(self, message: dict[str, Any]) -> None:
        """In order; cuts the connection where too much waits."""
        try:
            self._waiting.put_nowait(_encode(message))
        except asyncio.QueueFull:
            self.cut()

    def notify(self, channel: str, content: Any) -> None:
        params = {"channel": channel, "data": content}
        self.send({"jsonrpc": "2.0", "method": "subscription", "params": params})

    def answer(self, request_id: Any, outcome: dict[str, Any], began_ns: int) -> None:
        """``outcome``: {"result": …} or {"error": …}."""
        ended_ns = time.time_ns()
        times = {"usIn": began_ns // 1_000, "usOut": ended_ns // 1_000, "usDiff": (ended_ns - began_ns) // 1_000}
        self.send({"jsonrpc": "2.0", "id": request_id, **outcome, **times, "testnet": True})

    def allow_request(self) -> bool:
        """False where the client asks faster than the venue answers."""
        now = asyncio.get_running_loop().time()
        refilled = self._tokens + (now - self._tokens_at) * REQUESTS_PER_SECOND
        self._tokens, self._tokens_at = min(REQUESTS_AT_ONCE, refilled), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def cut(self) -> None:
        """Ends the connection without a closing handshake."""
        self.connection.transport.abort()

    async def wait_while_quiet(self) -> None:
        left = self.quiet_until - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)

    async def write(self) -> None:
        """Until the connection ends."""
        while True:
            message = await self._waiting.get()
            await self.wait_while_quiet()
            try:
                await self.connection.send(message, text=True)
            except ConnectionClosed:
                return

    async def beat(self) -> None:
        """Sends test requests; cuts a connection of which nothing is heard for two intervals."""
        while True:
            interval = self.heartbeat_seconds
            await asyncio.sleep(interval or 0.2)
            if not interval:
                continue
            now = asyncio.get_running_loop().time()
            if now - self.heard_at > 2 * interval:
                self.cut()
                return
            self.send({"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}})
