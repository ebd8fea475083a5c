"""One step of a multi-leg order: legs of one structure, traded at one net price, never far ahead of each other.

Either all legs are taken at once, as orders that do not rest, when the books hold them within the net price; or one leg
rests at the price that makes the net price good, and the others are taken as it fills. Whatever trades without the
others is made whole within the net price, and after a time by the order's own rule. Before anything is sent

    filled + working <= (matched + legging limit) * lots of one step

holds for every leg, so that what stands alone never exceeds the limit, whichever of the orders in flight trade.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from strategies.algos import multileg_prices as prices
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
from strategies.algos.multileg_prices import LegPlan
from strategies.algos.multileg_state import Leg, LegOrder, MultilegState
from strategies.algos.state import Phase
from wire.algos import CANCELED_BY_A_PERSON, EXPIRED
from wire.gateway_algos import AlgoAction
from wire.multileg import LeggingRule, LegTask
from wire.units import NANOSECONDS_PER_SECOND

REJECTIONS_MAX = 5
"""After so many in a row with nothing unmatched it pauses by itself: a person looks at the reason first."""
UNTRADED_WAIT_NS = NANOSECONDS_PER_SECOND
"""After orders that found nothing of what the book had shown."""
REQUOTE_WAIT_NS = NANOSECONDS_PER_SECOND
"""A resting order moves to a better place no sooner than this; out of a bad one it moves at once."""
STALE = "market_stale"
BEYOND_BOUND = "no_market_within_bound"
"""The rule of the order is due, and no market lets it be followed."""
PASSING = frozenset({"immediate_or_cancel", "not_entered", "self_match"})
"""Why an order ended that is sent again as a matter of course."""

replace = msgspec.structs.replace
Step = tuple[MultilegState, tuple[Action, ...]]


def begin(given: Steer) -> Step:
    """The state that the first word of a person makes; nothing is sent before the next look at the market."""
    multileg = given.terms.multileg
    assert multileg is not None, "a multi-leg order has its legs"
    state = MultilegState(
        terms=given.terms,
        phase=Phase.WORKING,
        started_at_ns=given.at_ns,
        legs=(Leg(),) * len(multileg.legs),
        arrival_mid_half_ticks=prices.net_mid_half_ticks(multileg, given.terms.side, given.legs),
    )
    return _steer(state, given)


def step(state: MultilegState, given: Input) -> Step:
    """The new state and what is to be sent, in this order. An order that ended stays as it is."""
    return (state, ()) if state.is_ended else _STEPS[type(given)](state, given)


def _steer(state: MultilegState, given: Steer) -> Step:
    """Under other terms what rests is taken back first."""
    is_same, state = state.terms == given.terms, replace(state, terms=given.terms)
    if given.action is AlgoAction.CANCEL:
        return _wind_down(replace(state, phase=Phase.CANCELING, reason=CANCELED_BY_A_PERSON))
    if state.phase not in (Phase.WORKING, Phase.PAUSED):
        return state, ()
    if given.action is AlgoAction.PAUSE:
        return _wind_down(replace(state, phase=Phase.PAUSED, reason=""))
    state = replace(state, phase=Phase.WORKING, reason="", problem="", rejected_in_a_row=0, not_before_ns=0)
    return (_end_if_over(state), ()) if is_same else _wind_down(state)


def _tick(state: MultilegState, given: Tick) -> Step:
    state = _look_at_clock(state, given.at_ns)
    is_over = state.phase is Phase.FINISHING and not state.unmatched_steps
    if is_over or state.phase in (Phase.CANCELING, Phase.PAUSED):
        return _wind_down(state)
    if not all(levels.is_fresh for levels in given.legs):
        return _without_market(state)
    state = replace(state, problem="") if state.problem == STALE else state
    if any(child.task is not LegTask.QUOTE for child in state.children):
        return state, ()
    return _act(state, given)


def _without_market(state: MultilegState) -> Step:
    """An immediate order does not wait for one, unless a leg stands alone."""
    if state.unmatched_steps:
        return _withdraw(replace(state, problem=STALE))
    if state.multileg.is_immediate:
        return _wind_down(replace(state, phase=Phase.FINISHING, reason=STALE))
    return _withdraw(state)


def _act(state: MultilegState, given: Tick) -> Step:
    """Nothing of what was sent is open any more, but for an order that rests."""
    is_waiting = given.at_ns < state.not_before_ns
    if state.unmatched_steps:
        return _withdraw(state) if is_waiting else _match(state, given)
    if is_waiting:
        return state, ()
    return _quote(state, given) if state.multileg.quoting_leg >= 0 else _take(state, given)


def _look_at_clock(state: MultilegState, now_ns: int) -> MultilegState:
    """A paused order expires too, once nothing of it works and no leg stands alone: that is the person's."""
    terms = state.multileg
    is_idle = state.phase is Phase.PAUSED and not state.children and not state.unmatched_steps
    may_expire = state.phase is Phase.WORKING or is_idle
    if may_expire and terms.expires_at_ns and now_ns >= terms.expires_at_ns:
        state = replace(state, phase=Phase.FINISHING, reason=EXPIRED)
    since = state.unmatched_since_ns
    is_late = since > 0 and (now_ns - since >= terms.legging_timeout_ns or state.phase is Phase.FINISHING)
    if is_late and not state.is_late:
        state = replace(state, late_from_steps=state.matched_steps)
    return replace(state, is_late=is_late)


def _take(state: MultilegState, given: Tick) -> Step:
    """All legs at once, as much as the limit lets stand alone if only one of them should trade."""
    most = min(state.multileg.legging_steps, state.quantity_steps - state.matched_steps)
    steps, worst = prices.takeable(state.multileg, given.legs, most)
    if not steps:
        if not state.multileg.is_immediate:
            return state, ()
        return _wind_down(replace(state, phase=Phase.FINISHING, reason="immediate_or_cancel"))
    legs = enumerate(zip(state.multileg.legs, worst, strict=True))
    return _enter(state, [LegPlan(at, steps * leg.lots, price) for at, (leg, price) in legs], LegTask.TAKE)


def _quote(state: MultilegState, given: Tick) -> Step:
    terms, matched, resting = state.multileg, state.matched_steps, state.quote
    most = min(terms.legging_steps, state.quantity_steps - matched)
    steps, price = prices.quote(terms, given.legs, most)
    leg = terms.legs[terms.quoting_leg]
    lots = (matched + steps) * leg.lots - state.legs[terms.quoting_leg].net_lots
    if resting is None:
        return _enter(state, [LegPlan(terms.quoting_leg, lots, price)], LegTask.QUOTE) if steps else (state, ())
    is_other = resting.leg != terms.quoting_leg
    is_bad = is_other or not steps or resting.leaves_lots > lots or leg.side.sign * (resting.price_ticks - price) > 0
    is_worse = resting.leaves_lots < lots or resting.price_ticks != price
    is_old = given.at_ns - resting.entered_at_ns >= REQUOTE_WAIT_NS
    return _withdraw(state) if is_bad or (is_worse and is_old) else (state, ())


def _match(state: MultilegState, given: Tick) -> Step:
    """Some legs stand without the others: make them whole, or, where it is time and the rule, trade them back."""
    if state.is_late and state.quote is not None:
        return _withdraw(state)
    terms, task = state.multileg, LegTask.HEDGE
    planned = None
    if not state.is_unwinding:
        completes = state.is_late and terms.legging_rule is LeggingRule.COMPLETE
        planned = prices.plan_match(state, given.legs, terms.slippage_atoms if completes else 0)
        task = LegTask.COMPLETE if completes else LegTask.HEDGE
    if planned is None and state.is_late and terms.legging_rule is LeggingRule.UNWIND:
        planned, task = prices.plan_unwind(state, given.legs), LegTask.UNWIND
    if planned is None:
        return _withdraw(replace(state, problem=BEYOND_BOUND if state.is_late else state.problem))
    if task is LegTask.UNWIND:
        state = replace(state, is_unwinding=True, phase=Phase.FINISHING, reason="legging_unwound")
    return _enter(state, planned, task)


def _enter(state: MultilegState, planned: Iterable[LegPlan], task: LegTask) -> Step:
    actions: list[Action] = []
    for leg, lots, price_ticks in planned:
        number = state.children_sent + 1
        child = LegOrder(number=number, leg=leg, task=task, lots=lots, price_ticks=price_ticks)
        state = replace(state, children=(*state.children, child), children_sent=number)
        side = state.multileg.legs[leg].side
        actions.append(
            Enter(
                child=number,
                lots=lots,
                price_ticks=price_ticks,
                is_passive=task is LegTask.QUOTE,
                side=side.opposite if task is LegTask.UNWIND else side,
                leg=leg,
                task=task,
            )
        )
        _assert_bound(state, leg)
    return state, tuple(actions)


def _assert_bound(state: MultilegState, index: int) -> None:
    """A limit or quantity that was lowered since counts from what had begun by then."""
    terms, begun = state.multileg, state.begun_steps
    most = max(begun, min(state.matched_steps + terms.legging_steps, state.quantity_steps))
    may_stand = state.legs[index].net_lots + state.leg_working_lots(index)
    assert may_stand <= most * terms.legs[index].lots, f"leg {index} may come to {may_stand} lots, {most} steps at most"


def _withdraw(state: MultilegState) -> Step:
    """What rests is canceled."""
    changed, canceled = ask_cancels(state.children, () if state.quote is None else (state.quote,))
    return replace(state, children=changed), canceled


def _wind_down(state: MultilegState) -> Step:
    state, canceled = _withdraw(state)
    return _end_if_over(state), canceled


def _end_if_over(state: MultilegState) -> MultilegState:
    """What still stands alone ends with it only where a person ended it."""
    if state.children:
        return state
    if state.phase is Phase.CANCELING:
        return replace(state, phase=Phase.CANCELED)
    if state.unmatched_steps:
        return state
    if state.matched_steps >= state.terms.quantity_lots:
        return replace(state, phase=Phase.DONE, reason="", problem="")
    return replace(state, phase=Phase.CANCELED, problem="") if state.phase is Phase.FINISHING else state


def _traded(state: MultilegState, given: MarketTraded) -> Step:
    del given
    return state, ()


def _entered(state: MultilegState, given: ChildEntered) -> Step:
    children = change_child(state.children, given.child, order_id=given.order_id, entered_at_ns=given.at_ns)
    return replace(state, children=children), ()


def _filled(state: MultilegState, given: ChildFilled) -> Step:
    traded = find_child(state.children, given.child)
    if traded is None:
        return state, ()
    changed = change_child(state.children, traded.number, filled_lots=traded.filled_lots + given.lots)
    leg = _add(state.legs[traded.leg], traded.task, given.lots, given.lots * given.price_ticks)
    state = replace(
        state,
        children=tuple(child for child in changed if child.leaves_lots),
        legs=(*state.legs[: traded.leg], leg, *state.legs[traded.leg + 1 :]),
        rejected_in_a_row=0,
        problem="",
    )
    return _end_if_over(_weigh(state, given.at_ns)), ()


def _add(leg: Leg, task: LegTask, lots: int, tick_lots: int) -> Leg:
    if task is LegTask.UNWIND:
        return replace(leg, unwound_lots=leg.unwound_lots + lots, unwound_tick_lots=leg.unwound_tick_lots + tick_lots)
    return replace(
        leg,
        filled_lots=leg.filled_lots + lots,
        tick_lots=leg.tick_lots + tick_lots,
        batch_lots=leg.batch_lots + lots,
        batch_tick_lots=leg.batch_tick_lots + tick_lots,
    )


def _weigh(state: MultilegState, now_ns: int) -> MultilegState:
    """A new batch where all legs are whole; otherwise the time runs."""
    if state.unmatched_steps:
        return state if state.unmatched_since_ns else replace(state, unmatched_since_ns=now_ns)
    legs = tuple(replace(leg, batch_lots=0, batch_tick_lots=0) for leg in state.legs)
    return replace(state, legs=legs, base_steps=state.matched_steps, unmatched_since_ns=0, is_late=False)


def _restated(state: MultilegState, given: ChildRestated) -> Step:
    return replace(state, children=restate_child(state.children, given.child, given.leaves_lots)), ()


def _ended(state: MultilegState, given: ChildEnded) -> Step:
    gone = find_child(state.children, given.child)
    if gone is None:
        return state, ()
    state = replace(state, children=tuple(child for child in state.children if child is not gone))
    if given.is_rejected:
        return _end_if_over(_refused(state, gone, given)), ()
    if gone.is_cancel_asked or given.reason == "not_entered":
        return _end_if_over(state), ()
    if given.reason not in PASSING and state.phase is Phase.WORKING:
        return replace(state, phase=Phase.PAUSED, reason=f"order of leg {gone.leg + 1} ended: {given.reason}"), ()
    if not gone.filled_lots:
        state = replace(state, not_before_ns=given.at_ns + UNTRADED_WAIT_NS)
    return _end_if_over(state), ()


def _refused(state: MultilegState, gone: LegOrder, given: ChildEnded) -> MultilegState:
    """Tried again for as long as legs stand alone, which is the greater harm; otherwise a person looks at it first."""
    in_a_row = state.rejected_in_a_row + 1
    why = f"leg {gone.leg + 1} refused: {given.reason}"
    state = replace(
        state,
        rejected=state.rejected + 1,
        rejected_in_a_row=in_a_row,
        not_before_ns=given.at_ns + retry_wait_ns(in_a_row),
        problem=why,
    )
    if state.phase is Phase.WORKING and in_a_row >= REJECTIONS_MAX and not state.unmatched_steps:
        return replace(state, phase=Phase.PAUSED, reason=why)
    return state


_STEPS: dict[type, Callable[[MultilegState, Any], Step]] = {
    Steer: _steer,
    Tick: _tick,
    MarketTraded: _traded,
    ChildEntered: _entered,
    ChildFilled: _filled,
    ChildRestated: _restated,
    ChildEnded: _ended,
}
