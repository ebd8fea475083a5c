"""Which sides the maker may deal: size, vega, delta and notional, each within its limit or nearer to it."""

from collections.abc import Iterator, Sequence

from strategies.quoting.skew import vega_by_expiry
from strategies.quoting.terms import Inventory, Leg, Pass, StructureValue
from strategies.quoting.value import coins_of
from wire.quoting import QuotingParameters


def check_size(legs: Sequence[Leg], value: StructureValue, quantity: float, parameters: QuotingParameters) -> float:
    """Coins of the largest leg. Raises Pass ``quantity``."""
    size = quantity * max(leg.ratio * coins_of(leg, each) for leg, each in zip(legs, value.legs, strict=True))
    if size > parameters.quantity_max:
        raise Pass("quantity", f"{size} over {parameters.quantity_max}")
    return size


def allows(
    legs: Sequence[Leg],
    value: StructureValue,
    inventory: Inventory,
    signed_quantity: float,
    parameters: QuotingParameters,
) -> bool:
    """Whether the maker may buy (below zero: sell) so many units."""
    for held, change, limit in _risks(legs, value, inventory, signed_quantity, parameters):
        after = held + change
        if abs(after) > limit and abs(after) > abs(held):
            return False
    return True


def _risks(
    legs: Sequence[Leg],
    value: StructureValue,
    inventory: Inventory,
    signed_quantity: float,
    parameters: QuotingParameters,
) -> Iterator[tuple[float, float, float]]:
    """(held, change, limit) of everything that is limited."""
    yield inventory.vega_usd, signed_quantity * value.vega_usd, parameters.vega_limit
    yield inventory.delta, signed_quantity * value.delta, parameters.delta_limit
    for name, vega_usd in vega_by_expiry(legs, value, in_dollars=True).items():
        held = inventory.expiry_vega_usd.get(name, 0.0)
        yield held, signed_quantity * vega_usd, parameters.expiry_vega_limit
    change = _notional_change(legs, value, inventory, signed_quantity)
    yield inventory.notional_usd, change, parameters.notional_limit


def _notional_change(legs: Sequence[Leg], value: StructureValue, inventory: Inventory, signed_quantity: float) -> float:
    total = 0.0
    for leg, each in zip(legs, value.legs, strict=True):
        held = inventory.contracts.get(leg.terms.name, 0.0)
        after = held + signed_quantity * leg.side.sign * leg.ratio
        total += (abs(after) - abs(held)) * each.notional_usd
    return total
