"""Order sessions: SoupBinTCP on loopback. A login takes the account over from a connection that it had before."""

import asyncio
import hmac
import logging
from collections.abc import Callable, Mapping

from parley_core import ouch

from venues.equities.accounts import Account
from venues.equities.clock import MarketClock
from venues.equities.faults import AnyAction, CutAfter, Disconnect, Faults, RefuseConnections, Silence
from venues.equities.order_connection import Connection, Cut
from venues.equities.order_desk import OrderDesk
from venues.equities.reasons import Cancel

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
CONNECTIONS_MAX = 64
CLOSE_SECONDS_MAX = 1.0
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
        self._settle = settle
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

    async def close(self) -> None:
        """Nobody is let in any more; what was written still has a moment to leave."""
        self._server.close()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CLOSE_SECONDS_MAX
        while self._connections and loop.time() < deadline:  # noqa: ASYNC110 - the last steps of the process
            await asyncio.sleep(CLOSE_SECONDS_MAX / 100)

    def beat(self) -> None:
        """Heartbeats where they are due; who is silent for 15 seconds is cut."""
        for connection in list(self._connections):
            connection.beat()

    def settle(self) -> None:
        self._settle()

    def is_open(self, user: str) -> bool:
        return user in self._current

    def admit(self, connection: Connection) -> bool:
        self._connections.add(connection)
        return len(self._connections) <= CONNECTIONS_MAX and asyncio.get_running_loop().time() >= self._refuses_until

    def find_account(self, user: str, password: str) -> Account | None:
        """Names and passwords do not distinguish case, as SoupBinTCP says."""
        account = self.accounts.get(user.upper())
        if account is None or not hmac.compare_digest(account.password.upper().encode(), password.upper().encode()):
            return None
        return account

    def take_over(self, account: Account, connection: Connection) -> None:
        """The account is this connection's; one that it had before is lost."""
        if before := self._current.get(account.user):
            self.leave(before, "another login")
        self._current[account.user] = connection
        account.listen = connection.pump

    def leave(self, connection: Connection, why: str) -> None:
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
            self._settle()
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
