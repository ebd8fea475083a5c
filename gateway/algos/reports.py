"""What the database is told of parent orders: with gapless numbers, shown until it has stored it."""

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from gateway.algos.market import Market, leg_levels
from strategies.algos import BracketState, MultilegState, Phase, State, scheduled_lots
from strategies.algos.multileg_prices import net_mid_half_ticks
from wire.gateway_algos import (
    REPORTS_SHOWN_MAX,
    AlgoReport,
    AlgoReportKind,
    AlgoReportsStored,
    AlgoReportWindow,
    SteerAlgo,
)
from wire.units import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from gateway.algos.log import AlgoLog

PROGRESS_NS = 2 * NANOSECONDS_PER_SECOND
_KINDS = {
    Phase.WORKING: AlgoReportKind.RESUMED,
    Phase.PAUSED: AlgoReportKind.PAUSED,
    Phase.DONE: AlgoReportKind.DONE,
    Phase.CANCELED: AlgoReportKind.CANCELED,
}


class Reporter:
    def __init__(self, log: "AlgoLog", market: Market) -> None:
        self._market, self._name, self._last = market, log.name, log.report_number
        self._shown: deque[AlgoReport] = deque(log.load_reports())
        self._unwritten: list[AlgoReport] = []
        self._stored = 0
        self._told_at: dict[int, int] = {}

    def on_step(self, command: SteerAlgo, before: State | None, state: State, at_ns: int) -> None:
        """Tell of every change of phase and terms."""
        is_changed = before is None or before.terms != state.terms
        if before is None:
            kind = AlgoReportKind.STARTED
        elif before.phase is not state.phase and state.phase in _KINDS:
            kind = _KINDS[state.phase]
        else:
            kind = AlgoReportKind.CHANGED
        if is_changed or kind is not AlgoReportKind.CHANGED or _has_moved(before, state):
            self._tell(kind, command, state, at_ns, has_plan=is_changed)
        if state.is_ended:
            self._told_at.pop(command.parent_order_id, None)

    def on_time(self, command: SteerAlgo, state: State, at_ns: int) -> None:
        """Tell how far it is, now and then, as long as the database keeps up: the next report says it as well.

        A bracket and a multi-leg order tell of each of their moves, and of nothing between them.
        """
        if isinstance(state, BracketState | MultilegState):
            return
        if state.is_ended or len(self._shown) >= REPORTS_SHOWN_MAX:
            return
        if at_ns - self._told_at.get(command.parent_order_id, 0) >= PROGRESS_NS:
            self._tell(AlgoReportKind.PROGRESS, command, state, at_ns)

    def take(self) -> tuple[list[AlgoReport], int]:
        """(reports that are not on disk, the last one that the database has); for a batch of the log."""
        unwritten, self._unwritten = self._unwritten, []
        return unwritten, self._stored

    def note_written(self, reports: list[AlgoReport]) -> None:
        """Only what is on disk is shown."""
        self._shown.extend(reports)

    def note_stored(self, answer: bytes) -> None:
        """What the database says that it has. Raises msgspec.DecodeError."""
        stored = msgspec.json.decode(answer, type=AlgoReportsStored)
        if stored.log != self._name:
            return
        self._stored = max(self._stored, stored.number)
        while self._shown and self._shown[0].number <= stored.number:
            self._shown.popleft()

    def window(self) -> bytes:
        reports = [self._shown[at] for at in range(min(len(self._shown), REPORTS_SHOWN_MAX))]
        return msgspec.json.encode(AlgoReportWindow(log=self._name, reports=reports))

    def _tell(
        self, kind: AlgoReportKind, command: SteerAlgo, state: State, at_ns: int, *, has_plan: bool = False
    ) -> None:
        self._last += 1
        self._told_at[command.parent_order_id] = at_ns
        report = AlgoReport(
            number=self._last,
            at_ns=at_ns,
            parent_order_id=command.parent_order_id,
            kind=kind,
            reason=state.reason,
            scheduled_lots=scheduled_lots(state.plan, at_ns - state.started_at_ns),
            executed_lots=state.executed_lots,
            working_lots=state.working_lots,
            children=state.children_sent,
            rejected=state.rejected,
            arrival_mid_half_ticks=state.arrival_mid_half_ticks,
            arrival_mark_half_ticks=state.arrival_mark_half_ticks,
            mid_half_ticks=self._mid_half_ticks(command, state),
            market_lots=state.market_lots,
            market_tick_lots=state.market_tick_lots,
            started_at_ns=state.started_at_ns,
            plan=state.plan if has_plan else None,
            bracket=state.standing if isinstance(state, BracketState) else None,
            multileg=state.standing if isinstance(state, MultilegState) else None,
        )
        self._unwritten.append(report)

    def _mid_half_ticks(self, command: SteerAlgo, state: State) -> int:
        if not isinstance(state, MultilegState):
            return self._market.levels(command.instrument_id, command.venue).mid_half_ticks
        return net_mid_half_ticks(state.multileg, state.terms.side, leg_levels(self._market, state.terms))


def _has_moved(before: State | None, state: State) -> bool:
    """Whether a bracket or a multi-leg order stands elsewhere than before."""
    if not isinstance(state, BracketState | MultilegState) or type(before) is not type(state):
        return False
    assert isinstance(before, BracketState | MultilegState), "of the same kind"
    return (before.standing, before.working_lots, before.reason) != (state.standing, state.working_lots, state.reason)
