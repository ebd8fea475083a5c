"""Order sessions: SoupBinTCP on loopback. A login takes the account over from a connection that it had before."""

import asyncio
import hmac
import logging
import time
from collections.abc import Callable, Mapping

import parley_core
from parley_core import ouch

from venues.equities.accounts import Account
from venues.equities.clock import MarketClock
from venues.equities.faults import AnyAction, CutAfter, DelayReports, Disconnect, Faults, RefuseConnections, Silence
from venues.equities.order_desk import OrderDesk
from venues.equities.reasons import Cancel

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
CONNECTIONS_MAX = 64
LOGIN_SECONDS_MAX = 15.0
WRITE_BYTES = 64 << 10
"""Messages are gathered up to so many bytes."""
NOT_AUTHORIZED, NO_SUCH_SESSION = "A", "S"
START_OF_DAY, END_OF_DAY = "S", "E"


class OrderServer:
    """``settle`` is called once the requests that came together are handled: it sends what they did to the books."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        desk: OrderDesk,
        faults: Faults,
        clock: MarketClock,
        *,
        cancels_on_disconnect: bool,
        settle: Callable[[], None],
    ) -> None:
        self.accounts = accounts
        self.desk = desk
        self.faults = faults
        self.clock = clock
        self.settle = settle
        self._cancels_on_disconnect = cancels_on_disconnect
        self._connections: set[Connection] = set()
        self._current: dict[str, Connection] = {}
        self._refuses_until = 0.0
        self._server: asyncio.Server
        self.cuts = {"in": Cut(), "out": Cut()}
        self.session = ""
        faults.at_once.append(self._carry_out)

    async def open(self, port: int) -> int:
        """The port that it listens on. Raises OSError."""
        self._server = await asyncio.get_running_loop().create_server(lambda: Connection(self), HOST, port)
        return int(self._server.sockets[0].getsockname()[1])

    def begin(self, session: str) -> None:
        """A new day for every account."""
        self.session = session
        for account in self.accounts.values():
            account.begin(session)
            account.say(ouch.SystemEvent(timestamp_ns=self.clock.now_ns(), event_code=START_OF_DAY))

    def end(self) -> None:
        """The day ends: what rests is canceled, and every connection is told and closed."""
        for account in self.accounts.values():
            self.desk.cancel_all(account, Cancel.CLOSED, self.clock.now_ns())
            account.say(ouch.SystemEvent(timestamp_ns=self.clock.now_ns(), event_code=END_OF_DAY))
        self.session = ""
        for connection in list(self._connections):
            connection.end_session()

    def close(self) -> None:
        self._server.close()

    def beat(self) -> None:
        """Heartbeats where they are due; who is silent for 15 seconds is cut."""
        for connection in list(self._connections):
            connection.beat()

    def is_open(self, user: str) -> bool:
        return user in self._current

    def admit(self, connection: "Connection") -> bool:
        self._connections.add(connection)
        return len(self._connections) <= CONNECTIONS_MAX and asyncio.get_running_loop().time() >= self._refuses_until

    def find_account(self, user: str, password: str) -> Account | None:
        """Names and passwords do not distinguish case, as SoupBinTCP says."""
        account = self.accounts.get(user.upper())
        if account is None or not hmac.compare_digest(account.password.upper().encode(), password.upper().encode()):
            return None
        return account

    def take_over(self, account: Account, connection: "Connection") -> None:
        """The account is this connection's; one that it had before is lost."""
        if before := self._current.get(account.user):
            self.leave(before, "another login")
        self._current[account.user] = connection
        account.listen = connection.pump

    def leave(self, connection: "Connection", why: str) -> None:
        """The connection is over; what its account has in the books is canceled where the venue does so."""
        connection.drop()
        self._connections.discard(connection)
        account = connection.account
        if account is None or self._current.get(account.user) is not connection:
            return
        del self._current[account.user]
        account.listen = lambda: None
        canceled = 0
        if self._cancels_on_disconnect and self.session:
            canceled = self.desk.cancel_all(account, Cancel.SYSTEM, self.clock.now_ns())
            self.settle()
        log.info("%s: order session over (%s), %d orders canceled", account.user, why, canceled)

    def _carry_out(self, action: AnyAction) -> None:
        match action:
            case Disconnect():
                self._cut(action.user.upper())
            case CutAfter():
                self.cuts[action.direction].plan(action)
            case RefuseConnections():
                self._refuses_until = asyncio.get_running_loop().time() + action.seconds
                self._cut("")
            case Silence():
                for connection in self._connections:
                    connection.fall_silent(action.seconds)
            case _:
                pass

    def _cut(self, user: str) -> None:
        for connection in list(self._connections):
            if user == "" or (connection.account is not None and connection.account.user == user):
                self.leave(connection, "disconnected")


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


class Connection(asyncio.Protocol):
    """One client's connection. ``account`` once it is logged in."""

    def __init__(self, server: OrderServer) -> None:
        self._server = server
        self._soup = parley_core.SoupServer()
        self._transport: asyncio.Transport
        self._opened_at = 0.0
        self._is_paused = False
        self._is_held = False
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
        elif self._soup.state in ("failed", "ended"):
            self._leave(self._soup.flaw if self._soup.state == "failed" else "logged out")

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
        if self._soup.state == "failed":
            self._leave(self._soup.flaw)
        elif heartbeat and not self._is_held:
            self._write(heartbeat)

    def pump(self) -> None:
        """Sends what the account's session has and this connection has not sent."""
        account = self.account
        if account is None:
            return
        pieces, size = [], 0
        while not (self._is_over or self._is_paused or self._is_held) and self._soup.next_sequence <= len(
            account.events
        ):
            if self._is_late():
                break
            piece = self._soup.send(account.events[self._soup.next_sequence - 1], time.monotonic_ns())
            pieces.append(piece)
            size += len(piece)
            if size >= WRITE_BYTES:
                self._write(b"".join(pieces))
                pieces, size = [], 0
        if pieces:
            self._write(b"".join(pieces))

    def fall_silent(self, seconds: float) -> None:
        self._transport.pause_reading()
        self._hold(seconds)

    def end_session(self) -> None:
        """Says that the day is over, and closes."""
        if self._soup.state == "open":
            self.pump()
            self._write(self._soup.end_session(time.monotonic_ns()))
        self._is_over = True
        self._transport.close()

    def drop(self) -> None:
        """Cut; what was written leaves first where the other side still takes it."""
        self._is_over = True
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

    def _is_late(self) -> bool:
        """Planned: whether the next message waits. Each is asked about once."""
        if self._soup.next_sequence == self._weighed:
            return False
        self._weighed = self._soup.next_sequence
        late = self._server.faults.take(DelayReports)
        if late is not None:
            self._hold(late.seconds)
        return late is not None

    def _hold(self, seconds: float) -> None:
        self._is_held = True
        asyncio.get_running_loop().call_later(seconds, self._release)

    def _release(self) -> None:
        self._is_held = False
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
