"""One connection of an order session: SoupBinTCP as far as bytes, and the planned misbehavior of them."""

import asyncio
import logging
import time
from typing import Protocol

import parley_core

from venues.equities.accounts import Account
from venues.equities.clock import MarketClock
from venues.equities.faults import CutAfter, DelayReports, Faults
from venues.equities.order_desk import OrderDesk

log = logging.getLogger(__name__)

LOGIN_SECONDS_MAX = 15.0
END_SECONDS = 0.5
"""Between the end of a session and the close of its connection."""
WRITE_BYTES = 64 << 10
"""Messages are gathered up to so many bytes."""
NO_FLAW = "none"
NOT_AUTHORIZED, NO_SUCH_SESSION = "A", "S"


class Cut:
    """What is left until a planned cut."""

    def __init__(self) -> None:
        self._times = self._bytes = self._left = 0

    def plan(self, action: CutAfter) -> None:
        self._times, self._bytes, self._left = action.count, action.bytes, action.bytes

    def pass_through(self, data: bytes) -> tuple[bytes, bool]:
        """(what still passes, whether the connection is cut behind it)."""
        if self._times == 0:
            return data, False
        if len(data) < self._left:
            self._left -= len(data)
            return data, False
        passed = data[: self._left]
        self._times, self._left = self._times - 1, self._bytes
        return passed, True


class Host(Protocol):
    """What a connection wants of the server that accepted it. ``session``: the day's, empty where there is none."""

    desk: OrderDesk
    faults: Faults
    clock: MarketClock
    cuts: dict[str, Cut]
    session: str

    def settle(self) -> None:
        """What requests did to the books is sent."""
        ...

    def admit(self, connection: "Connection") -> bool:
        """Whether it may stay."""
        ...

    def find_account(self, user: str, password: str) -> Account | None: ...

    def take_over(self, account: Account, connection: "Connection") -> None:
        """The account is this connection's."""
        ...

    def leave(self, connection: "Connection", why: str) -> None:
        """It is over."""
        ...


class Connection(asyncio.Protocol):
    """One client's connection. ``account`` once it is logged in."""

    def __init__(self, server: Host) -> None:
        self._server = server
        self._soup = parley_core.SoupServer()
        self._transport: asyncio.Transport
        self._opened_at = 0.0
        self._is_paused = False
        self._is_late = False
        self._is_silent = False
        self._weighed = 0
        self._is_over = False
        self.account: Account | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._opened_at = asyncio.get_running_loop().time()
        if not self._server.admit(self):
            self._leave("not let in")

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        passed, is_cut = self._server.cuts["in"].pass_through(data)
        messages = self._soup.push(passed, time.monotonic_ns())
        if self._soup.state == "logging_in":
            self._login()
        if self.account is not None and self._server.session:
            at_ns = self._server.clock.now_ns()
            for message in messages:
                self._server.desk.handle(self.account, message, at_ns)
            self._server.settle()
        if is_cut:
            self._leave("cut as planned")
        elif self._soup.flaw != NO_FLAW:
            self._leave(self._soup.flaw)
        elif self._soup.state == "ended":
            self._leave("logged out")

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave("closed by the client" if exc is None else str(exc))

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self.pump()

    def beat(self) -> None:
        if self._is_over:
            return
        if self.account is None:
            if asyncio.get_running_loop().time() - self._opened_at > LOGIN_SECONDS_MAX:
                self._leave("no login")
            return
        heartbeat = self._soup.on_time(time.monotonic_ns())
        if self._soup.flaw != NO_FLAW:
            self._leave(self._soup.flaw)
        elif heartbeat and not self._is_silent:
            self._write(heartbeat)

    def pump(self) -> None:
        """Sends what the account's session has and this connection has not sent."""
        account = self.account
        if account is None:
            return
        pieces: list[bytes] = []
        size = 0
        while self._soup.next_sequence <= len(account.events) and self._may_send():
            piece = self._soup.send(account.events[self._soup.next_sequence - 1], time.monotonic_ns())
            pieces.append(piece)
            size += len(piece)
            if size >= WRITE_BYTES:
                self._write(b"".join(pieces))
                pieces, size = [], 0
        if pieces:
            self._write(b"".join(pieces))

    def fall_silent(self, seconds: float) -> None:
        """Neither reads nor writes for so long."""
        self._is_silent = True
        self._transport.pause_reading()
        asyncio.get_running_loop().call_later(seconds, self._speak_again)

    def end_session(self) -> None:
        """Says that the day is over; the client closes, or else the venue a moment later."""
        if self._soup.state == "open":
            self.pump()
            self._write(self._soup.end_session(time.monotonic_ns()))
        self._is_over = True
        if not self._transport.is_closing():
            self._transport.write_eof()
        asyncio.get_running_loop().call_later(END_SECONDS, self.drop)

    def drop(self) -> None:
        """Cut; what was written leaves first where the other side still takes it."""
        self._is_over = True
        if self._is_paused:
            self._transport.abort()
        else:
            self._transport.close()

    def _login(self) -> None:
        request = self._soup.login_request
        assert request is not None
        user, password, session, sequence = request
        account = self._server.find_account(user, password)
        if account is None:
            self._refuse(user, NOT_AUTHORIZED)
            return
        if not self._server.session or session not in ("", account.session):
            self._refuse(user, NO_SUCH_SESSION)
            return
        if sequence > len(account.events) + 1:
            self._refuse(user, NO_SUCH_SESSION)
            return
        self._server.take_over(account, self)
        first = sequence or max(1, len(account.events))
        self._write(self._soup.accept(account.session, first, time.monotonic_ns()))
        self.account = account
        log.info("%s: logged in from message %d of %s", user, first, account.session)
        self.pump()

    def _refuse(self, user: str, reason: str) -> None:
        log.warning("%s: login refused: %s", user, reason)
        self._write(self._soup.reject(reason, time.monotonic_ns()))
        self._leave("login refused")

    def _may_send(self) -> bool:
        """Whether the next message leaves now. Each is asked about once whether it is late, as planned."""
        if self._is_over or self._is_paused or self._is_silent or self._is_late:
            return False
        if self._soup.next_sequence == self._weighed:
            return True
        self._weighed = self._soup.next_sequence
        late = self._server.faults.take(DelayReports)
        if late is not None:
            self._is_late = True
            asyncio.get_running_loop().call_later(late.seconds, self._send_late)
        return late is None

    def _send_late(self) -> None:
        self._is_late = False
        self.pump()

    def _speak_again(self) -> None:
        self._is_silent = False
        if not self._is_over:
            self._transport.resume_reading()
            self.pump()

    def _write(self, data: bytes) -> None:
        passed, is_cut = self._server.cuts["out"].pass_through(data)
        self._transport.write(passed)
        if is_cut:
            self._is_over = True
            asyncio.get_running_loop().call_soon(self._leave, "cut as planned")

    def _leave(self, why: str) -> None:
        self._server.leave(self, why)
