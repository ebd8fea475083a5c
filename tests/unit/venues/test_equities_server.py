"""Order sessions of the equities venue by a clock of the test: silence, heartbeats, and a client that does not read."""

import asyncio
from typing import Any

import parley_core
import pytest
from parley_core import ouch

from tests.unit.venues.equities_desk import Desk, enter
from venues.equities.accounts import State
from venues.equities.clock import MarketClock
from venues.equities.order_connection import Connection
from venues.equities.order_server import OrderServer

SECOND = 1_000_000_000


class Wire(asyncio.Transport):
    """What the venue writes, and whether it has closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.is_closed = True

    def take(self) -> bytes:
        taken, self.written = self.written, b""
        return taken


class Session:
    """A client that is logged in, on a venue whose monotonic clock stands at ``now_ns``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = SECOND
        monkeypatch.setattr("venues.equities.order_connection.time.monotonic_ns", lambda: self.now_ns)
        self.desk = Desk()
        self.server = OrderServer(
            {"DESK": self.desk.account}, self.desk.orders, self.desk.faults, MarketClock(),
            cancels_on_disconnect=True, settle=lambda: None,
        )  # fmt: skip
        self.server.begin("DAY1")
        self.connection, self.wire, self.client = Connection(self.server), Wire(), parley_core.SoupClient()
        self.connection.connection_made(self.wire)
        self.connection.data_received(self.client.login("DESK", "secret", self.now_ns))
        self.client.push(self.wire.take(), self.now_ns)
        assert self.client.state == "open"

    def send(self, request: ouch.Request) -> list[ouch.Event]:
        self.connection.data_received(self.client.send(ouch.encode(request), self.now_ns))
        return self.read()

    def read(self) -> list[ouch.Event]:
        return [ouch.decode_event(message) for _, message in self.client.push(self.wire.take(), self.now_ns)]


@pytest.fixture
async def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    return Session(monkeypatch)


async def test_a_silent_client_is_cut_after_fifteen_seconds_and_its_orders_go(session: Session) -> None:
    session.send(enter(1, "B", 10, 10_000))
    session.now_ns += 15 * SECOND - 1
    session.server.beat()
    assert not session.wire.is_closed
    assert session.desk.account.orders[1].state is State.LIVE
    session.now_ns += 1
    session.server.beat()
    assert session.wire.is_closed
    assert session.desk.account.orders[1].state is State.CANCELED


async def test_a_heartbeat_of_the_client_keeps_it(session: Session) -> None:
    for _ in range(20):
        session.now_ns += SECOND
        session.connection.data_received(session.client.on_time(session.now_ns))
        session.server.beat()
    assert not session.wire.is_closed


async def test_the_venue_says_something_every_second(session: Session) -> None:
    session.now_ns += SECOND - 1
    session.server.beat()
    assert session.wire.take() == b""
    session.now_ns += 1
    session.server.beat()
    assert session.wire.take() == parley_core.soup_encode("H")


async def test_a_client_that_does_not_read_is_told_later(session: Session) -> None:
    session.connection.pause_writing()
    assert session.send(enter(1, "B", 10, 10_000)) == []
    session.connection.resume_writing()
    assert [type(event).__name__ for event in session.read()] == ["OrderAccepted"]


async def test_bytes_that_are_no_session_cut_it(session: Session) -> None:
    session.send(enter(1, "B", 10, 10_000))
    session.connection.data_received(b"\0\0")
    assert session.wire.is_closed
    assert session.desk.account.orders[1].state is State.CANCELED
    assert session.send(enter(2, "B", 10, 10_000)) == []
    assert list(session.desk.account.orders) == [1]


async def test_a_connection_without_a_login_is_cut(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    idle, wire = Connection(session.server), Wire()
    idle.connection_made(wire)
    idle.beat()
    assert not wire.is_closed
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda real=loop.time: real() + 16.0)
    idle.beat()
    assert wire.is_closed


async def test_more_connections_than_may_be_are_not_let_in(session: Session) -> None:
    wires = []
    for _ in range(64):
        wires.append(Wire())
        Connection(session.server).connection_made(wires[-1])
    assert [wire.is_closed for wire in wires] == [False] * 63 + [True]
