"""What each algorithm wants next: at most one child a tick, within the parent's own limits."""

import msgspec

from strategies.algos.inputs import Level, Levels, Tick
from strategies.algos.state import AlgoState, Child
from wire.algos import BASIS_POINTS, SCHEDULED, AlgoName
from wire.units import PegReference, Side

replace = msgspec.structs.replace


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    lots: int
    price_ticks: int
    is_passive: bool


def grace_ns(state: AlgoState) -> int:
    """Time after the end to trade what is behind the schedule."""
    return state.terms.slice_ns if state.terms.algo in SCHEDULED else 0


def enter_slice(state: AlgoState, now_ns: int) -> AlgoState:
    """The slice that the time lies in, and what should have been traded when it began."""
    number = (now_ns - state.started_at_ns) // state.terms.slice_ns
    if number == state.slice_number:
        return state
    if state.terms.algo is AlgoName.POV:
        base = _share_of_market(state, state.terms.participation_basis_points)
    else:
        base = _planned(state, number)
    return replace(state, slice_number=number, slice_base_lots=min(base, state.terms.quantity_lots))


def stale_children(state: AlgoState, given: Tick) -> tuple[Child, ...]:
    """Those that rest where they should not any more."""
    if state.terms.algo is AlgoName.PEG and given.levels.is_fresh:
        price = _peg_price(state, without_own(state, given.levels, given.at_ns))
        return tuple(child for child in state.children if price is not None and child.price_ticks != price)
    is_sliced = state.terms.algo in SCHEDULED or state.terms.algo is AlgoName.POV
    return tuple(
        child
        for child in state.children
        if _is_beyond_limit(state, child.price_ticks) or (is_sliced and child.slice_number != state.slice_number)
    )


def find_wish(state: AlgoState, given: Tick) -> Wish | None:
    """The next child, or None where nothing is to be sent now."""
    levels = without_own(state, given.levels, given.at_ns)
    wish = _TACTICS.get(state.terms.algo, _follow)(state, levels)
    lots = 0 if wish is None else min(wish.lots, _room(state))
    return None if wish is None or lots <= 0 else replace(wish, lots=lots)


def without_own(state: AlgoState, levels: Levels, now_ns: int) -> Levels:
    """The book of the others: an order that follows itself stands still."""
    own: dict[int, int] = {}
    for child in (child for child in state.children if child.order_id and now_ns >= child.shown_from_ns):
        own[child.price_ticks] = own.get(child.price_ticks, 0) + child.leaves_lots
    is_buy = state.terms.side is Side.BUY
    mine = levels.bids if is_buy else levels.asks
    kept = tuple((price, lots - own.get(price, 0)) for price, lots in mine if lots > own.get(price, 0))
    return replace(levels, bids=kept) if is_buy else replace(levels, asks=kept)


def _follow(state: AlgoState, levels: Levels) -> Wish | None:
    """Rest for what this slice should trade; take what the slices before should have traded.

    What rests in this slice is not counted on for the slices before.
    """
    resting = sum(
        child.leaves_lots
        for child in state.children
        if child.is_passive and child.slice_number == state.slice_number and not child.is_cancel_asked
    )
    committed = state.executed_lots + state.working_lots
    behind, goal = state.slice_base_lots - (committed - resting), _goal(state) - committed
    near, far = _near(state, levels), _far(state, levels)
    if behind > 0 and far is not None and not _is_beyond_limit(state, far[0]):
        return Wish(lots=min(behind, far[1]), price_ticks=far[0], is_passive=False)
    if goal <= 0 or near is None:
        return None
    return Wish(lots=goal, price_ticks=_within_limit(state, near[0]), is_passive=True)


def _show_little(state: AlgoState, levels: Levels) -> Wish | None:
    """Iceberg: one small order at a time, the next when it is filled."""
    near = _near(state, levels)
    if state.children or (near is None and not state.terms.limit_ticks):
        return None
    price = state.terms.limit_ticks or (near[0] if near else 0)
    return Wish(lots=min(state.leaves_lots, state.terms.display_lots), price_ticks=price, is_passive=True)


def _stay_beside(state: AlgoState, levels: Levels) -> Wish | None:
    """Peg: one order at a distance from the market, moved when the market moves."""
    price = _peg_price(state, levels)
    if state.children or price is None:
        return None
    shown = state.terms.display_lots or state.leaves_lots
    return Wish(lots=min(state.leaves_lots, shown), price_ticks=price, is_passive=True)


def _snipe(state: AlgoState, levels: Levels) -> Wish | None:
    """Sniper: nothing is seen of it until somebody offers the price."""
    far = _far(state, levels)
    if state.children or far is None or _is_worse(state, far[0], state.terms.trigger_ticks):
        return None
    if _is_beyond_limit(state, far[0]):
        return None
    return Wish(lots=min(state.leaves_lots, far[1]), price_ticks=far[0], is_passive=False)


_TACTICS = {AlgoName.ICEBERG: _show_little, AlgoName.PEG: _stay_beside, AlgoName.SNIPER: _snipe}


def _goal(state: AlgoState) -> int:
    """What should be traded by the end of this slice."""
    if state.terms.algo is AlgoName.POV:
        wanted = _share_of_market(state, state.terms.participation_basis_points)
    else:
        wanted = _planned(state, state.slice_number + 1)
    return min(wanted, state.terms.quantity_lots)


def _planned(state: AlgoState, slices: int) -> int:
    """Lots that should be traded after so many slices."""
    if slices <= 0 or not state.plan:
        return 0
    return state.plan[min(slices, len(state.plan)) - 1][1]


def _share_of_market(state: AlgoState, basis_points: int) -> int:
    """Own lots that make this part of all that trades, own lots included."""
    if basis_points >= BASIS_POINTS:
        return state.terms.quantity_lots
    return state.market_lots * basis_points // (BASIS_POINTS - basis_points)


def _room(state: AlgoState) -> int:
    """The most that a child may be."""
    terms, room = state.terms, state.leaves_lots
    if terms.max_child_lots:
        room = min(room, terms.max_child_lots)
    if terms.max_participation_basis_points:
        share = _share_of_market(state, terms.max_participation_basis_points)
        room = min(room, share - state.executed_lots - state.working_lots)
    return room


def _near(state: AlgoState, levels: Levels) -> Level | None:
    side = levels.bids if state.terms.side is Side.BUY else levels.asks
    return side[0] if side else None


def _far(state: AlgoState, levels: Levels) -> Level | None:
    side = levels.asks if state.terms.side is Side.BUY else levels.bids
    return side[0] if side else None


def _is_worse(state: AlgoState, price: int, than: int) -> bool:
    return price > than if state.terms.side is Side.BUY else price < than


def _is_beyond_limit(state: AlgoState, price: int) -> bool:
    return bool(state.terms.limit_ticks) and _is_worse(state, price, state.terms.limit_ticks)


def _within_limit(state: AlgoState, price: int) -> int:
    return state.terms.limit_ticks if _is_beyond_limit(state, price) else price


def _peg_price(state: AlgoState, levels: Levels) -> int | None:
    """A mid between two ticks goes to the passive one. The order never takes."""
    near, far, is_buy = _near(state, levels), _far(state, levels), state.terms.side is Side.BUY
    if near is None or far is None:
        return None
    reference = near[0]
    if state.terms.peg_reference is PegReference.MID:
        reference = (near[0] + far[0]) // 2 if is_buy else -(-(near[0] + far[0]) // 2)
    price = reference + state.terms.peg_offset_ticks
    passive = min(price, far[0] - 1) if is_buy else max(price, far[0] + 1)
    return max(_within_limit(state, passive), 1)
