"""The real engine with the gateway's algorithms beside the real database, on a clock of the test's own."""

import asyncio
import contextlib
import random

from common import clock
from gateway.algos.service import AlgoService
from gateway.commands import CommandSubmitter
from gateway.events import decode_event
from orders import services
from strategies.algos import Levels
from tests import builders
from tests.integration.orders.venue import MID_TICKS, Venue
from wire.algos import strategy_id_of
from wire.gateway_algos import SteerAlgo
from wire.gateway_controls import SetScopeLimits
from wire.units import ControlScope

SECOND = 10**9
NAME = "BTC-27MAR26-80000-C"


class Book:
    """The engine's own book; the marks are those of the test."""

    mark_ticks = MID_TICKS[NAME]
    elsewhere = (0, 0)
    """Lots, and ticks times lots, that others traded where the parent looks."""

    def __init__(self, engine):
        self._engine = engine

    def levels(self, instrument_id, venue=""):
        del venue
        bids, asks = self._engine.depth(instrument_id, 5)
        return Levels(bids=tuple(bids), asks=tuple(asks))

    def traded(self, instrument_id, venue):
        del instrument_id, venue
        return self.elsewhere

    def mark_half_ticks(self, instrument_id):
        del instrument_id
        return 2 * self.mark_ticks


class AlgoVenue(Venue):
    routes = None
    """Whoever sends children that go to other venues."""

    def __init__(self, folder):
        super().__init__(folder / "journal")
        self.folder, self.now_ns = folder, clock.now_ns()
        self.rng = random.Random(7)
        self.open_algos()

    def open_algos(self):
        is_open = asyncio.Event()
        is_open.set()
        self.book = Book(self.engine)
        self.algos = AlgoService(self.engine, self.book, self.routes, self.folder / "algos", is_open)

    @classmethod
    @contextlib.contextmanager
    def running(cls, folder):
        """Opened, and closed afterwards."""
        venue = cls(folder)
        yield venue
        venue.algos.close()
        venue.engine.stop()

    def restart(self):
        """Both at once, without a word: what is in memory is gone."""
        self.engine.stop()
        self.algos.close()
        import parley_core  # noqa: PLC0415 - only here

        self.engine = parley_core.Engine(str(self.folder / "journal"))
        self.submitter, self.sequence = CommandSubmitter(self.engine), int(self.engine.command_sequence)
        self.open_algos()
        self.engine.start()
        self.algos.desk.settle_in(self.now_ns)

    def allow(self, strategy_id, **changes):
        limits = {"max_order_value_micros": 10**14, "max_open_risk_micros": 10**15, "max_working_orders": 100}
        self.take(
            SetScopeLimits(
                command_id=f"strategy-{strategy_id}", scope=ControlScope.STRATEGY, scope_id=strategy_id,
                **{**limits, **changes},
            )
        )  # fmt: skip

    def take(self, command):
        if isinstance(command, SteerAlgo):
            self.algos.desk.on_command(self.sequence + 1, command, self.now_ns)
        super().take(command)

    def project(self, *apps, on_event=None):
        assert self.engine.flush(20), self.engine.state
        while page := self.engine.drain():
            for raw in page:
                self.algos.on_event(raw)
                builders.project(decode_event(raw), *apps)
                if on_event is not None:
                    on_event(raw)

    def tell(self):
        """The gateway's reports into the database."""
        asyncio.run(self.algos.send())
        window = self.algos.desk.reporter
        services.store_algo_reports(log_name="test", reports=list(window._shown))  # noqa: SLF001 - as Valkey shows it

    def send_only(self):
        """What the gateway does by itself while nobody listens to it."""
        asyncio.run(self.algos.send())
        assert self.engine.flush(20), self.engine.state
        unheard = self.engine.events_from(self.algos.desk.event_number + 1, 10_000)
        for raw in unheard:
            self.algos.on_event(raw)

    def turn(self, row, seconds=1):
        """One second of the market and of the algorithms: quote, look, send, and hear what came of it."""
        for _ in range(seconds):
            self.now_ns += SECOND
            self.quote(row, self.rng)
            assert self.engine.flush(20), "the book is what was quoted"
            self.algos.desk.on_time(self.now_ns)
            asyncio.run(self.algos.send())
            self.relay()
            self.project()


def trading_firm(venue, *algos):
    """A trader who may use these algorithms, with money and limits."""
    trader = builders.trading_firm(deposits={"BTC": "50"})
    venue.limit(trader)
    for algo in algos:
        venue.allow(strategy_id_of(algo))
    return trader


def quoted_row(venue):
    """The instrument, listed and quoted."""
    listed = builders.listed(NAME)
    builders.play_market(listed)
    venue.list([listed])
    venue.quote(listed, venue.rng)
    return listed
