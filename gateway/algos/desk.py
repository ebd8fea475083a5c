"""Parent orders and their algorithms: commands, events and time in, child orders and reports out.

States are in memory; what made them is in the log (``gateway.algos.log``). After a start the log is folded again, then
the journal is read on from the last event that the log has seen: nothing is entered twice, for a child is sent only
after its reason is on disk, and one that the journal does not hold by then is given up.
"""

import logging
from collections import deque
from pathlib import Path
from typing import Any

import msgspec
import parley_core

from gateway.algos.entry import parse_client_order_id
from gateway.algos.log import ENDED_KEPT_MAX, AlgoLog, Batch
from gateway.algos.market import Market, leg_levels
from gateway.algos.reports import Reporter
from gateway.algos.venue_words import inputs_of_report
from gateway.engine import RawEvent
from gateway.events import EVENT_TYPES, decode_event
from strategies.algos import (
    Action,
    AlgoState,
    Cancel,
    ChildEnded,
    ChildEntered,
    ChildFilled,
    ChildRestated,
    Input,
    MarketTraded,
    MultilegState,
    State,
    Steer,
    Tick,
    step,
)
from wire import gateway
from wire.gateway_algos import ALGO_SESSION, AlgoAction, SteerAlgo
from wire.gateway_entered import OrderEntered
from wire.gateway_routes import RouteEntered, RouteRefused, RouteReported
from wire.identifiers import PAPER_VENUE_ACCOUNT_ID
from wire.units import Liquidity

log = logging.getLogger(__name__)

PARENTS_MAX = 500
"""Parent orders that may be at work at once."""
SCAN_EVENTS = 10_000
NOT_ENTERED = "not_entered"
_ENTERED = {EVENT_TYPES.index(OrderEntered), EVENT_TYPES.index(RouteEntered)}
_EXECUTED = EVENT_TYPES.index(gateway.OrderExecuted)
_RESTATED = EVENT_TYPES.index(gateway.OrderRestated)
_ENDED = {EVENT_TYPES.index(kind) for kind in (gateway.OrderCanceled, gateway.OrderRejected, RouteRefused)}
_REPORTED = EVENT_TYPES.index(RouteReported)


class SteeringRefused(Exception):
    """The command is not taken. ``reason`` is a name."""

    def __init__(self, reason: str, value: int = 0, bound: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.value, self.bound = reason, value, bound


class Working(msgspec.Struct):
    """A parent at work: the newest command about it, and its state."""

    command: SteerAlgo
    state: State
    market_seen: tuple[int, int] | None = None
    """Of what others traded elsewhere: up to where it knows."""


class AlgoDesk:
    """``actions``: what is to be sent, each with its parent, once ``commit`` has written why."""

    def __init__(self, engine: parley_core.Engine, market: Market, directory: Path) -> None:
        """Raises OSError, sqlite3.Error."""
        self._engine, self._market = engine, market
        self._log = AlgoLog(directory)
        self.parents: dict[int, Working] = {}
        self.actions: deque[tuple[int, Action]] = deque()
        self._children: dict[int, tuple[int, int]] = {}
        """Order id -> (parent, child)."""
        self._ended: deque[int] = deque(maxlen=ENDED_KEPT_MAX)
        """Parents that ended since the start: the log knows of them only once it is written."""
        self.reporter = Reporter(self._log, market)
        self.event_number, self.command_sequence = self._log.event_number, self._log.command_sequence
        self._batch = self._new_batch()
        self._urgent: set[int] = set()
        self._load()

    # What happens

    def on_command(self, sequence: int, command: SteerAlgo, at_ns: int) -> None:
        """A person's word. The same sequence again changes nothing. Raises SteeringRefused."""
        if sequence <= self.command_sequence:
            return
        working = self.parents.get(command.parent_order_id)
        self._check(command, working, at_ns)
        self.command_sequence = sequence
        steer = Steer(
            at_ns=at_ns,
            action=command.action,
            terms=command.terms,
            levels=self._market.levels(command.instrument_id, command.venue),
            mark_half_ticks=self._market.mark_half_ticks(command.instrument_id),
            legs=leg_levels(self._market, command.terms),
        )
        if working is not None:
            working.command = command
        self._batch.parents.append((command, False))
        self._take(command, steer)

    def on_event(self, raw: RawEvent) -> None:
        """An event that is on disk: each once, in their order."""
        number, kind = raw[0], raw[5]
        if number <= self.event_number:
            return
        self.event_number = number
        if kind in _ENTERED:
            self._on_entered(raw)
        elif kind == _EXECUTED:
            self._on_executed(raw)
        elif kind == _RESTATED:
            self._on_restated(raw)
        elif kind in _ENDED:
            self._on_ended(raw)
        elif kind == _REPORTED:
            self._on_reported(raw)

    def on_time(self, at_ns: int) -> None:
        """Let every algorithm look at its market."""
        for parent_order_id in list(self.parents):
            working = self.parents[parent_order_id]
            self._look(working, at_ns)
            self.reporter.on_time(working.command, working.state, at_ns)

    def on_urgent(self, at_ns: int) -> None:
        """Let those look at once of which a leg stands alone."""
        urgent, self._urgent = self._urgent, set()
        for parent_order_id in sorted(urgent & self.parents.keys()):
            self._look(self.parents[parent_order_id], at_ns)

    @property
    def is_urgent(self) -> bool:
        return bool(self._urgent)

    # Durability

    def take_batch(self) -> Batch | None:
        """What is not on disk yet, for ``write``; None where there is nothing."""
        batch, self._batch = self._batch, self._new_batch()
        batch.event_number, batch.command_sequence = self.event_number, self.command_sequence
        batch.reports, batch.stored_reports = self.reporter.take()
        is_same = (batch.event_number, batch.command_sequence) == (self._log.event_number, self._log.command_sequence)
        return None if is_same and not (batch.inputs or batch.parents or batch.reports) else batch

    def write(self, batch: Batch) -> None:
        """Raises LogTaken, sqlite3.Error."""
        self._log.write(batch)

    @property
    def saved_event_number(self) -> int:
        """Events up to this one are never asked for again."""
        return self._log.event_number

    def refuse_child(self, parent_order_id: int, child: int, reason: str, at_ns: int) -> None:
        """The engine did not take the order at all."""
        self._take_of(parent_order_id, ChildEnded(at_ns=at_ns, child=child, reason=reason, is_rejected=True))

    def close(self) -> None:
        self._log.close()

    # After a start

    def catch_up(self) -> None:
        """Read what the journal holds behind the log, and give up children that never reached it."""
        while self.event_number < int(self._engine.event_number):
            try:
                page = self._engine.events_from(self.event_number + 1, SCAN_EVENTS)
            except parley_core.EventsReleased:
                log.warning("algos: events behind %d are no longer kept", self.event_number)
                self.event_number = int(self._engine.event_number)
                break
            for raw in page:
                self.on_event(raw)
        self.actions.clear()

    def settle_in(self, at_ns: int) -> None:
        """Whatever was decided before and is not in the journal was never sent; cancels are asked for again."""
        for parent_order_id, working in list(self.parents.items()):
            for child in working.state.children:
                if not child.order_id:
                    self._take(working.command, ChildEnded(at_ns=at_ns, child=child.number, reason=NOT_ENTERED))
                elif child.is_cancel_asked:
                    self.actions.append((parent_order_id, Cancel(child=child.number)))

    def _load(self) -> None:
        if self._log.event_number > int(self._engine.event_number):
            log.critical("algos: the log has seen event %d, the journal ends before it", self._log.event_number)
        for command in self._log.load_parents():
            state: State | None = None
            routed: dict[int, tuple[int, int]] = {}
            for given in self._log.load_inputs(command.parent_order_id):
                state, _ = step(state, given)
                if isinstance(given, ChildEntered) and given.is_routed:
                    routed[given.order_id] = (command.parent_order_id, given.child)
            if state is not None and not state.is_ended:
                self.parents[command.parent_order_id] = Working(command, state)
                self._children |= routed
                for child in state.children:
                    self._children[child.order_id] = (command.parent_order_id, child.number)
        self._children.pop(0, None)

    # Inside

    def _look(self, working: Working, at_ns: int) -> None:
        if isinstance(working.state, AlgoState):
            self._follow(working, at_ns)
        instrument_id = working.command.instrument_id
        tick = Tick(
            at_ns=at_ns,
            levels=self._market.levels(instrument_id, working.command.venue),
            mark_half_ticks=self._market.mark_half_ticks(instrument_id),
            legs=leg_levels(self._market, working.state.terms),
        )
        self._take(working.command, tick)

    def _follow(self, working: Working, at_ns: int) -> None:
        """What others traded since the last look, in one input: what an algorithm has seen of the market is in its log.

        After a start it goes on from there: what traded meanwhile nobody has seen.
        """
        command, before = working.command, working.market_seen
        lots, tick_lots = working.market_seen = self._market.traded(command.instrument_id, command.venue)
        if before is None or lots <= before[0]:
            working.market_seen = before or working.market_seen
            return
        new, value = lots - before[0], tick_lots - before[1]
        self._take(command, MarketTraded(at_ns=at_ns, lots=new, price_ticks=value // new, tick_lots=value))

    def _check(self, command: SteerAlgo, working: Working | None, at_ns: int) -> None:
        """A late word about what works counts still: it takes risk off, or is what a person wants now."""
        if working is not None:
            return
        parent_order_id = command.parent_order_id
        has_ended = parent_order_id in self._ended or self._log.is_ended(parent_order_id)
        if command.action is not AlgoAction.WORK or has_ended:
            raise SteeringRefused("parent_not_at_work", parent_order_id)
        if at_ns > command.valid_until_ns:
            raise SteeringRefused("command_expired", at_ns, command.valid_until_ns)
        if len(self.parents) >= PARENTS_MAX:
            raise SteeringRefused("too_many_parents", PARENTS_MAX, PARENTS_MAX)

    def _take(self, command: SteerAlgo, given: Input) -> None:
        parent_order_id = command.parent_order_id
        working = self.parents.get(parent_order_id)
        before = working.state if working else None
        state, actions = step(before, given)
        if state == before and not actions and not isinstance(given, Steer):
            return
        self._batch.inputs.append((parent_order_id, given))
        self.actions.extend((parent_order_id, action) for action in actions)
        if working is None:
            seen = self._market.traded(command.instrument_id, command.venue)
            working = self.parents[parent_order_id] = Working(command, state, seen)
        working.state = state
        if isinstance(state, MultilegState) and isinstance(given, ChildFilled | ChildEnded) and state.unmatched_steps:
            self._urgent.add(parent_order_id)
        self.reporter.on_step(command, before, state, given.at_ns)
        if state.is_ended:
            self._batch.parents.append((working.command, True))
            self._ended.append(parent_order_id)
            del self.parents[parent_order_id]
            self._children = {key: found for key, found in self._children.items() if found[0] != parent_order_id}

    def _on_entered(self, raw: RawEvent) -> None:
        if raw[6][1] != ALGO_SESSION:
            return
        event: Any = decode_event(raw).event
        is_routed = isinstance(event, RouteEntered)
        order_id = event.route_id if is_routed else event.order_id
        parent_order_id, child = parse_client_order_id(event.client_order_id)
        working = self.parents.get(parent_order_id)
        if working is not None:
            self._children[order_id] = (parent_order_id, child)
            self._take(working.command, ChildEntered(at_ns=raw[3], child=child, order_id=order_id, is_routed=is_routed))

    def _on_executed(self, raw: RawEvent) -> None:
        event: Any = decode_event(raw).event
        found = self._children.get(event.order_id)
        if found is not None:
            if not event.leaves_lots:
                del self._children[event.order_id]
            fill = ChildFilled(at_ns=raw[3], child=found[1], lots=event.quantity_lots, price_ticks=event.price_ticks)
            self._take_of(found[0], fill)
        if event.liquidity is Liquidity.TAKER or event.counterparty_account_id == PAPER_VENUE_ACCOUNT_ID:
            self._on_traded(raw[3], event)

    def _on_traded(self, at_ns: int, event: gateway.OrderExecuted) -> None:
        """A trade here counts once, and for every parent in our own book whose account has no part in it."""
        traded = MarketTraded(at_ns=at_ns, lots=event.quantity_lots, price_ticks=event.price_ticks)
        for parent_order_id, working in list(self.parents.items()):
            command = working.command
            is_own = command.account_id in (event.account_id, event.counterparty_account_id)
            if command.instrument_id == event.instrument_id and not command.venue and not is_own:
                self._take_of(parent_order_id, traded)

    def _on_ended(self, raw: RawEvent) -> None:
        found = self._children.pop(raw[6][0], None)  # type: ignore[call-overload]  # the first field is the order
        if found is not None:
            event: Any = decode_event(raw).event
            is_rejected = not isinstance(event, gateway.OrderCanceled)
            self._take_of(
                found[0], ChildEnded(at_ns=raw[3], child=found[1], reason=event.reason, is_rejected=is_rejected)
            )

    def _on_reported(self, raw: RawEvent) -> None:
        """A venue's word on a child. One that ended is kept in mind until its parent ends: it may still be filled."""
        found = self._children.get(raw[6][0])  # type: ignore[call-overload]  # the first field is the route
        if found is not None:
            event: Any = decode_event(raw).event
            for given in inputs_of_report(event, child=found[1], at_ns=raw[3]):
                self._take_of(found[0], given)

    def _on_restated(self, raw: RawEvent) -> None:
        found = self._children.get(raw[6][0])  # type: ignore[call-overload]  # the first field is the order
        if found is not None:
            event: Any = decode_event(raw).event
            restated = ChildRestated(at_ns=raw[3], child=found[1], leaves_lots=event.leaves_lots, reason=event.reason)
            self._take_of(found[0], restated)

    def _take_of(self, parent_order_id: int, given: Input) -> None:
        working = self.parents.get(parent_order_id)
        if working is not None:
            self._take(working.command, given)

    def _new_batch(self) -> Batch:
        return Batch(event_number=self.event_number, command_sequence=self.command_sequence)
