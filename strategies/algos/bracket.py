"""One step of a bracket: an entry, a take-profit that rests, and a stop-loss that waits here until it is reached.

Exits grow with what the entry trades, and never take more than is open: the two exits are never at work together, so
that there is no moment in which both could trade (the overfill protection that brokers call "cancel with block"). Exits
are reduce-only besides. Where each order should stand follows from the state alone, so a bracket that was stopped at
any point, and started again, goes on from there.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from strategies.algos.bracket_state import BracketChild, BracketState
from strategies.algos.children import ask_cancels, change_child, find_child, restate_child, retry_wait_ns
from strategies.algos.inputs import (
    Action,
    ChildEnded,
    ChildEntered,
    ChildFilled,
    ChildRestated,
    Enter,
    Input,
    MarketTraded,
    Steer,
    Tick,
)
from strategies.algos.state import Phase
from wire.algos import CANCELED_BY_A_PERSON
from wire.brackets import BracketRole
from wire.gateway_algos import AlgoAction
from wire.units import NANOSECONDS_PER_SECOND, Side, StopTrigger

EXITS_MAX = 4
"""Take-profit orders at work; where the entry trades on in more parts, they are canceled and become one."""
RELEASE_AFTER = 5
"""So many refusals in a row for want of a position to reduce, and there is none: the lots are let go."""
REDUCE_ONLY = "reduce_only"
BY_PERSON = frozenset({"requested", "cancel_all"})
"""Why an order ended that a person canceled."""
PASSING = frozenset({"immediate_or_cancel", "not_entered", "self_match", "minimum_quantity"})
"""Why an order ended that is sent again as a matter of course."""
FINAL = frozenset({"expired", "instrument_not_trading"})
"""Why there is nothing to close any more."""

replace = msgspec.structs.replace
Step = tuple[BracketState, tuple[Action, ...]]


def begin(given: Steer) -> Step:
    """The state that the first word of a person makes; nothing is sent before the next look at the market."""
    bracket = given.terms.bracket
    assert bracket is not None, "a bracket has its prices"
    state = BracketState(
        terms=given.terms,
        phase=Phase.WORKING,
        started_at_ns=given.at_ns,
        arrival_mid_half_ticks=given.levels.mid_half_ticks,
        arrival_mark_half_ticks=given.mark_half_ticks,
        opened_lots=0 if bracket.has_entry else given.terms.quantity_lots,
        is_entry_over=not bracket.has_entry,
    )
    return _steer(state, given)


def step(state: BracketState, given: Input) -> Step:
    """The new state and what is to be sent, in this order. A bracket that ended stays as it is."""
    return (state, ()) if state.is_ended else _STEPS[type(given)](state, given)


def _steer(state: BracketState, given: Steer) -> Step:
    state = replace(state, terms=given.terms)
    if given.action is AlgoAction.CANCEL:
        return _wind_down(replace(state, phase=Phase.CANCELING, reason=CANCELED_BY_A_PERSON))
    if state.phase not in (Phase.WORKING, Phase.PAUSED):
        return state, ()
    if given.action is AlgoAction.PAUSE:
        return _wind_down(replace(state, phase=Phase.PAUSED, reason=""))
    return replace(state, phase=Phase.WORKING, reason="", problem="", rejected_in_a_row=0, not_before_ns=0), ()


def _tick(state: BracketState, given: Tick) -> Step:
    if state.bracket.trigger is StopTrigger.MARK and given.levels.is_fresh:
        state = _watch(state, given.mark_half_ticks)
    if state.phase is not Phase.WORKING:
        return _wind_down(state)
    state = _recover(state, given.at_ns)
    state, canceled = _cancel(state, _misplaced(state))
    if given.at_ns < state.not_before_ns:
        return state, canceled
    state, entered = _enter_missing(state)
    return _end_if_over(state), (*canceled, *entered)


def _watch(state: BracketState, price_half_ticks: int) -> BracketState:
    """The stop acts once it was reached while something is open."""
    stop = 2 * state.bracket.stop_ticks
    if not stop or not price_half_ticks or state.is_stopped or state.open_lots <= 0:
        return state
    is_reached = price_half_ticks <= stop if state.exit_side is Side.SELL else price_half_ticks >= stop
    return replace(state, is_stopped=True, not_before_ns=0) if is_reached else state


def _recover(state: BracketState, now_ns: int) -> BracketState:
    """An exit that has stood for a second was not refused: nothing is amiss any more."""
    stands = any(child.order_id and now_ns - child.entered_at_ns >= NANOSECONDS_PER_SECOND for child in state.exits)
    is_clear = stands or state.open_lots == 0
    return replace(state, problem="", rejected_in_a_row=0) if state.problem and is_clear else state


def _exit_wanted(state: BracketState) -> tuple[BracketRole, int] | None:
    """Role and price of the exit that should work now; None where only the stop waits."""
    bracket = state.bracket
    if state.is_stopped:
        return BracketRole.STOP_LOSS, bracket.stop_limit_ticks
    return (BracketRole.TAKE_PROFIT, bracket.take_profit_ticks) if bracket.take_profit_ticks else None


def _misplaced(state: BracketState) -> tuple[BracketChild, ...]:
    """Orders at work that should not be, or not so."""
    wanted = _exit_wanted(state)
    missing = state.open_lots - sum(child.leaves_lots for child in state.exits)
    gather = missing > 0 and len(state.exits) >= EXITS_MAX
    return tuple(
        child
        for child in state.children
        if (
            child.role is BracketRole.ENTRY
            and (not state.entry_leaves_lots or child.price_ticks != state.bracket.entry_ticks)
        )
        or (child.role is not BracketRole.ENTRY and ((child.role, child.price_ticks) != wanted or gather))
    )


def _enter_missing(state: BracketState) -> Step:
    """What should work and does not, once whatever stands in its way is gone."""
    actions: list[Action] = []
    has_entry = any(child.role is BracketRole.ENTRY for child in state.children)
    if state.entry_leaves_lots and not has_entry:
        state, action = _enter(state, BracketRole.ENTRY, state.entry_leaves_lots, state.bracket.entry_ticks)
        actions.append(action)
    wanted, missing = _exit_wanted(state), state.open_lots - sum(child.leaves_lots for child in state.exits)
    is_free = all((child.role, child.price_ticks) == wanted and not child.is_cancel_asked for child in state.exits)
    if wanted is not None and missing > 0 and is_free and len(state.exits) < EXITS_MAX:
        state, action = _enter(state, wanted[0], missing, wanted[1])
        actions.append(action)
    return state, tuple(actions)


def _enter(state: BracketState, role: BracketRole, lots: int, price_ticks: int) -> tuple[BracketState, Enter]:
    number, is_exit = state.children_sent + 1, role is not BracketRole.ENTRY
    child = BracketChild(number=number, role=role, lots=lots, price_ticks=price_ticks)
    state = replace(state, children=(*state.children, child), children_sent=number)
    assert sum(one.leaves_lots for one in state.exits) <= max(state.open_lots, 0), "exits never close more than is open"
    return state, Enter(
        child=number,
        lots=lots,
        price_ticks=price_ticks,
        is_passive=price_ticks > 0,
        side=state.exit_side if is_exit else state.terms.side,
        is_reduce_only=is_exit,
        role=role,
    )


def _wind_down(state: BracketState) -> Step:
    """Ask for the cancel of whatever works; end once nothing does, unless it only pauses."""
    state, canceled = _cancel(state, state.children)
    return _end_if_over(state), canceled


def _cancel(state: BracketState, children: tuple[BracketChild, ...]) -> Step:
    changed, canceled = ask_cancels(state.children, children)
    return replace(state, children=changed), canceled


def _end_if_over(state: BracketState) -> BracketState:
    if state.children or state.phase is Phase.PAUSED:
        return state
    if state.phase is Phase.CANCELING:
        return replace(state, phase=Phase.CANCELED)
    is_over = not state.entry_leaves_lots and state.open_lots == 0
    if state.phase is Phase.FINISHING or (is_over and not state.opened_lots):
        return replace(state, phase=Phase.CANCELED)
    if not is_over:
        return state
    how = "stop_loss" if state.is_stopped else "take_profit"
    return replace(state, phase=Phase.DONE, reason=how if state.closed_lots else "closed_elsewhere", problem="")


def _traded(state: BracketState, given: MarketTraded) -> Step:
    if state.bracket.trigger is StopTrigger.LAST_TRADE:
        state = _watch(state, 2 * given.price_ticks)
    return state, ()


def _entered(state: BracketState, given: ChildEntered) -> Step:
    children = change_child(state.children, given.child, order_id=given.order_id, entered_at_ns=given.at_ns)
    return replace(state, children=children), ()


def _filled(state: BracketState, given: ChildFilled) -> Step:
    traded = find_child(state.children, given.child)
    if traded is None:
        return state, ()
    is_exit = traded.role is not BracketRole.ENTRY
    lots, tick_lots = given.lots, given.lots * given.price_ticks
    changed = change_child(state.children, traded.number, filled_lots=traded.filled_lots + lots)
    state = replace(state, children=tuple(child for child in changed if child.leaves_lots))
    if is_exit:
        closed, closed_tick_lots = state.closed_lots + lots, state.closed_tick_lots + tick_lots
        state = replace(state, closed_lots=closed, closed_tick_lots=closed_tick_lots, problem="", rejected_in_a_row=0)
    if not is_exit or not state.bracket.has_entry:
        executed = state.executed_lots + lots
        state = replace(state, executed_lots=executed, executed_tick_lots=state.executed_tick_lots + tick_lots)
    if not is_exit:
        state = replace(state, opened_lots=state.opened_lots + lots)
    return _end_if_over(state), ()


def _restated(state: BracketState, given: ChildRestated) -> Step:
    """The position lost lots elsewhere; what no exit reduces any more is let go."""
    child = find_child(state.children, given.child)
    if child is None:
        return state, ()
    less = child.leaves_lots - given.leaves_lots
    state = replace(state, children=restate_child(state.children, child.number, given.leaves_lots))
    if given.reason == REDUCE_ONLY and child.role is not BracketRole.ENTRY:
        state = replace(state, released_lots=state.released_lots + less)
    return state, ()


def _ended(state: BracketState, given: ChildEnded) -> Step:
    gone = find_child(state.children, given.child)
    if gone is None:
        return state, ()
    state = replace(state, children=tuple(child for child in state.children if child is not gone))
    after = _entry_ended if gone.role is BracketRole.ENTRY else _exit_ended
    return _end_if_over(after(state, gone, given)), ()


def _entry_ended(state: BracketState, gone: BracketChild, given: ChildEnded) -> BracketState:
    """An entry that ended by itself is over; the exits stand for what it opened."""
    if given.is_rejected:
        state = replace(state, rejected=state.rejected + 1, reason=f"entry refused: {given.reason}")
    elif gone.is_cancel_asked or given.reason == "not_entered":
        return state
    elif given.reason != "immediate_or_cancel" or not state.opened_lots:
        state = replace(state, reason=f"entry ended: {given.reason}")
    return replace(state, is_entry_over=True)


def _exit_ended(state: BracketState, gone: BracketChild, given: ChildEnded) -> BracketState:
    if given.is_rejected and given.reason not in FINAL:
        return _exit_refused(state, gone, given)
    if given.reason == REDUCE_ONLY:
        return replace(state, released_lots=state.released_lots + gone.leaves_lots)
    if gone.is_cancel_asked or given.reason in PASSING:
        return replace(state, not_before_ns=0 if gone.is_cancel_asked else given.at_ns + NANOSECONDS_PER_SECOND)
    return _exit_lost(state, given.reason) if state.phase is Phase.WORKING else state


def _exit_lost(state: BracketState, reason: str) -> BracketState:
    """A person's cancel of one exit is the cancel of the other; whatever else took it, a person looks at first."""
    if reason in BY_PERSON:
        return replace(state, phase=Phase.FINISHING, reason=f"an exit was canceled: {reason}")
    if reason in FINAL:
        return replace(state, phase=Phase.FINISHING, reason=reason)
    return replace(state, phase=Phase.PAUSED, reason=f"exit ended: {reason}")


def _exit_refused(state: BracketState, gone: BracketChild, given: ChildEnded) -> BracketState:
    """Said loudly and tried again for as long as it takes: a position without its exits is the greater harm."""
    in_a_row = state.rejected_in_a_row + 1
    state = replace(
        state,
        rejected=state.rejected + 1,
        rejected_in_a_row=in_a_row,
        not_before_ns=given.at_ns + retry_wait_ns(in_a_row),
        problem=f"exit refused: {given.reason}",
    )
    if given.reason == REDUCE_ONLY and in_a_row >= RELEASE_AFTER:
        return replace(state, released_lots=state.released_lots + gone.leaves_lots, rejected_in_a_row=0)
    return state


_STEPS: dict[type, Callable[[BracketState, Any], Step]] = {
    Steer: _steer,
    Tick: _tick,
    MarketTraded: _traded,
    ChildEntered: _entered,
    ChildFilled: _filled,
    ChildRestated: _restated,
    ChildEnded: _ended,
}
