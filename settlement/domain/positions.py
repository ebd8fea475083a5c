"""A position and what a fill does to it.

``entry_value`` is the integer value at which the open quantity was entered. A reduction releases its share of it, and
the realized profit is the difference to the value at exit. Both sides of a trade book the same integer value, so over
all accounts realized profit and open entry values always sum to zero, to the smallest unit.
"""

import dataclasses
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from settlement.domain.valuation import DIGITS, payoff_units, value_units, values_in_inverse_price
from wire.instruments import InstrumentTerms
from wire.units import InstrumentKind, Side

AVERAGE_PRICE_STEP = Decimal("1e-12")
ZERO = Decimal(0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PositionState:
    """quantity: signed contracts. entry_value, realized: smallest units of the settlement currency."""

    quantity: Decimal = ZERO
    average_price: Decimal = ZERO
    entry_value: int = 0
    realized: int = 0

    def __post_init__(self) -> None:
        assert self.entry_value >= 0, "the value at entry is unsigned"
        assert self.quantity or not (self.entry_value or self.average_price), "a flat position has no entry"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Booking:
    """``realized``: what this fill realized. ``cash``: what the account receives (negative: pays) in money now."""

    position: PositionState
    realized: int
    cash: int


def apply_fill(state: PositionState, terms: InstrumentTerms, side: Side, price: Decimal, quantity: Decimal) -> Booking:
    """The position after buying or selling ``quantity`` at ``price``.

    Cash of an option is its premium, so what it realizes is shown and not paid again; cash of a future is what it
    realizes. Spot has no position: it is an exchange of two assets.
    """
    assert terms.kind is not InstrumentKind.SPOT, "spot has no position"
    assert quantity > 0, "a fill has a quantity"
    value = value_units(terms, price, quantity)
    closing = min(quantity, abs(state.quantity)) if state.quantity * side.sign < 0 else ZERO
    closing_value = value if closing == quantity else value_units(terms, price, closing)
    reduced, realized = _reduce(state, terms, closing, closing_value)
    position = _increase(reduced, terms, side, price, quantity - closing, value - closing_value)
    cash = -side.sign * value if terms.kind is InstrumentKind.OPTION else realized
    return Booking(position=position, realized=realized, cash=cash)


def settle_at_delivery(state: PositionState, terms: InstrumentTerms, delivery_price: Decimal) -> Booking:
    """Close the position at expiry: options against their payoff, futures against the value at the delivery price."""
    exit_value = _exit_value(terms, delivery_price, abs(state.quantity))
    position, realized = _reduce(state, terms, abs(state.quantity), exit_value)
    is_option = terms.kind is InstrumentKind.OPTION
    cash = delivered_value(state, terms, delivery_price) if is_option else realized
    return Booking(position=position, realized=realized, cash=cash)


def delivered_value(state: PositionState, terms: InstrumentTerms, delivery_price: Decimal) -> int:
    """The signed value that delivery gives the position. Over positions that sum to zero it is what rounding leaves."""
    return _direction(state, terms) * _exit_value(terms, delivery_price, abs(state.quantity))


def signed_entry_value(state: PositionState, terms: InstrumentTerms) -> int:
    """The open entry value as it enters the sum with realized profit: positive where a rise of value is owed to it."""
    return _direction(state, terms) * state.entry_value


def _direction(state: PositionState, terms: InstrumentTerms) -> int:
    """1 where the position gains when the value rises (a long one, or a short inverse one), else -1."""
    return (1 if state.quantity > 0 else -1) * (-1 if values_in_inverse_price(terms) else 1)


def _exit_value(terms: InstrumentTerms, delivery_price: Decimal, quantity: Decimal) -> int:
    if terms.kind is InstrumentKind.OPTION:
        return payoff_units(terms, delivery_price, quantity)
    return value_units(terms, delivery_price, quantity)


def _reduce(
    state: PositionState, terms: InstrumentTerms, closing: Decimal, exit_value: int
) -> tuple[PositionState, int]:
    if not closing:
        return state, 0
    left = abs(state.quantity) - closing
    released = state.entry_value if not left else _share(state.entry_value, closing, abs(state.quantity))
    realized = _direction(state, terms) * (exit_value - released)
    reduced = PositionState(
        quantity=left if state.quantity > 0 else -left,
        average_price=state.average_price if left else ZERO,
        entry_value=state.entry_value - released,
        realized=state.realized + realized,
    )
    return reduced, realized


def _share(units: int, part: Decimal, whole: Decimal) -> int:
    with localcontext() as context:
        context.prec = DIGITS
        return int((units * part / whole).to_integral_value(rounding=ROUND_HALF_EVEN))


def _increase(
    state: PositionState, terms: InstrumentTerms, side: Side, price: Decimal, quantity: Decimal, value: int
) -> PositionState:
    if not quantity:
        assert not value, "a value without a quantity"
        return state
    held = abs(state.quantity)
    return PositionState(
        quantity=state.quantity + side.sign * quantity,
        average_price=_average_price(terms, held, state.average_price, quantity, price),
        entry_value=state.entry_value + value,
        realized=state.realized,
    )


def _average_price(
    terms: InstrumentTerms, held: Decimal, held_price: Decimal, added: Decimal, added_price: Decimal
) -> Decimal:
    """Weighted by contracts; by contracts over price (harmonic) where the contract is worth dollars over price."""
    if not held:
        return added_price
    with localcontext() as context:
        context.prec = DIGITS
        if values_in_inverse_price(terms):
            average = (held + added) / (held / held_price + added / added_price)
        else:
            average = (held * held_price + added * added_price) / (held + added)
        return average.quantize(AVERAGE_PRICE_STEP, rounding=ROUND_HALF_EVEN)
