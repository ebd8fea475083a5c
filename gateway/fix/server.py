"""TCP connections of FIX clients: bounded in number, in bytes and in the time they have until they log on."""

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from gateway.fix.framing import Splitter, TooLong
from gateway.fix.line import Line
from gateway.fix.tls import names_of

log = logging.getLogger(__name__)

CONNECTIONS_MAX = 256
LOGON_SECONDS = 10.0
"""From the connection to a whole first message."""
UNSENT_BYTES_MAX = 16 << 20
"""A client that does not read is cut off when so much waits for it."""

FindLine = Callable[[dict[bytes, bytes]], Line | None]
"""The line that a first message belongs to, by its fields 8, 49 and 56."""


class Connection(asyncio.Protocol):
    """Belongs to no session until its first message, a logon, names one that has no other connection."""

    def __init__(self, find_line: FindLine, open_connections: set["Connection"]) -> None:
        self._find_line, self._open = find_line, open_connections
        self._splitter = Splitter()
        self._line: Line | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._is_paused = False
        self._names: frozenset[str] | None = None
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._names = names_of(transport.get_extra_info("peercert"))
        self.address = str((transport.get_extra_info("peername") or ("",))[0])
        if len(self._open) >= CONNECTIONS_MAX:
            log.warning("fix: %d connections are open, one of %s is refused", CONNECTIONS_MAX, self.address)
            self._transport.abort()
            return
        self._open.add(self)
        self._deadline = asyncio.get_running_loop().call_later(LOGON_SECONDS, self.abort)

    def data_received(self, data: bytes) -> None:
        try:
            for raw in self._splitter.feed(data):
                self._take(raw)
        except TooLong as error:
            self._note("message_too_long", str(error))
            self.abort()
        except Exception:
            log.exception("fix: a connection of %s is closed", self.address)
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._open.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()
        self._transport = None
        if self._line is not None:
            self._line.lost(self)

    def transmit(self, data: bytes) -> None:
        if self._transport is None:
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            self._note("slow_reader", f"more than {UNSENT_BYTES_MAX} bytes wait to be read")
            self.abort()

    def finish(self) -> None:
        """Once: a transport of TLS that is closed twice can no longer be aborted."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        if self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def _take(self, raw: bytes) -> None:
        if self._line is None:
            self._begin(raw)
        if self._line is not None:
            self._line.receive(raw, self)

    def _begin(self, raw: bytes) -> None:
        """Give the connection to its line, or close it without a word."""
        fields = dict(part.split(b"=", 1) for part in raw.split(b"\x01") if b"=" in part)
        line = self._find_line(fields) if fields.get(b"35") == b"A" else None
        if line is None:
            log.warning("fix: a connection of %s names no session: closed", self.address)
            self.abort()
        elif self._names is not None and line.spec.sender not in self._names:
            line.note("logon_refused", f"wrong_certificate: of {', '.join(sorted(self._names))[:64]}")
            self.abort()
        elif not line.is_free:
            line.note("logon_refused", f"already_connected: a second connection from {self.address}")
            self.abort()
        else:
            if self._deadline is not None:
                self._deadline.cancel()
            self._line = line
            line.connected(self)

    def _note(self, event: str, detail: str) -> None:
        log.warning("fix: %s of %s: %s", event, self.address, detail)
        if self._line is not None:
            self._line.note(event, detail)
