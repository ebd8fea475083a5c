"""The hot path's owner in the gateway: what it tells goes to the log, and only then may it go on; commands come back.

``parley_core.HotDesk`` runs on a thread of its own. One of them lives as long as a session of the venue, a day; behind
it begins another from the same log.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

import parley_core

from gateway import clock
from gateway.algos.desk import SteeringRefused
from gateway.engine import RawEvent, is_halted
from gateway.hot.book import HotBook
from gateway.hot.controls import HotControls
from gateway.hot.facts import AnyFact, OverFact, RefusedFact, fact_of
from gateway.hot.log import HotLog, Record
from gateway.hot.plan import Plan, facts_to_replay, list_pairs, make_plan
from gateway.hot.settings import HotRefused, HotSettings, SendPolicy
from gateway.owned_file import FileTaken
from gateway.venues.order_log import OrderLogDamaged, OrderLogFailed
from gateway.venues.routes import JournalBehind, OrderLogBehind
from gateway.waiting import wait_at_most
from strategies.signals import SignalGraphRefused
from wire.pairs import DESK_ACTIONS, AnyPairTold, PairsAction, PairState, SteerPairs
from wire.venue_reports import venue_id

log = logging.getLogger(__name__)

FACTS_AT_ONCE = 4_096
LOOK_SECONDS = 0.5
LIMITS_SECONDS = 1.0
START_AGAIN_SECONDS = 1.0
DAY_AGAIN_SECONDS = 2.0
FOLD_SECONDS_MAX = 30.0
"""How long a new session waits for the engine to take what was told of the last one."""
FOLD_RECORDS = 100_000
"""A log that is longer is folded at the start."""


class HotPathDesk:
    """``failure``: why nothing leaves any more; empty: it works. Used from the gateway's loop."""

    def __init__(self, engine: parley_core.Engine, settings: HotSettings, password: str, directory: Path) -> None:
        """Raises HotRefused, OrderLogDamaged, OrderLogBehind, JournalBehind, OrderLogFailed, OSError."""
        _require_core(settings.cpu)
        self.settings = settings
        self._engine, self._password = engine, password
        taken = int(engine.venue_report(settings.venue))
        self.log = HotLog(directory, taken)
        _require_agreement(settings.venue, taken, self.log)
        if self.log.records > FOLD_RECORDS:
            self.log.fold()
        self.controls = HotControls(engine, settings.owner, settings.venue, settings.limits)
        self._list_pairs()
        self._writing = asyncio.Lock()
        self._ready, self.told = asyncio.Event(), asyncio.Event()
        self.failure = ""
        self.refusals_left_out = 0
        self._refused: dict[int, tuple[str, int]] = {}
        self._is_entering = True
        self.plan = make_plan(self.book)
        self.native = self._make_native()

    @property
    def book(self) -> HotBook:
        return self.log.book

    @property
    def is_entering(self) -> bool:
        return self._is_entering and not self.failure

    @property
    def log_state(self) -> str:
        return self.failure or ("near_full" if self.log.is_nearly_full else "ok")

    def on_event(self, raw: RawEvent) -> None:
        """An event of the engine that is on disk."""
        self.controls.on_event(raw, self.native)
        self._set_entering(may_enter=self._may_enter())

    async def on_command(self, sequence: int, command: SteerPairs) -> None:
        """In the log and in force when it returns. Raises SteeringRefused."""
        if sequence <= self.log.command_sequence:
            return
        self._check(command)
        try:
            await self._append([Record(command=command, at_ns=clock.now_ns(), command_sequence=sequence)])
        except OrderLogFailed as error:
            self._fail(error)
            raise SteeringRefused("hot_log_failed") from error
        await asyncio.to_thread(self._carry_out, command)

    async def wait_for_limits(self) -> None:
        """An account without limits in the terminal trades nothing, and is not known to be there."""
        account_id = self.settings.owner.account_id
        while self._engine.account_limits(account_id) is None:
            log.warning("hot path: account %d has no limits yet", account_id)
            await asyncio.sleep(LIMITS_SECONDS)

    async def run(self) -> None:
        """Days of the venue, one after the other, until the log fails."""
        try:
            while not self.failure:
                await self._live_a_day()
                await asyncio.sleep(DAY_AGAIN_SECONDS)
                await self._begin_again()
        except (OrderLogFailed, FileTaken) as error:
            self._fail(error)

    async def _live_a_day(self) -> None:
        loop, native = asyncio.get_running_loop(), self.native
        self.controls.begin(native)
        self._set_entering(may_enter=self._may_enter())
        await self._start()
        loop.add_reader(native.fileno(), self._ready.set)
        try:
            for command in list(self.book.commands):
                await asyncio.to_thread(self._carry_out, command)
            while not self.failure and not await self._take():
                await self._look()
        finally:
            loop.remove_reader(native.fileno())
            await asyncio.to_thread(native.stop)
        while not self.failure and await self._take_once():
            pass

    async def _start(self) -> None:
        """Until the venue listens, or the log fails."""
        settings, book = self.settings, self.book
        is_said = False
        while not self.failure:
            try:
                await asyncio.to_thread(
                    self.native.start,
                    feed_port=settings.feed.port,
                    feed_host=settings.feed.host,
                    feed_group=settings.feed.group,
                    gap_host=settings.feed.gap_host or (settings.feed.host if settings.feed.gap_port else ""),
                    gap_port=settings.feed.gap_port,
                    order_host=settings.orders.host,
                    order_port=settings.orders.port,
                    user=settings.orders.user,
                    password=self._password,
                    session=book.session,
                    next_sequence=book.next_sequence,
                    cancel_on_disconnect=settings.cancel_on_disconnect,
                    cpu=settings.cpu,
                )
            except OSError as error:
                if not is_said:
                    log.warning("hot path: venue %s cannot be reached: %s", settings.venue, error)
                is_said = True
                await asyncio.sleep(START_AGAIN_SECONDS)
            else:
                return

    async def _look(self) -> None:
        """Wait for facts, and look around now and then."""
        self._set_entering(may_enter=self._may_enter())
        await wait_at_most(self._ready, LOOK_SECONDS)
        self._ready.clear()

    def _may_enter(self) -> bool:
        """A leg that reduces the account's shares of a symbol would pass under a kill switch; a pair may not enter."""
        is_wanted = self.book.is_entering and not self.controls.in_force.blocked_by
        return is_wanted and not self.log.is_nearly_full and not is_halted(self._engine)

    def _set_entering(self, *, may_enter: bool) -> None:
        if may_enter != self._is_entering:
            self._is_entering = may_enter
            if not may_enter:
                log.warning("hot path: no pair enters (log %s, engine %s)", self.log_state, self._engine.state)
            self.native.set_entering(may_enter)

    async def _take(self) -> bool:
        """Everything that waits. True where the day is over."""
        while told := await self._take_once():
            if any(isinstance(each, OverFact) for each in told):
                return True
        return False

    async def _take_once(self) -> list[AnyFact]:
        """Facts that are durable now, and said to be. Raises OrderLogFailed."""
        facts = [fact_of(raw) for raw in self.native.take(FACTS_AT_ONCE)]
        kept = [Record(fact=fact) for fact in facts if not self._is_repeated(fact)]
        if kept:
            await self._append(kept)
        if facts:
            self.native.journaled(len(facts))
        return facts

    def _is_repeated(self, fact: AnyFact) -> bool:
        """A refusal that the pair had before for the same reason says nothing new."""
        if not isinstance(fact, RefusedFact):
            return False
        said = fact.reason, self.book.last_order_id
        is_repeated = self._refused.get(fact.pair) == said
        self._refused[fact.pair] = said
        self.refusals_left_out += is_repeated
        return is_repeated

    async def _append(self, records: list[Record]) -> list[AnyPairTold]:
        """What is in the file is in the book, whoever is canceled meanwhile. Raises OrderLogFailed."""
        return await asyncio.shield(self._append_whole(records))

    async def _append_whole(self, records: list[Record]) -> list[AnyPairTold]:
        async with self._writing:
            await asyncio.to_thread(self.log.append, records)
            told = [self.log.take(record) for record in records]
        self.told.set()
        return told

    def _check(self, command: SteerPairs) -> None:
        """Raises SteeringRefused."""
        now_ns = clock.now_ns()
        if self.failure:
            raise SteeringRefused("hot_log_failed")
        if command.venue != self.settings.venue:
            raise SteeringRefused("unknown_venue")
        if now_ns > command.valid_until_ns:
            raise SteeringRefused("command_expired", now_ns, command.valid_until_ns)
        if command.action is PairsAction.GAVE_UP:
            raise SteeringRefused("unknown_action")
        if command.action not in DESK_ACTIONS:
            self._check_pair(command)

    def _check_pair(self, command: SteerPairs) -> None:
        number = self.book.find_pair(command.first, command.second)
        if number is None:
            raise SteeringRefused("unknown_pair")
        if command.action is PairsAction.ENABLE and self.native.pairs()[number][0] != PairState.DISABLED:
            raise SteeringRefused("pair_not_disabled")
        if command.action is PairsAction.ENABLE and not self.book.pairs[number].is_flat:
            raise SteeringRefused("pair_not_flat", sum(map(abs, self.book.pairs[number].held)), 0)

    def _carry_out(self, command: SteerPairs) -> None:
        if command.action in DESK_ACTIONS:
            self._is_entering = command.action is PairsAction.ENTERING_ON and self._may_enter()
            self.native.set_entering(self._is_entering)
            return
        number = self.book.number_of(command)
        calls: dict[PairsAction, Callable[[int], object]] = {
            PairsAction.DISABLE: self.native.disable,
            PairsAction.ENABLE: self.native.enable,
            PairsAction.UNWIND: self.native.unwind,
        }
        if number >= 0 and calls[command.action](number) is False:
            log.warning("hot path: pair %d cannot be enabled: it holds or works", number)

    async def _begin_again(self) -> None:
        """Fold the log, and make a path for another session from what is left."""
        deadline = clock.monotonic() + FOLD_SECONDS_MAX
        while not await self._fold() and clock.monotonic() < deadline:
            self.told.set()
            await asyncio.sleep(LOOK_SECONDS)
        self.native = self._make_native()
        self._is_entering = True

    async def _fold(self) -> bool:
        async with self._writing:
            return self.log.fold()

    def _list_pairs(self) -> None:
        new = list_pairs(self.book, self.settings.pairs, clock.now_ns())
        if new:
            records = [Record(listed=each) for each in new]
            self.log.append(records)
            for record in records:
                self.log.take(record)

    def _make_native(self) -> parley_core.HotDesk:
        """Where the book is. Raises HotRefused, OrderLogDamaged."""
        native = _construct(self.settings, self.plan)
        try:
            native.replay(facts_to_replay(self.book, self.plan))
        except ValueError as error:
            raise OrderLogDamaged(f"the log of the hot path does not replay: {error}") from error
        for number, (pair, (_, *held, _)) in enumerate(zip(self.book.pairs, native.pairs(), strict=True)):
            if pair.held != held:
                raise OrderLogDamaged(f"the log of the hot path does not replay: pair {number} {pair.held}, {held}")
        return native

    def _fail(self, error: Exception) -> None:
        """Nothing is journaled any more, so nothing may leave."""
        if self.failure:
            return
        self.failure = str(error)
        log.critical("hot path: %s; nothing leaves any more, the session is given up", error)
        self._ready.set()
        self.native.stop()

    async def close(self) -> None:
        """What was told until now is in the log; the venue's session ends."""
        await asyncio.to_thread(self.native.stop)
        with contextlib.suppress(OrderLogFailed):
            while not self.failure and await self._take_once():
                pass
        async with self._writing:  # whoever was canceled may have left an append under way
            self.log.close()


def _construct(settings: HotSettings, plan: Plan) -> parley_core.HotDesk:
    owner, caps = settings.owner, settings.limits.account
    try:
        return parley_core.HotDesk(
            symbols=plan.symbols,
            nodes=plan.graph.nodes,
            pairs=plan.pairs,
            owner=(owner.account_id, owner.user_id, owner.desk_id, owner.firm_id, owner.strategy_id),
            limits=(
                caps.max_order_quantity_lots,
                caps.max_order_value_micros,
                caps.max_position_lots,
                caps.max_position_value_micros,
                caps.price_collar_basis_points,
            ),
            open_max=settings.open_max,
            through_ticks=settings.through_ticks,
            is_journal_first=settings.send is SendPolicy.JOURNAL_FIRST,
            venue_id=venue_id(settings.venue),
        )
    except (parley_core.HotPathRefused, SignalGraphRefused) as error:
        raise HotRefused(f"The pairs of venue {settings.venue} cannot be traded: {error}.") from error


def _require_core(cpu: int) -> None:
    cores = os.sched_getaffinity(0)
    if cpu >= 0 and cpu not in cores:
        raise HotRefused(f"Core {cpu} is not among those that the gateway may use: {sorted(cores)}.")


def _require_agreement(venue: str, taken: int, opened: HotLog) -> None:
    """Raises OrderLogBehind, JournalBehind."""
    if taken > opened.number:
        why = f"the engine took report {taken}, its log of the hot path ends at {opened.number}"
        raise OrderLogBehind(f"{venue}: {why}")
    if taken < opened.first_number - 1:
        why = f"the engine took report {taken}, its log of the hot path begins after {opened.first_number - 1}"
        raise JournalBehind(f"{venue}: {why}")
