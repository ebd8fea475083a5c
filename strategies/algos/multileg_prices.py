"""What the legs of a structure cost off the books: pure arithmetic in steps, lots, ticks and atoms of value.

A cost is what is paid: legs that are sold count negative. ``limit_atoms`` bounds the cost of one step.
"""

from collections.abc import Sequence
from typing import NamedTuple

from strategies.algos.inputs import Level, Levels
from strategies.algos.multileg_state import MultilegState
from wire.multileg import MultilegLegTerms, MultilegTerms
from wire.units import Side


class LegPlan(NamedTuple):
    """An order that does not rest, at the worst price that it was judged by."""

    leg: int
    lots: int
    price_ticks: int


def far_side(levels: Levels, side: Side) -> tuple[Level, ...]:
    """What an order of that side trades against."""
    return levels.asks if side is Side.BUY else levels.bids


def sweep(offered: Sequence[Level], lots: int) -> tuple[int, int]:
    """(lots that are there of those wanted, the worst price among them); (0, 0) where there are none."""
    found, worst = 0, 0
    for price, size in offered:
        if found >= lots:
            break
        found, worst = min(lots, found + size), price
    return found, worst


def cost(leg: MultilegLegTerms, lots: int, price_ticks: int) -> int:
    return leg.side.sign * leg.weight * lots * price_ticks


def takeable(terms: MultilegTerms, books: Sequence[Levels], steps_max: int) -> tuple[int, tuple[int, ...]]:
    """The most steps that all books hold within the net price, and each leg's worst price of them; 0 steps: none."""
    steps, most = 0, steps_max
    prices: tuple[int, ...] = ()
    while steps < most:
        middle = (steps + most + 1) // 2
        found = _prices_of(terms, books, middle)
        if found is not None and _step_cost(terms, found) <= terms.limit_atoms:
            steps, prices = middle, found
        else:
            most = middle - 1
    return steps, prices


def _prices_of(terms: MultilegTerms, books: Sequence[Levels], steps: int) -> tuple[int, ...] | None:
    prices = []
    for leg, levels in zip(terms.legs, books, strict=True):
        wanted = steps * leg.lots
        found, worst = sweep(far_side(levels, leg.side), wanted)
        if found < wanted:
            return None
        prices.append(worst)
    return tuple(prices)


def _step_cost(terms: MultilegTerms, prices: Sequence[int]) -> int:
    return sum(cost(leg, leg.lots, price) for leg, price in zip(terms.legs, prices, strict=True))


def quote(terms: MultilegTerms, books: Sequence[Levels], steps_max: int) -> tuple[int, int]:
    """(steps, price) that the quoting leg may rest for, given what the others cost now; 0 steps: for none."""
    others = [(leg, levels) for at, (leg, levels) in enumerate(zip(terms.legs, books, strict=True))
              if at != terms.quoting_leg]  # fmt: skip
    steps = min(
        steps_max,
        *(sum(size for _, size in far_side(levels, leg.side)) // leg.lots for leg, levels in others),
    )
    if steps <= 0:
        return 0, 0
    prices = [sweep(far_side(levels, leg.side), steps * leg.lots)[1] for leg, levels in others]
    left = terms.limit_atoms - sum(cost(leg, leg.lots, price) for (leg, _), price in zip(others, prices, strict=True))
    own = terms.legs[terms.quoting_leg]
    step_weight = own.weight * own.lots
    if own.side is Side.SELL:
        return steps, max(1, -(left // step_weight))
    price = left // step_weight
    return (steps, price) if price >= 1 else (0, 0)


def plan_match(state: MultilegState, books: Sequence[Levels], slippage_atoms: int) -> list[LegPlan] | None:
    """What makes the steps that have begun whole within the net price and the slippage; None: nothing does.

    The slippage is of each step that was not whole when it was too late: what one of them took is its own. Beside an
    order that rests for the leading leg only what its fills ask for is sent, otherwise whole steps.
    """
    terms, begun = state.multileg, state.begun_steps
    late_steps = begun - state.late_from_steps if slippage_atoms else 0
    budget = (begun - state.base_steps) * terms.limit_atoms + late_steps * slippage_atoms
    planned: list[LegPlan] = []
    for index, (leg, done) in enumerate(zip(terms.legs, state.legs, strict=True)):
        budget -= cost(leg, 1, done.batch_tick_lots)
        missing = begun * leg.lots - done.net_lots
        if state.quote is not None and index == state.quote.leg:
            rests = min(missing, state.quote.leaves_lots)
            budget -= cost(leg, rests, state.quote.price_ticks)
            missing -= rests
        if not missing:
            continue
        found, worst = sweep(far_side(books[index], leg.side), missing)
        if not found:
            return None
        budget -= cost(leg, missing, worst)
        lots = min(found, _due_lots(state, index))
        if lots:
            planned.append(LegPlan(index, lots, worst))
    return planned if budget >= 0 else None


def _due_lots(state: MultilegState, index: int) -> int:
    """What the leg is behind the leading one."""
    legs = state.multileg.legs
    own = legs[index].lots
    if state.quote is None:
        return state.begun_steps * own - state.legs[index].net_lots
    led = max(done.net_lots * own // leg.lots for done, leg in zip(state.legs, legs, strict=True))
    return max(0, led - state.legs[index].net_lots)


def plan_unwind(state: MultilegState, books: Sequence[Levels]) -> list[LegPlan] | None:
    """What trades back all that stands alone, at a loss within the slippage; None: nothing does.

    What was traded back before counts with the rest: the bound is of all that stood alone when it began.
    """
    terms, matched = state.multileg, state.matched_steps
    alone = [done.filled_lots - matched * leg.lots for leg, done in zip(terms.legs, state.legs, strict=True)]
    allowed = terms.slippage_atoms * max(-(-lots // leg.lots) for leg, lots in zip(terms.legs, alone, strict=True))
    planned: list[LegPlan] = []
    for index, (leg, done) in enumerate(zip(terms.legs, state.legs, strict=True)):
        if not alone[index]:
            continue
        paid = cost(leg, alone[index], done.batch_tick_lots)
        allowed -= -(-paid // done.batch_lots) - cost(leg, 1, done.unwound_tick_lots)
        surplus = alone[index] - done.unwound_lots
        if not surplus:
            continue
        found, worst = sweep(far_side(books[index], leg.side.opposite), surplus)
        if not found:
            return None
        allowed += cost(leg, surplus, worst)
        planned.append(LegPlan(index, found, worst))
    return planned if allowed >= 0 else None


def net_mid_half_ticks(terms: MultilegTerms, side: Side, books: Sequence[Levels]) -> int:
    """Of one step as it is written, in half atoms; 0 where a book has no middle."""
    if not all(levels.mid_half_ticks for levels in books):
        return 0
    legs = zip(terms.legs, books, strict=True)
    return side.sign * sum(cost(leg, leg.lots, levels.mid_half_ticks) for leg, levels in legs)
