"""A line to a FIX venue that is cut after every byte, in both directions: nothing lost, nothing twice (S06).

One venue, one client, one loop; a proxy counts bytes. Each round trades until the line is cut, waits until both sides
agree again, and compares everything. ``PARLEY_VENUE_CUTS``: so many cuts in each direction, or ``all``: after every byte;
without it a few, other ones each day.
"""

import asyncio
import contextlib
import datetime as dt
import os
from decimal import Decimal

import pytest

from gateway.venues import trading
from gateway.venues.api import NoAnswer, NotReady, Refused
from gateway.venues.fix import session as fix_session
from gateway.venues.fix import trading as fix_trading
from tests.integration.gateway.desks import shorten, wait_for
from tests.integration.gateway.fix_venue import QUOTES, assert_agrees, fix_desk, fix_venue, market, order
from wire.units import OrderState, Side

FAR = Decimal(89_000)
REACHED_MIN = 0.85
"""Of the offsets: a later exchange lists less, or writes shorter ids, and ends before the last of them."""
SAMPLES = 20
MESSAGES_MIN = 50
CUTS_A_VENUE = 40
"""A venue and an account begin anew after so many: comparing takes longer with every order."""


class Proxy:
    """Forwards until ``limit`` bytes of the chosen direction have passed on a connection, then cuts it."""

    def __init__(self, port: int, mark: bytes = b"\x0110=") -> None:
        """``mark``: once in each message."""
        self._target, self._mark = port, mark
        self.limit: tuple[str, int] | None = None
        self.passed = {"out": 0, "in": 0}
        self.messages = 0
        self.cuts = 0
        self._lines: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task] = set()

    async def open(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._server.close()
        self.cut_now()
        await asyncio.gather(*self._serving)
        await asyncio.sleep(0.01)  # an aborted transport is closed in the loop's next round

    def cut_now(self) -> None:
        for each in self._lines:
            each.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self.passed = {"out": 0, "in": 0}
        self._lines = {writer, far_writer}
        pumps = [
            asyncio.create_task(self._pump("out", reader, far_writer)),
            asyncio.create_task(self._pump("in", far_reader, writer)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for each in (writer, far_writer):
            each.transport.abort()

    async def _pump(self, direction: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What was let through is delivered before the line is cut."""
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                left = len(data)
                if self.limit is not None and self.limit[0] == direction:
                    left = min(left, self.limit[1] - self.passed[direction])
                writer.write(data[:left])
                self.messages += data[:left].count(self._mark)
                self.passed[direction] += left
                if left < len(data) or (self.limit and self.limit == (direction, self.passed[direction])):
                    self.limit = None
                    self.cuts += 1
                    await writer.drain()
                    await asyncio.sleep(0.001)
                    return


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    shorten(monkeypatch, reconnect=0.002, probe=60.0, absent=0.01, missing=0.01)
    monkeypatch.setattr(trading, "OVERLAP_NS", 10**9)  # a round lists its own trades, not those of all before it
    monkeypatch.setattr(fix_session, "LAST_WORD_SECONDS", 0.01)
    monkeypatch.setattr(fix_session, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(fix_trading, "ANSWER_TO_ORDER_SECONDS", 2.0)
    monkeypatch.setattr("os.fdatasync", lambda _: None)  # the disk is tried elsewhere


async def trade(venue, own, word: str) -> None:
    """Some fifty messages; ends early where the line is cut."""
    venue.quote(QUOTES)
    with contextlib.suppress(NotReady, NoAnswer, Refused, KeyError):
        for number in range(5):
            side = Side.BUY if number % 2 else Side.SELL
            await own.place(order(f"{word}-r{number}", FAR if side is Side.BUY else Decimal(91_000), 4, side))
            await own.place(market(f"{word}-m{number}", 3 + number, side))
            await own.amend(f"{word}-r{number}", Decimal(3), None)
            if number % 2:
                await own.cancel(f"{word}-r{number}")
        await own.reconcile()
    for each in own.own.open_orders():
        with contextlib.suppress(NotReady, NoAnswer, Refused):
            await own.cancel(each.client_order_id)


async def agree(client, own) -> None:
    """A client that has not heard yet that its line is cut has orders in doubt."""
    doubt = (OrderState.PENDING_NEW, OrderState.UNKNOWN)
    await wait_for(lambda: own.is_ready and not any(each.state in doubt for each in own.own.open_orders()))


async def cut_at(proxy: Proxy, venue, client, own, direction: str, offset: int) -> None:
    """A new connection on which so many bytes pass."""
    before = proxy.cuts
    proxy.limit = (direction, offset)
    connects = client.status.connects
    proxy.cut_now()
    await wait_for(lambda: client.status.connects > connects or proxy.cuts > before)
    await agree(client, own)
    await trade(venue, own, f"{direction}{offset}")
    with contextlib.suppress(TimeoutError):
        await wait_for(lambda: proxy.cuts > before, seconds=1)
    proxy.limit = None
    await agree(client, own)
    assert own.breaks == {}
    assert_agrees(venue, own)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("direction", ["out", "in"])
async def test_a_line_cut_after_every_byte_loses_nothing_and_repeats_nothing(tmp_path, direction):
    await cut_everywhere(proxied, tmp_path, direction)


async def cut_everywhere(proxied, tmp_path, direction: str) -> None:
    """``proxied(folder)``: venue, proxy, client and its orders, in a context."""
    length = await measure(proxied, tmp_path, direction)
    wanted = os.environ.get("PARLEY_VENUE_CUTS", str(SAMPLES))
    step = 1 if wanted == "all" else max(1, length // int(wanted))
    first = 1 + dt.datetime.now(dt.UTC).timetuple().tm_yday % step
    offsets = list(range(first, length, step))
    cuts = executions = 0
    for start in range(0, len(offsets), CUTS_A_VENUE):
        folder = tmp_path / str(start)
        folder.mkdir()
        async with proxied(folder) as (venue, proxy, client, own):
            for offset in offsets[start : start + CUTS_A_VENUE]:
                await cut_at(proxy, venue, client, own, direction, offset)
            cuts, executions = cuts + proxy.cuts, executions + len(own.own.executions)
    print(f"{direction}: {cuts} cuts in {length} bytes, {executions} executions")
    assert cuts >= REACHED_MIN * len(offsets)


@contextlib.asynccontextmanager
async def proxied(folder):
    async with fix_venue() as venue:
        proxy = Proxy(venue.port)
        try:
            async with fix_desk(await proxy.open(), folder) as (client, own):
                yield venue, proxy, client, own
        finally:
            await proxy.close()


async def measure(proxied, folder, direction: str) -> int:
    """Bytes of a connection on which nothing is cut."""
    async with proxied(folder) as (venue, proxy, _, own):
        await trade(venue, own, "whole")
        assert proxy.messages >= MESSAGES_MIN
        assert_agrees(venue, own)
        return proxy.passed[direction]
