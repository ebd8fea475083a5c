"""What one contract does to its owner: coins, delta and vega, at the marks of now."""

import dataclasses
from collections.abc import Iterable

from risk.domain.margin import Holding, greeks_of
from risk.selectors.marks import read_marks, terms_of
from wire.units import InstrumentKind


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Of one contract. coins: an option's underlying, otherwise its delta without sign; vega: USD per point."""

    coin: str
    coins: float
    delta: float
    vega: float


def sensitivities(names: Iterable[str]) -> dict[str, Sensitivity]:
    """By instrument. Raises MarksUnavailable where a coin has no index."""
    wanted = list(names)
    marks = read_marks(wanted).marks
    found = {}
    for name in wanted:
        terms, mark = terms_of(name), marks[name]
        greeks = greeks_of(Holding(terms=terms, quantity=1.0, entry_price=mark.price, mark=mark))
        is_option = terms.kind is InstrumentKind.OPTION
        found[name] = Sensitivity(
            coin=terms.base_currency,
            coins=float(terms.multiplier) if is_option else abs(greeks.delta),
            delta=greeks.delta,
            vega=greeks.vega,
        )
    return found
