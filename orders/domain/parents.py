"""What a parent order must satisfy, and what may be asked of it in which state."""

from decimal import Decimal

from common.errors import Conflict, Refusal
from orders.domain.brackets import check_bracket
from orders.domain.grid import price_steps, steps
from wire.algos import ALGO_SLICES_MAX, AlgoLimits, AlgoName, AlgoParameters, ParentState
from wire.brackets import BracketTerms
from wire.gateway_algos import AlgoAction, AlgoTerms
from wire.instruments import InstrumentTerms
from wire.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.units import NANOSECONDS_PER_SECOND, Side

STEERABLE = {
    AlgoAction.WORK: frozenset({ParentState.PAUSED}),
    AlgoAction.PAUSE: frozenset({ParentState.WORKING}),
    AlgoAction.CANCEL: frozenset({ParentState.WORKING, ParentState.PAUSED}),
}
"""From which states an algorithm that was started may be asked for what."""


def check_terms(
    algo: AlgoName,
    side: Side,
    quantity: Decimal,
    parameters: AlgoParameters,
    limits: AlgoLimits,
    terms: InstrumentTerms,
) -> AlgoTerms:
    """All of it in ticks, lots and nanoseconds. Raises Refusal with the value and the bound."""
    if algo is AlgoName.MULTILEG or parameters.multileg is not None:
        raise Refusal("multileg_forbidden", "an order in one instrument has no legs", value=algo)
    quantity_lots = steps("quantity", quantity, terms.lot_size, QUANTITY_LOTS_MAX)
    _check_slices(parameters)
    return AlgoTerms(
        algo=algo,
        side=side,
        quantity_lots=quantity_lots,
        duration_ns=parameters.duration_s * NANOSECONDS_PER_SECOND,
        slice_ns=parameters.slice_s * NANOSECONDS_PER_SECOND,
        participation_basis_points=parameters.participation_basis_points,
        volume_curve=parameters.volume_curve,
        urgency_milli=parameters.urgency_milli,
        display_lots=_display(algo, parameters, terms, quantity_lots),
        peg_reference=parameters.peg_reference,
        peg_offset_ticks=_offset(parameters.peg_offset, terms),
        trigger_ticks=_trigger(algo, parameters, terms),
        limit_ticks=price_steps("limit_price", limits.limit_price, terms),
        max_participation_basis_points=limits.max_participation_basis_points or 0,
        max_child_lots=_lots("max_child_quantity", limits.max_child_quantity, terms),
        bracket=_bracket(algo, side, parameters, terms),
    )


def check_venue_choice(algo: AlgoName) -> None:
    """Raises Refusal ``venue_forbidden``: exits of a bracket and legs of a structure answer fills in the same place."""
    if algo in (AlgoName.BRACKET, AlgoName.MULTILEG):
        raise Refusal("venue_forbidden", f"a {algo} order works in our own book", value=algo.value)


def check_action(parent_id: int, state: ParentState, action: AlgoAction) -> None:
    """Raises Conflict ``parent_not_steerable``."""
    allowed = STEERABLE[action]
    if state not in allowed:
        why = f"parent order {parent_id} is {state}"
        raise Conflict("parent_not_steerable", why, value=state.value, bound=", ".join(sorted(allowed)))


def check_start(parent_id: int, state: ParentState, *, needs_approval: bool) -> None:
    """Raises Conflict ``approval_missing`` or ``parent_not_startable``."""
    if needs_approval and state is ParentState.STAGED:
        raise Conflict("approval_missing", "another person approves it first", value=state.value, bound="approved")
    if state not in (ParentState.STAGED, ParentState.APPROVED):
        why = f"parent order {parent_id} is {state}"
        raise Conflict("parent_not_startable", why, value=state.value, bound="staged, approved")


def check_change(parent_id: int, state: ParentState, *, requested: str, needs_approval: bool) -> None:
    """Raises Conflict ``already_requested`` or ``approval_missing``."""
    is_started = state not in (ParentState.STAGED, ParentState.APPROVED)
    if requested and not is_started:
        raise Conflict("already_requested", f"parent order {parent_id} is being started", value=requested)
    if needs_approval and is_started:
        why = f"parent order {parent_id} works as another person approved it: cancel it and stage the rest anew"
        raise Conflict("approval_missing", why, value=state.value, bound="staged, approved")


def cost_basis_points(side: Side, price: Decimal | None, benchmark: Decimal | None) -> Decimal | None:
    """What trading at ``price`` cost against the benchmark; positive is worse."""
    if price is None or not benchmark:
        return None
    return side.sign * (price - benchmark) / benchmark * 10_000


def _check_slices(parameters: AlgoParameters) -> None:
    slices = -(-parameters.duration_s // parameters.slice_s)
    if slices > ALGO_SLICES_MAX:
        raise Refusal("too_many_slices", "longer slices, or a shorter time", value=slices, bound=ALGO_SLICES_MAX)


def _display(algo: AlgoName, parameters: AlgoParameters, terms: InstrumentTerms, quantity_lots: int) -> int:
    lots = _lots("display_quantity", parameters.display_quantity, terms)
    if algo is AlgoName.ICEBERG and not lots:
        raise Refusal("display_quantity_required", "an iceberg shows a part of itself")
    if lots > quantity_lots:
        raise Refusal("display_quantity_too_large", "more than the order", value=lots, bound=quantity_lots)
    return lots


def _trigger(algo: AlgoName, parameters: AlgoParameters, terms: InstrumentTerms) -> int:
    if algo is AlgoName.SNIPER and parameters.trigger_price is None:
        raise Refusal("trigger_price_required", "a sniper waits for a price")
    return price_steps("trigger_price", parameters.trigger_price, terms)


def _offset(text: str | None, terms: InstrumentTerms) -> int:
    offset = Decimal(text or 0)
    if not offset:
        return 0
    ticks = steps("peg_offset", abs(offset), terms.tick_size, PRICE_TICKS_MAX)
    return ticks if offset > 0 else -ticks


def _bracket(algo: AlgoName, side: Side, parameters: AlgoParameters, terms: InstrumentTerms) -> BracketTerms | None:
    is_bracket = algo is AlgoName.BRACKET
    if is_bracket and parameters.bracket is None:
        raise Refusal("bracket_required", "a bracket says what its parts are")
    if not is_bracket and parameters.bracket is not None:
        raise Refusal("bracket_forbidden", "only a bracket has parts", value=algo, bound=AlgoName.BRACKET)
    return None if parameters.bracket is None else check_bracket(side, parameters.bracket, terms)


def _lots(name: str, text: str | None, terms: InstrumentTerms) -> int:
    return 0 if text is None else steps(name, Decimal(text), terms.lot_size, QUANTITY_LOTS_MAX)
