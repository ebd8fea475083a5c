"""A simulated venue's FIX front and our client in one process, on one loop: cheap enough to cut a line thousands of times."""

import asyncio
import contextlib
import time
from decimal import Decimal
from pathlib import Path

from gateway.venues import pacing
from gateway.venues.credentials import Credentials
from gateway.venues.execution import NewVenueOrder, ReportKind
from gateway.venues.fix.client import FixClient
from gateway.venues.settings import VenueEntry
from gateway.venues.trading import VenueTrading
from terminal.embedded import free_port
from tests.integration.gateway.desks import new_order, trading_desk
from tests.integration.venues.rig import CLIENT_ID, SECRET
from venues.simulator.exchange import Exchange
from venues.simulator.faults import Faults
from venues.simulator.fix.front import FixFront
from venues.simulator.matching import Level
from venues.simulator.profiles import BOREA
from venues.simulator.records import State
from wire.units import OrderState, OrderType, Side

NAME = "BTC-PERPETUAL"
TICKS = 180_000
"""Of the middle of the book: 90,000 dollars."""
QUOTES: tuple[list[Level], list[Level]] = (
    [(TICKS - 1 - n, 10_000) for n in range(5)],
    [(TICKS + 1 + n, 10_000) for n in range(5)],
)
STATES = {
    State.OPEN: (OrderState.NEW, OrderState.PARTIALLY_FILLED),
    State.FILLED: (OrderState.FILLED,),
    State.CANCELED: (OrderState.CANCELED,),
}


class FixVenue:
    """One contract, a book that stands still until ``quote``; ``exchange`` is what the venue knows."""

    def __init__(self, store: Path | None = None) -> None:
        secrets = {CLIENT_ID: SECRET, "other": "another secret"}
        self.port, self._store, self._secrets = free_port(), store, secrets
        self.exchange = Exchange(BOREA, secrets, time.time_ns())
        self.contract = self.exchange.list_contract(NAME, time.time_ns())
        self.exchange.set_index("BTC", 90_000.0, time.time_ns())
        self.exchange.listeners.clear()
        self.quote(QUOTES)
        self._open()

    def _open(self) -> None:
        self.faults = Faults()
        self.faults.at_once.append(self._bust)
        self.front = FixFront(self.exchange, self.faults, self._secrets, self.port, self._store)

    def restart_front(self) -> None:
        """The session's end dies and comes back; the market goes on."""
        self.front.close()
        self.exchange.listeners.clear()
        self._open()

    def quote(self, quotes: tuple[list[Level], list[Level]]) -> None:
        now_ns = time.time_ns()
        self.exchange.matching.beat(now_ns)
        self.exchange.set_quotes(self.contract, self.contract.price(TICKS), quotes, now_ns)

    @property
    def client(self):
        return self.exchange.clients[CLIENT_ID]

    def _bust(self, action) -> None:
        if action.__class__.__name__ == "Bust":
            self.exchange.bust_last(action.trade_id, time.time_ns())

    def close(self) -> None:
        self.front.close()
        self.exchange.close()

    async def live(self) -> None:
        """The loop that ``FixFront.run`` is, without its pauses while there is something to read."""
        loop = asyncio.get_running_loop()
        beat_at = flushed_at = loop.time()
        while True:
            self.front.step(loop.time())
            await asyncio.sleep(0.0005)
            if loop.time() - flushed_at > 0.05:
                flushed_at = loop.time()
                self.front.market.flush()
            if loop.time() - beat_at > 0.2:
                beat_at = loop.time()
                self.exchange.matching.beat(time.time_ns())


@contextlib.asynccontextmanager
async def fix_venue(store: Path | None = None):
    async with living(FixVenue(store)) as venue:
        yield venue


@contextlib.asynccontextmanager
async def living(venue: FixVenue):
    """Raises what ended the venue's own loop, which its clients only see as silence."""
    task = asyncio.create_task(venue.live())
    try:
        yield venue
    finally:
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        venue.close()
        if not isinstance(ended, asyncio.CancelledError):
            raise ended


@contextlib.asynccontextmanager
async def fix_desk(port: int, folder: Path, *, is_ready: bool = True, **entry):
    """(client, trading); ready unless asked otherwise."""
    given = {"session_file": str(folder / "session"), "instruments": [NAME]} | entry
    shape = VenueEntry(name="borea", adapter="fix", url=f"fix://127.0.0.1:{port}", target_comp_id="BOREA", **given)
    client = FixClient(shape, Credentials(key=CLIENT_ID, secret=SECRET))
    client.session._limit = pacing.RateLimit(100_000, 100_000)
    try:
        async with trading_desk(client, folder / "log", is_ready=is_ready) as opened:
            yield opened
    finally:
        client.session.release()


def order(client_order_id: str, price, quantity: int = 5, side: Side = Side.BUY, **changed) -> NewVenueOrder:
    return new_order(NAME, client_order_id, price, quantity, side, **changed)


def market(client_order_id: str, quantity: int = 5, side: Side = Side.BUY) -> NewVenueOrder:
    return order(client_order_id, None, quantity, side, order_type=OrderType.MARKET)


def assert_agrees(venue: FixVenue, own: VenueTrading) -> None:
    """Orders, executions and positions are the venue's, each execution once."""
    trades = venue.exchange.trades_of(venue.client)
    assert set(own.own.executions) == {trade.trade_id for trade in trades}
    assert {e.execution_id for e in own.own.executions.values() if e.is_busted} == {
        trade.trade_id for trade in trades if trade.is_busted
    }
    told = [r.execution.execution_id for r in own.reports if r.kind is ReportKind.TRADE]
    assert sorted(told) == sorted(own.own.executions)
    assert own.own.positions() == {
        name: Decimal(lots) * venue.contract.terms.lot_size
        for name, lots in venue.exchange.positions(venue.client).items()
    }
    for each in own.own.orders.values():
        if each.venue_order_id:
            theirs = venue.exchange.orders[int(each.venue_order_id.rpartition("-")[2])]
            assert each.state in STATES[theirs.state], (each, theirs)
            assert each.cumulative + each.busted == theirs.filled_lots * venue.contract.terms.lot_size
        else:
            assert each.state is OrderState.REJECTED, each
    sent = [theirs.terms.label for theirs in venue.exchange.orders.values() if theirs.client is venue.client]
    assert len(sent) == len(set(sent)), "sent once"
    assert [report.number for report in own.reports] == list(range(1, len(own.reports) + 1))
