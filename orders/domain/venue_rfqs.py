"""What a request to the makers of another venue must satisfy before it leaves, and before its quote is taken."""

import dataclasses
import math
from collections.abc import Sequence
from decimal import Decimal

from common.errors import Conflict, Refusal
from orders.domain.grid import steps
from wire.instruments import InstrumentTerms
from wire.limits import QUANTITY_LOTS_MAX
from wire.units import TERMINAL_ORDER_STATES, InstrumentKind, OrderState, Side
from wire.venue_rfqs import AcceptanceState, VenueQuote, VenueRfqState

OUTRIGHTS = frozenset({InstrumentKind.FUTURE, InstrumentKind.PERPETUAL})
OFFERED_KINDS = OUTRIGHTS | {InstrumentKind.OPTION}
BEYOND_TICKS_MAX, BEYOND_SHARE_MAX = 100, Decimal("0.1")
"""How far the worst price that is taken may lie beyond the quote: ticks of the coarsest leg or a share of the quote,
whichever is more.
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class AskedLeg:
    terms: InstrumentTerms
    side: Side
    ratio: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """Ratios without a common divisor; ``quantity``: units of that structure."""

    legs: list[AskedLeg]
    quantity: Decimal


def check_asked(legs: Sequence[AskedLeg], quantity: Decimal) -> Asked:
    """Raises Refusal: leg_twice, legs_mixed, kind_not_offered and the reasons of a quantity off the grid.

    The venue counts a structure in one amount, so its legs must be counted alike: options of one coin, or futures and
    perpetuals of one.
    """
    if len({leg.terms.name for leg in legs}) < len(legs):
        raise Refusal("leg_twice", "an instrument is a leg once", value=", ".join(leg.terms.name for leg in legs))
    for leg in legs:
        if leg.terms.kind not in OFFERED_KINDS:
            raise Refusal(
                "kind_not_offered", "makers of venues are asked for options and futures", value=leg.terms.name
            )
    units = {_counted_in(leg.terms) for leg in legs}
    if len(units) > 1:
        raise Refusal(
            "legs_mixed", "options and futures, or two coins, are not asked for together",
            value=", ".join(sorted(unit[0] for unit in units)), bound="one",
        )  # fmt: skip
    divisor = math.gcd(*(leg.ratio for leg in legs))
    reduced = [dataclasses.replace(leg, ratio=leg.ratio // divisor) for leg in legs]
    quantity *= divisor
    for leg in reduced:
        steps("quantity", quantity * leg.ratio, leg.terms.lot_size, QUANTITY_LOTS_MAX)
    return Asked(legs=reduced, quantity=quantity)


def check_takable(
    state: VenueRfqState, quotes: Sequence[VenueQuote], quantity: Decimal, side: Side, price: Decimal, tick: Decimal
) -> Decimal:
    """The best quote, where an acceptance at ``price`` or better can be met now. ``quotes``: of the side that it takes.
    ``tick``: of the coarsest leg.

    Raises Conflict: rfq_not_open, no_quote, price_not_crossing; Refusal: price_too_far.
    """
    if state is not VenueRfqState.OPEN:
        raise Conflict("rfq_not_open", f"the request is {state.value}", value=state.value, bound="open")
    enough = [quote for quote in quotes if quote.quantity >= quantity]
    if not enough and sum(quote.quantity for quote in quotes if not quote.is_all_or_none) < quantity:
        raise Conflict("no_quote", "nobody quotes that side for the whole quantity", value=side.value, bound=quantity)
    best = best_price(quotes, side)
    assert best is not None, "somebody quotes"
    if side.sign * (price - best) < 0:
        raise Conflict("price_not_crossing", "the quotes are worse than this price", value=price, bound=best)
    bound = best + side.sign * max(BEYOND_TICKS_MAX * tick, BEYOND_SHARE_MAX * abs(best))
    if side.sign * (price - bound) > 0:
        raise Refusal("price_too_far", "the price lies too far beyond the quote", value=price, bound=bound)
    return best


def best_price(quotes: Sequence[VenueQuote], side: Side) -> Decimal | None:
    """Of the quotes that a taker of ``side`` takes; None where nobody quotes."""
    prices = [quote.price for quote in quotes]
    return None if not prices else min(prices) if side is Side.BUY else max(prices)


def acceptance_state(legs: Sequence[tuple[OrderState, Decimal]]) -> AcceptanceState:
    """``legs``: state and what was executed of each. A leg that trades alone is no venue's promise: it is shown."""
    if any(state not in TERMINAL_ORDER_STATES for state, _ in legs):
        return AcceptanceState.ACCEPTING
    if all(state is OrderState.FILLED for state, _ in legs):
        return AcceptanceState.FILLED
    return AcceptanceState.UNEVEN if any(executed for _, executed in legs) else AcceptanceState.REFUSED


def _counted_in(terms: InstrumentTerms) -> tuple[str, str, Decimal]:
    what = "options" if terms.kind is InstrumentKind.OPTION else "futures"
    return f"{terms.base_currency} {what}", terms.settlement_currency, terms.multiplier
