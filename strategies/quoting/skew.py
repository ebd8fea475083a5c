"""Shift of the middle away from what the maker holds: down for what would add to it, up for what would reduce it."""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

from strategies.quoting.terms import Inventory, Leg, StructureValue, clamp
from wire.quoting import QuotingParameters


@dataclasses.dataclass(frozen=True, kw_only=True)
class Skew:
    """In quote currency per unit; ``total`` is the sum."""

    vega: float
    expiry: float
    delta: float

    @property
    def total(self) -> float:
        return self.vega + self.expiry + self.delta


def skew(legs: Sequence[Leg], value: StructureValue, inventory: Inventory, parameters: QuotingParameters) -> Skew:
    """Linear in what is held, up to the limits and no further."""
    vega_share = clamp(inventory.vega_usd / parameters.vega_limit)
    delta_share = clamp(inventory.delta / parameters.delta_limit)
    by_expiry = sum(
        clamp(inventory.expiry_vega_usd.get(name, 0.0) / parameters.expiry_vega_limit) * vega
        for name, vega in vega_by_expiry(legs, value).items()
    )
    return Skew(
        vega=-vega_share * parameters.skew_vega * value.vega,
        expiry=-parameters.skew_expiry_vega * by_expiry,
        delta=-delta_share * parameters.skew_basis_points * 1e-4 * value.delta * value.coin_price,
    )


def vega_by_expiry(legs: Sequence[Leg], value: StructureValue, *, in_dollars: bool = False) -> dict[str, float]:
    """Signed vega of one unit for each expiry's underlying, in quote currency per point or in US dollars per point."""
    found: dict[str, float] = defaultdict(float)
    for leg, each in zip(legs, value.legs, strict=True):
        if each.vega:
            found[leg.terms.underlying_name] += leg.side.sign * leg.ratio * (each.vega_usd if in_dollars else each.vega)
    return dict(found)
