"""Accepts the connections of FIX clients, in the clear or by TLS, and bounds how many are at their handshake."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable

from gateway.fix.server import CONNECTIONS_MAX, LOGON_SECONDS

log = logging.getLogger(__name__)

HANDSHAKES_MAX = CONNECTIONS_MAX
"""Of TLS, of all clients at once: they may all come back together. A connection beyond is closed; one that has its TLS
is bounded by ``server`` instead, as those in the clear are.
"""
TLS_END_SECONDS = 2.0
"""The end of TLS waits for the client no longer."""
AGAIN_SECONDS = 0.1
"""After an accept that failed: there may be no descriptor free."""


class Acceptor:
    """Listens from the start, accepts while ``run`` runs; ``port`` is the one that it got."""

    def __init__(
        self, host: str, port: int, tls: ssl.SSLContext | None, connect: Callable[[], asyncio.Protocol]
    ) -> None:
        """``port`` 0: any free one. ``connect`` makes the protocol of each connection. Raises OSError."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        self._socket.setblocking(False)
        self._tls, self._connect = tls, connect
        self._handshakes = set[asyncio.Task[None]]()
        self.port = int(self._socket.getsockname()[1])

    async def run(self) -> None:
        """Until canceled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    line, address = await loop.sock_accept(self._socket)
                except OSError as error:
                    log.warning("fix: a connection was not accepted: %s", error)
                    await asyncio.sleep(AGAIN_SECONDS)
                else:
                    self._take(line, str(address[0]))
                    await asyncio.sleep(0)
        finally:
            self._socket.close()
            for task in self._handshakes:
                task.cancel()

    def _take(self, line: socket.socket, address: str) -> None:
        if self._tls and len(self._handshakes) >= HANDSHAKES_MAX:
            log.warning("fix: too_many_handshakes: %d go on, one of %s is refused", HANDSHAKES_MAX, address)
            line.close()
            return
        task = asyncio.create_task(self._greet(line, address))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _greet(self, line: socket.socket, address: str) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._connect,
                line,
                ssl=self._tls,
                ssl_handshake_timeout=LOGON_SECONDS if self._tls else None,
                ssl_shutdown_timeout=TLS_END_SECONDS if self._tls else None,
            )
        except OSError as error:
            log.warning("fix: a connection of %s came to no TLS: %s", address, error)
