"""One front of an exchange: polls quickfix, carries out what clients ask for, tells what happened."""

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

from venues.simulator.exchange import Exchange
from venues.simulator.faults import (
    AnyAction,
    Disconnect,
    ExpectAgain,
    Faults,
    RefuseConnections,
    ShiftNumbers,
    Silence,
)
from venues.simulator.fix.acceptor import Acceptor, Field, Incoming
from venues.simulator.fix.market import Market
from venues.simulator.fix.orders import Orders

POLL_SECONDS = 0.005
FLUSH_SECONDS = 0.2
HELD_MAX = 100_000
"""Messages that wait for the end of a silence; more are forgotten."""


class FixFront:
    """``run`` until it is canceled; ``close`` afterwards. The session of a client is TargetCompID = its id."""

    def __init__(
        self, exchange: Exchange, faults: Faults, secrets: dict[str, str], port: int, store: Path | None
    ) -> None:
        """Raises quickfix.ConfigError, quickfix.RuntimeError where the port cannot be used."""
        self._exchange = exchange
        self._acceptor = Acceptor(exchange.profile.name.upper(), secrets, port, store)
        self.market = Market(exchange, faults, self._acceptor)
        self._orders = Orders(exchange, faults, self._acceptor)
        self.market.send = self._orders.send = self._send
        self._table = self.market.table() | self._orders.table()
        self._held: deque[tuple[str, str, list[Field]]] = deque(maxlen=HELD_MAX)
        self._quiet_until = self._refuse_until = 0.0
        faults.at_once.append(self._misbehave)

    def close(self) -> None:
        self._acceptor.close()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        flushed_at = loop.time()
        while True:
            await asyncio.sleep(POLL_SECONDS)
            self.step(loop.time())
            if loop.time() - flushed_at >= FLUSH_SECONDS:
                flushed_at = loop.time()
                self.market.flush()

    def step(self, now: float) -> None:
        """Reads, and answers; during a silence neither."""
        if now < self._quiet_until:
            return
        while self._held:
            self._acceptor.send(*self._held.popleft())
        application = self._acceptor.application
        application.refuses_logons = now < self._refuse_until
        self._acceptor.poll()
        while application.left:
            self.market.left(application.left.popleft())
        while application.came:
            self._take(application.came.popleft())

    def _take(self, message: Incoming) -> None:
        handle = self._table.get(message.type)
        if handle is None:
            body: list[Field] = [(45, message.find(34)), (372, message.type), (380, "3"), (58, "unsupported_message")]
            self._send(message.client_id, "j", body)
            return
        handle(self._exchange.clients[message.client_id], message)

    def _send(self, client_id: str, kind: str, fields: list[Field]) -> None:
        if asyncio.get_running_loop().time() < self._quiet_until:
            self._held.append((client_id, kind, fields))
        else:
            self._acceptor.send(client_id, kind, fields)

    def _misbehave(self, action: AnyAction) -> None:
        now = asyncio.get_running_loop().time()
        match action:
            case Disconnect():
                self._each(self._acceptor.cut)
            case RefuseConnections():
                self._refuse_until = now + action.seconds
                self._each(self._acceptor.cut)
            case Silence():
                self._quiet_until = now + action.seconds
            case ShiftNumbers():
                self._each(lambda client: self._acceptor.shift_sent(client, action.by))
            case ExpectAgain():
                self._each(lambda client: self._acceptor.expect_again(client, action.count))

    def _each(self, do: Callable[[str], None]) -> None:
        for client_id in self._acceptor.clients:
            do(client_id)
