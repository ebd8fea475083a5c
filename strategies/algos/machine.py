"""One step of an algorithm: what a person, a child, the market or the clock did, and what follows from it."""

from collections.abc import Callable
from typing import Any

import msgspec

from strategies.algos import bracket, multileg, tactics
from strategies.algos.bracket_state import BracketState
from strategies.algos.children import ask_cancels, change_child, find_child, restate_child
from strategies.algos.inputs import (
    Action,
    CancelRefused,
    ChildBusted,
    ChildEnded,
    ChildEntered,
    ChildFilled,
    ChildRestated,
    ChildShown,
    Enter,
    Input,
    MarketTraded,
    Steer,
    Tick,
)
from strategies.algos.multileg_state import MultilegState
from strategies.algos.schedule import make_plan
from strategies.algos.state import AlgoState, Child, Phase
from wire.algos import CANCELED_BY_A_PERSON
from wire.gateway_algos import AlgoAction

CHILDREN_MAX = 8
"""Children of one parent that may be open at once."""
REJECTIONS_MAX = 5
"""After so many in a row the algorithm pauses by itself: a person looks at the reason first."""
REJECTION_WAIT_NS = 1_000_000_000
"""After a child that was rejected, or that ended untraded without being asked to."""

VENUE_SETTLE_NS = 500_000_000
"""A venue's book is this much older than its word about an order, at most: until then it is not believed about ours."""
NEVER_NS = 2**63 - 1

replace = msgspec.structs.replace
Step = tuple[AlgoState, tuple[Action, ...]]
State = AlgoState | BracketState | MultilegState


def step(state: State | None, given: Input) -> tuple[State, tuple[Action, ...]]:
    """The new state and what is to be sent, in this order. An algorithm that ended stays as it is."""
    if state is None:
        if not isinstance(given, Steer):
            raise TypeError(f"an algorithm begins with a Steer, not with {type(given).__name__}")
        return _first(given)
    if isinstance(state, BracketState):
        return bracket.step(state, given)
    if isinstance(state, MultilegState):
        return multileg.step(state, given)
    return (state, ()) if state.is_ended else _STEPS[type(given)](state, given)


def _first(given: Steer) -> tuple[State, tuple[Action, ...]]:
    if given.terms.bracket is not None:
        return bracket.begin(given)
    return multileg.begin(given) if given.terms.multileg is not None else _begin(given)


def _begin(given: Steer) -> Step:
    state = AlgoState(
        terms=given.terms,
        phase=Phase.WORKING,
        started_at_ns=given.at_ns,
        plan=make_plan(given.terms),
        arrival_mid_half_ticks=given.levels.mid_half_ticks,
        arrival_mark_half_ticks=given.mark_half_ticks,
    )
    return _steer(state, given)


def _steer(state: AlgoState, given: Steer) -> Step:
    if given.terms != state.terms:
        state = replace(state, terms=given.terms, plan=make_plan(given.terms))
    if given.action is AlgoAction.CANCEL:
        return _wind_down(replace(state, phase=Phase.CANCELING, reason=CANCELED_BY_A_PERSON), given.at_ns)
    if state.phase not in (Phase.WORKING, Phase.PAUSED):
        return state, ()
    if given.action is AlgoAction.PAUSE:
        return _wind_down(replace(state, phase=Phase.PAUSED, reason=""), given.at_ns)
    return replace(state, phase=Phase.WORKING, reason="", rejected_in_a_row=0, not_before_ns=0), ()


def _tick(state: AlgoState, given: Tick) -> Step:
    if state.phase is not Phase.WORKING:
        return _wind_down(state, given.at_ns)
    if given.at_ns >= state.ends_at_ns + tactics.grace_ns(state):
        return _wind_down(replace(state, phase=Phase.FINISHING, reason="duration_over"), given.at_ns)
    state = tactics.enter_slice(state, given.at_ns)
    stale = tactics.stale_children(state, given)
    state, canceled = _cancel(state, stale, given.at_ns)
    if not given.levels.is_fresh or given.at_ns < state.not_before_ns or len(state.children) >= CHILDREN_MAX:
        return state, canceled
    wanted = tactics.find_wish(state, given)
    if wanted is None:
        return state, canceled
    state, entered = _enter(state, wanted)
    return state, (*canceled, entered)


def _enter(state: AlgoState, wish: tactics.Wish) -> tuple[AlgoState, Enter]:
    number = state.children_sent + 1
    child = Child(
        number=number,
        lots=wish.lots,
        price_ticks=wish.price_ticks,
        is_passive=wish.is_passive,
        slice_number=state.slice_number,
    )
    state = replace(state, children=(*state.children, child), children_sent=number)
    assert state.leaves_lots >= 0, "no child takes more than is left"
    return state, Enter(child=number, lots=wish.lots, price_ticks=wish.price_ticks, is_passive=wish.is_passive)


def _wind_down(state: AlgoState, now_ns: int) -> Step:
    """Ask for the cancel of whatever works; end once nothing does, unless it only pauses."""
    state, canceled = _cancel(state, state.children, now_ns)
    return _end_if_over(state), canceled


def _cancel(state: AlgoState, children: tuple[Child, ...], now_ns: int) -> tuple[AlgoState, tuple[Action, ...]]:
    """Each is asked once, and only once it has an order; again a while after a venue said no."""
    due = (child for child in children if child.is_passive and now_ns >= child.cancel_not_before_ns)
    changed, canceled = ask_cancels(state.children, due)
    return replace(state, children=changed), canceled


def _end_if_over(state: AlgoState) -> AlgoState:
    is_complete = state.executed_lots + state.busted_lots >= state.terms.quantity_lots
    if state.children:
        is_to_wind_down = is_complete and state.phase in (Phase.WORKING, Phase.PAUSED)
        return replace(state, phase=Phase.FINISHING, reason="") if is_to_wind_down else state
    if is_complete:
        return replace(state, phase=Phase.DONE, reason="")
    if state.phase is Phase.CANCELING:
        return replace(state, phase=Phase.CANCELED)
    return replace(state, phase=Phase.DONE) if state.phase is Phase.FINISHING else state


def _traded(state: AlgoState, given: MarketTraded) -> Step:
    tick_lots = state.market_tick_lots + (given.tick_lots or given.lots * given.price_ticks)
    return replace(state, market_lots=state.market_lots + given.lots, market_tick_lots=tick_lots), ()


def _entered(state: AlgoState, given: ChildEntered) -> Step:
    shown_from_ns = NEVER_NS if given.is_routed else 0
    return _changed(
        state, given.child, order_id=given.order_id, is_routed=given.is_routed, shown_from_ns=shown_from_ns
    ), ()


def _shown(state: AlgoState, given: ChildShown) -> Step:
    return _changed(state, given.child, shown_from_ns=given.at_ns + VENUE_SETTLE_NS), ()


def _cancel_refused(state: AlgoState, given: CancelRefused) -> Step:
    again_ns = given.at_ns + REJECTION_WAIT_NS
    return _changed(state, given.child, is_cancel_asked=False, cancel_not_before_ns=again_ns), ()


def _changed(state: AlgoState, number: int, **changes: object) -> AlgoState:
    return replace(state, children=change_child(state.children, number, **changes))


def _filled(state: AlgoState, given: ChildFilled) -> Step:
    """A venue may also fill what it said was over."""
    changed = (_grow(child, given) if child.number == given.child else child for child in state.children)
    state = replace(
        state,
        executed_lots=state.executed_lots + given.lots,
        executed_tick_lots=state.executed_tick_lots + given.lots * given.price_ticks,
        children=tuple(child for child in changed if child.leaves_lots or child.is_routed),
        rejected_in_a_row=0,
    )
    return _end_if_over(state), ()


def _grow(child: Child, given: ChildFilled) -> Child:
    """A venue shows what it fills, whether it has said so or not."""
    shown_from_ns = min(child.shown_from_ns, given.at_ns + VENUE_SETTLE_NS)
    return replace(child, filled_lots=child.filled_lots + given.lots, shown_from_ns=shown_from_ns)


def _busted(state: AlgoState, given: ChildBusted) -> Step:
    return replace(
        state,
        executed_lots=state.executed_lots - given.lots,
        executed_tick_lots=state.executed_tick_lots - given.lots * given.price_ticks,
        busted_lots=state.busted_lots + given.lots,
    ), ()


def _ended(state: AlgoState, given: ChildEnded) -> Step:
    gone = find_child(state.children, given.child)
    state = replace(state, children=tuple(child for child in state.children if child is not gone))
    if given.is_rejected or (gone and not gone.is_cancel_asked and not gone.filled_lots):
        state = replace(state, not_before_ns=given.at_ns + REJECTION_WAIT_NS)
    elif gone and gone.is_routed and gone.is_passive:
        state = replace(state, not_before_ns=max(state.not_before_ns, given.at_ns + VENUE_SETTLE_NS))
    if given.is_rejected:
        state = replace(state, rejected=state.rejected + 1, rejected_in_a_row=state.rejected_in_a_row + 1)
        if state.phase is Phase.WORKING and state.rejected_in_a_row >= REJECTIONS_MAX:
            return _wind_down(replace(state, phase=Phase.PAUSED, reason=given.reason), given.at_ns)
    return _end_if_over(state), ()


def _restated(state: AlgoState, given: ChildRestated) -> Step:
    return replace(state, children=restate_child(state.children, given.child, given.leaves_lots)), ()


_STEPS: dict[type, Callable[[AlgoState, Any], Step]] = {
    Steer: _steer,
    Tick: _tick,
    MarketTraded: _traded,
    ChildEntered: _entered,
    ChildShown: _shown,
    ChildFilled: _filled,
    ChildBusted: _busted,
    CancelRefused: _cancel_refused,
    ChildEnded: _ended,
    ChildRestated: _restated,
}
