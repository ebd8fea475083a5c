"""The gateway's life: open the journal, play the market, move commands and events, stop in order."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any

import parley_core
from redis.asyncio import Redis

from gateway import clock
from gateway.algos.market import Markets
from gateway.algos.service import AlgoService
from gateway.board import Board
from gateway.commands import CommandReader
from gateway.ending import end
from gateway.engine import RawEvent, open_engine
from gateway.events import EVENT_TYPES
from gateway.feeds.control import listen
from gateway.feeds.frame_streams import has_frames, open_frames
from gateway.feeds.recording import RecordingFeed
from gateway.feeds.runner import FeedRunner
from gateway.feeds.simulated import SimulatedFeed
from gateway.feeds.updates import Feed
from gateway.fix.desk import Desk
from gateway.fix.news import NewsTeller
from gateway.fix.service import FixService
from gateway.fix.tls import open_context
from gateway.fix.unsupported import UnsupportedMessages
from gateway.frame_publisher import FramePublisher
from gateway.heartbeat import Parts, beat
from gateway.hot.desk import HotPathDesk
from gateway.hot.service import HotService
from gateway.hot.settings import HotRefused, find_password, read_hot_settings
from gateway.market_tape import MarketTape
from gateway.position_file import MarketPosition, load_position, save_position
from gateway.publisher import Publisher
from gateway.registry import Registry
from gateway.settings import Settings
from gateway.standby import keep_lease
from gateway.tape import Tape
from gateway.valkey import connect
from gateway.venues.connections import VenueConnections
from gateway.venues.routes import VenueRoutes
from wire.gateway import InstrumentListed, PlaceOrder
from wire.gateway_fix import FixCommand, TellFixSession

log = logging.getLogger(__name__)

STOP_SECONDS_MAX = 10.0
SCAN_EVENTS = 10_000
EXIT_FENCED = 7
FENCED = "halted: fenced"


class OtherMarket(ValueError):
    """The state folder holds another market than the one that is asked for."""


class Gateway:
    """Everything of one gateway. Opening raises what makes a start impossible; ``run`` lasts until it is stopped."""

    def __init__(self, settings: Settings, engine: parley_core.Engine | None = None) -> None:
        """``engine``: one that was taken over; None opens the journal."""
        self._settings = settings
        self._tls = open_context(settings.fix_tls) if settings.fix_tls else None
        position = load_position(settings.directory)
        _require_same_market(settings, position)
        self._engine = engine or open_engine(settings.directory / "journal")
        listed = [(i, name) for i, name, _ in self._engine.instruments()]
        self._registry = Registry(listed, next_id=_next_instrument_id(self._engine, position))
        self._feed = _open_feed(settings, position, [name for _, name in listed])
        self._board = Board(self._registry, self._feed.source, self._feed.status)
        self._tape = Tape(self._board, self._engine)
        self._venues = VenueConnections.open(settings.venues)
        self._market_tape = MarketTape(self._venues.clients)
        self._runner = FeedRunner(
            self._feed, self._engine, self._registry, self._board, settings.directory, self._market_tape.play
        )
        tradings = self._venues.trade(settings.directory / "venues")
        self._routes = VenueRoutes(self._engine, self._registry, tradings, settings.lost_logs)
        self._stop = asyncio.Event()
        self._clients = [connect(settings.valkey_url) for _ in range(9)]
        self._publisher = Publisher(self._engine, self._clients[0], self._on_event, self._needed_after)
        self._desk = self._open_desk()
        self._fix = FixService(settings.directory / "fix", self._desk or UnsupportedMessages(), self._engine.flush)
        if self._desk:
            self._news = NewsTeller(self._desk.rfq.tell, self._fix.settle)
            self._desk.catch_up()
        shown = {each.name: each for each in self._venues.clients}
        market = Markets(self._engine, self._board, shown, self._market_tape)
        self._hot = self._open_hot()
        self._algos = AlgoService(
            self._engine, market, self._routes, settings.directory / "algos", self._publisher.agreed
        )
        log.info(
            "gateway: %s; journal at %d, event %d, command %d, %d contracts, %s market",
            self._engine.recovery, self._engine.journal_sequence, self._engine.event_number,
            self._engine.command_sequence, len(listed), self._feed.source,
        )  # fmt: skip

    def _open_desk(self) -> Desk | None:
        """None where no FIX session may connect."""
        if self._settings.fix_port is None:
            return None
        return Desk(self._engine, self._registry, self._board, self._settings.directory / "fix", self._publisher.agreed)

    def _open_hot(self) -> HotService | None:
        """None where no pairs are traded. Raises HotRefused, OrderLogDamaged, OrderLogBehind, JournalBehind."""
        if self._settings.hot is None:
            return None
        settings = read_hot_settings(self._settings.hot)
        if any(client.name == settings.venue for client in self._venues.clients):
            raise HotRefused(f"Venue {settings.venue} is in the file of venues too: name the hot path's otherwise.")
        directory = self._settings.directory / "hot" / settings.venue
        desk = HotPathDesk(self._engine, settings, find_password(settings), directory)
        return HotService(self._engine, desk, self._publisher.agreed)

    def _describe(self) -> Parts:
        return {"fix": self._fix.describe, **({"hot": self._hot.describe} if self._hot else {})}

    def _on_event(self, raw: RawEvent) -> None:
        self._tape.on_event(raw)
        self._algos.on_event(raw)
        self._routes.on_event(raw)
        if self._hot:
            self._hot.on_event(raw)
        if self._desk:
            self._desk.on_event(raw)

    def _on_order(self, command: PlaceOrder) -> None:
        self._tape.on_order(command)
        if self._desk:
            self._desk.on_command(command)

    async def _on_fix(self, number: int, command: FixCommand, behind: list[tuple[int, bytes]]) -> None:
        """Durable when it returns. Raises ValueError for what makes no sense, OSError."""
        if not isinstance(command, TellFixSession):
            self._fix.apply(number, command)
        elif self._desk:
            await self._news.take(number, command, behind)

    def _needed_after(self, watermark: int) -> int:
        """Events up to this one will not be asked for again: the database has them, algorithms and FIX orders too."""
        needed = min(watermark, self._algos.saved_event_number())
        return min(needed, self._desk.saved_event_number()) if self._desk else needed

    async def run(self) -> int:
        """The exit code: 0 after an orderly stop, 1 where a part failed, 7 where another gateway took over."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        self._engine.start()
        self._publisher.attach(loop)
        tasks = [asyncio.create_task(part) for part in self._parts(self._clients)]
        waiting = asyncio.create_task(self._stop.wait())
        failed = await _first_failure(tasks, waiting)
        await self._shut_down(loop, tasks)
        if self._engine.state == FENCED:
            return EXIT_FENCED
        return 1 if failed else 0

    def _parts(self, clients: list[Redis]) -> list[Coroutine[Any, Any, None]]:
        on_pairs = self._hot.on_command if self._hot else None
        reader = CommandReader(
            self._engine, clients[1], self._on_order, self._on_fix, self._algos.on_command, self._routes.on_command,
            on_pairs,
        )  # fmt: skip
        port = self._settings.fix_port
        return [
            *([self._fix.run(self._settings.fix_host, port, self._tls)] if port is not None else []),
            self._fix.chronicle.show(clients[5]),
            *([self._desk.run(), self._desk.market.run(), self._desk.rfq.relay(clients[7])] if self._desk else []),
            self._publisher.run(),
            self._take_commands(reader),
            reader.show_watermark(),
            self._runner.run(),
            self._runner.heartbeat(),
            FramePublisher(self._board, self._engine, clients[2]).run(),
            listen(self._feed, clients[3]),
            keep_lease(self._engine),
            beat(self._engine, self._publisher, self._feed.source, clients[4], self._describe()),
            self._venues.run(clients[6], self._market_tape),
            self._algos.run(),
            self._algos.show(clients[7]),
            self._routes.run(),
            *([self._hot.run(), self._hot.pump(), self._hot.show(clients[8])] if self._hot else []),
        ]

    async def _take_commands(self, reader: CommandReader) -> None:
        """Only once it is known that journal and database belong together: a command changes the journal."""
        await self._publisher.agreed.wait()
        await reader.run()

    async def _shut_down(self, loop: asyncio.AbstractEventLoop, tasks: list[asyncio.Task[None]]) -> None:
        log.info("gateway: stopping")
        await end(tasks, STOP_SECONDS_MAX)
        if self._hot:
            await self._hot.desk.close()
        self._publisher.detach(loop)
        await asyncio.to_thread(self._engine.stop)
        self._algos.close()
        self._venues.close()
        if self._desk:
            self._desk.close()
        if self._board.market_time_ns and self._engine.state != FENCED:
            await asyncio.to_thread(save_position, self._settings.directory, self._runner.position())
        for client in self._clients:
            await client.aclose()
        log.info("gateway: stopped at journal %d, event %d", self._engine.journal_sequence, self._engine.event_number)


async def _first_failure(tasks: list[asyncio.Task[None]], waiting: asyncio.Task[bool]) -> bool:
    """True as soon as a part has failed, False when a stop was asked for. A part may end by itself."""
    pending: set[asyncio.Task[Any]] = {*tasks, waiting}
    while True:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {waiting}:
            error = task.exception()
            if error is not None:
                log.error("gateway: %s failed", task.get_coro(), exc_info=error)
                return True
        if waiting in done:
            return False


def _require_same_market(settings: Settings, position: MarketPosition | None) -> None:
    """One state folder, one market: contracts and positions of two market clocks cannot be mixed."""
    if position is None:
        return
    source = "recording" if settings.recording else "simulated"
    folder = str(settings.recording.resolve()) if settings.recording else None
    if position.source != source or (folder and position.feed.get("folder") != folder):
        held = position.feed.get("folder") or "a simulated market"
        raise OtherMarket(
            f"The state folder {settings.directory.parent} holds the market of {held}: use another --state."
        )


def _open_feed(settings: Settings, position: MarketPosition | None, listed: list[str]) -> Feed:
    saved = position.feed if position else {}
    if settings.recording is None:
        return SimulatedFeed(settings.seed, at_ns=clock.now_ns(), listed=listed, position=saved)
    after = saved.get("market_time_ns", 0)
    after_ns = after if isinstance(after, int) else 0
    bounds = {"start_ns": settings.start_ns, "end_ns": settings.end_ns, "after_ns": after_ns}
    if has_frames(settings.recording):
        return open_frames(settings.recording, speed=settings.speed, **bounds)
    return RecordingFeed(settings.recording, speed=settings.speed, **bounds)


def _next_instrument_id(engine: parley_core.Engine, position: MarketPosition | None) -> int:
    """Ids are never given twice, also those of contracts that the engine has forgotten after settlement."""
    if position is not None:
        return position.next_instrument_id
    if engine.event_number:
        log.warning("gateway: the state folder lacks market.json, reading the journal instead")
    listed_kind, largest, number = EVENT_TYPES.index(InstrumentListed), 0, 0
    while number < engine.event_number:
        events = engine.events_from(number + 1, SCAN_EVENTS)
        largest = max([largest, *(event[6][0] for event in events if event[5] == listed_kind)])
        number = events[-1][0]
    return largest + 1
