"""What a bracket must satisfy, and which of its fills count towards what it was for."""

from common.errors import Refusal
from orders.domain.grid import price_steps
from wire.brackets import BracketKind, BracketParameters, BracketRole, BracketTerms, role_of
from wire.instruments import InstrumentTerms
from wire.units import Side


def check_bracket(side: Side, bracket: BracketParameters, terms: InstrumentTerms) -> BracketTerms:
    """The prices in ticks. Raises Refusal: a part that is missing or one too many, or a price on the wrong side."""
    _check_parts(bracket)
    checked = BracketTerms(
        kind=bracket.kind,
        entry_ticks=price_steps("entry_price", bracket.entry_price, terms),
        take_profit_ticks=price_steps("take_profit", bracket.take_profit, terms),
        stop_ticks=price_steps("stop_loss", bracket.stop_loss, terms),
        stop_limit_ticks=price_steps("stop_limit", bracket.stop_limit, terms),
        trigger=bracket.trigger,
    )
    _check_sides(side if bracket.kind is BracketKind.OCO else side.opposite, bracket, checked)
    return checked


def check_same_kind(before: BracketParameters | None, after: BracketParameters | None) -> None:
    """Raises Refusal ``bracket_kind_fixed``: prices may change while it works, its parts may not."""
    if before is None or after is None:
        return
    kept = (before.kind, before.take_profit is None, before.stop_loss is None, before.entry_price is None)
    if kept != (after.kind, after.take_profit is None, after.stop_loss is None, after.entry_price is None):
        why = "the parts of a bracket stay what they are; their prices may change"
        raise Refusal("bracket_kind_fixed", why, value=after.kind, bound=before.kind)


def lots_that_may_leave(quantity_lots: int, bracket: BracketTerms | None) -> int:
    """As orders of one parent, all together: a bracket closes what its entry opened."""
    return 2 * quantity_lots if bracket is not None and bracket.has_entry else quantity_lots


def is_for_the_parent(client_order_id: str, bracket: BracketParameters | None) -> bool:
    """Whether a fill trades what the parent order was for: the exits of an entry do not."""
    return bracket is None or bracket.kind is BracketKind.OCO or role_of(client_order_id) is BracketRole.ENTRY


def _check_parts(bracket: BracketParameters) -> None:
    exits = [name for name in ("take_profit", "stop_loss") if getattr(bracket, name) is not None]
    wanted = 1 if bracket.kind is BracketKind.OTO else 2
    if len(exits) != wanted:
        why = "an OTO has a take-profit or a stop-loss, an OCO and an OTOCO have both"
        raise Refusal("bracket_parts", why, value=", ".join(exits) or "none", bound=wanted)
    if bracket.kind is BracketKind.OCO and bracket.entry_price is not None:
        raise Refusal("entry_price_forbidden", "an OCO has no entry", value=bracket.entry_price)
    if bracket.stop_limit is not None and bracket.stop_loss is None:
        raise Refusal("stop_limit_forbidden", "a limit of the stop needs a stop-loss", value=bracket.stop_limit)


def _check_sides(exit_side: Side, bracket: BracketParameters, ticks: BracketTerms) -> None:
    """Selling out: profit above, stop below; buying back the other way round."""
    sign, text = exit_side.sign, bracket
    pairs = (
        ("take_profit_wrong_side", ticks.take_profit_ticks, ticks.stop_ticks, text.take_profit, text.stop_loss),
        ("take_profit_wrong_side", ticks.take_profit_ticks, ticks.entry_ticks, text.take_profit, text.entry_price),
        ("stop_loss_wrong_side", ticks.entry_ticks, ticks.stop_ticks, text.stop_loss, text.entry_price),
    )
    for reason, better, worse, value, bound in pairs:
        if better and worse and sign * better >= sign * worse:
            why = (
                f"to {exit_side} out, the profit lies {'above' if exit_side is Side.SELL else 'below'}, the stop beyond"
            )
            raise Refusal(reason, why, value=value, bound=bound)
    is_limit_wrong = ticks.stop_limit_ticks and sign * ticks.stop_limit_ticks < sign * ticks.stop_ticks
    if is_limit_wrong:
        why = "the limit of a stop lies beyond the stop"
        raise Refusal("stop_limit_wrong_side", why, value=bracket.stop_limit, bound=bracket.stop_loss)
