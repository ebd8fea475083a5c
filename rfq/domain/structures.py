"""What a set of legs is, in which currency its net price is counted, and what one unit of it is.

One rule of price: the priced legs of a structure share one quote currency, and its net price is the sum of
``side.sign * ratio * price``. Options, futures, perpetuals and spot mix freely within it. Beside them one future or
perpetual may stand as *hedge leg*: it trades at a price that the taker fixes, which does not enter the net price and so
may be in another currency (an inverse option is priced in coin, its perpetual in US dollars).
"""

import dataclasses
import math
from collections.abc import Sequence
from decimal import Decimal

from common.errors import Refusal
from wire.structure_names import StructureLeg, name_of
from wire.units import InstrumentKind, Side

HEDGE_SUFFIX = " with hedge"
_HEDGES = (InstrumentKind.FUTURE, InstrumentKind.PERPETUAL)

__all__ = ["Structure", "StructureLeg", "divisor", "net_price", "recognize"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Structure:
    name: str
    quote_currency: str


def recognize(legs: Sequence[StructureLeg], hedge: StructureLeg | None = None) -> Structure:
    """Name and quote currency. Refuses mixed quote currencies and what is no hedge of these legs."""
    currencies = sorted({leg.terms.quote_currency for leg in legs})
    if len(currencies) != 1:
        raise Refusal(
            "quote_currency_mixed",
            "The legs of a structure must be priced in one currency; a future in another one can be its hedge leg.",
            value=", ".join(currencies),
            bound=1,
        )
    if hedge is not None:
        _check_hedge(legs, hedge)
    name = name_of(legs) + (HEDGE_SUFFIX if hedge is not None else "")
    return Structure(name=name, quote_currency=currencies[0])


def divisor(ratios: Sequence[int]) -> int:
    """What the ratios, the hedge leg's among them, are reduced by: so many smaller units make up one."""
    return math.gcd(*ratios)


def net_price(sides_ratios: Sequence[tuple[Side, int, bool]], prices: Sequence[Decimal]) -> Decimal:
    """Price of one unit of the structure from (side, ratio, is_hedge) and price of each leg."""
    assert len(sides_ratios) == len(prices), "one price per leg"
    return sum(
        (
            side.sign * ratio * price
            for (side, ratio, is_hedge), price in zip(sides_ratios, prices, strict=True)
            if not is_hedge
        ),
        start=Decimal(0),
    )


def _check_hedge(legs: Sequence[StructureLeg], hedge: StructureLeg) -> None:
    coins = {leg.terms.base_currency for leg in legs}
    if hedge.terms.kind not in _HEDGES or hedge.terms.base_currency not in coins:
        raise Refusal(
            "hedge_instrument",
            "The hedge leg is a future or perpetual of a coin of the structure.",
            value=hedge.terms.name,
            bound=f"future or perpetual of {', '.join(sorted(coins))}",
        )
    if any(leg.terms.name == hedge.terms.name for leg in legs):
        raise Refusal("duplicate_leg", "An instrument is one leg at most.", value=hedge.terms.name)
