"""What a set of legs is called, and in which currency its net price is counted.

One rule of price: the legs of a structure share one quote currency, and its net price is the sum of
``side.sign * ratio * price``. Beside options, one future or perpetual may stand as *hedge leg*: it trades at its own
price, which does not enter the net price and so may be in another currency (an inverse option is priced in coin, its
perpetual in US dollars). Without options every leg counts, and there is no hedge leg.
"""

import dataclasses
from collections.abc import Sequence
from decimal import Decimal

from common.errors import Refusal
from wire.instruments import InstrumentTerms
from wire.units import InstrumentKind, OptionType, Side

CUSTOM = "custom"
HEDGE_SUFFIX = " with hedge"
_HEDGES = (InstrumentKind.FUTURE, InstrumentKind.PERPETUAL)


@dataclasses.dataclass(frozen=True, kw_only=True)
class StructureLeg:
    terms: InstrumentTerms
    side: Side
    ratio: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Structure:
    """hedge_index: position of the hedge leg, None where there is none."""

    name: str
    quote_currency: str
    hedge_index: int | None


def recognize(legs: Sequence[StructureLeg]) -> Structure:
    """Name, quote currency and hedge leg. Refuses several hedge legs and mixed quote currencies."""
    hedge_index = _hedge_index(legs)
    priced = [leg for index, leg in enumerate(legs) if index != hedge_index]
    currencies = sorted({leg.terms.quote_currency for leg in priced})
    if len(currencies) != 1:
        raise Refusal(
            "quote_currency_mixed",
            "The legs of a structure must be priced in one currency.",
            value=", ".join(currencies),
            bound=1,
        )
    name = _name(priced) + (HEDGE_SUFFIX if hedge_index is not None else "")
    return Structure(name=name, quote_currency=currencies[0], hedge_index=hedge_index)


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


def _hedge_index(legs: Sequence[StructureLeg]) -> int | None:
    if not any(leg.terms.kind is InstrumentKind.OPTION for leg in legs):
        return None
    hedges = [index for index, leg in enumerate(legs) if leg.terms.kind in _HEDGES]
    if len(hedges) > 1:
        raise Refusal("hedge_legs", "A structure has at most one hedge leg.", value=len(hedges), bound=1)
    return hedges[0] if hedges else None


def _name(legs: Sequence[StructureLeg]) -> str:
    if len(legs) == 1:
        return _single(legs[0].terms)
    if all(leg.terms.kind is InstrumentKind.OPTION for leg in legs):
        return _option_structure(legs)
    return _future_structure(legs)


def _single(terms: InstrumentTerms) -> str:
    return terms.option_type.value if terms.option_type is not None else terms.kind.value


def _future_structure(legs: Sequence[StructureLeg]) -> str:
    is_calendar = (
        len(legs) == 2
        and all(leg.terms.kind in _HEDGES for leg in legs)
        and len({leg.terms.base_currency for leg in legs}) == 1
        and legs[0].side is not legs[1].side
        and legs[0].ratio == legs[1].ratio
    )
    return "calendar" if is_calendar else CUSTOM


def _option_structure(legs: Sequence[StructureLeg]) -> str:
    if len({(leg.terms.base_currency, leg.terms.quote_currency) for leg in legs}) != 1:
        return CUSTOM
    in_order = sorted(legs, key=lambda leg: (leg.terms.strike or 0, leg.terms.option_type is OptionType.CALL))
    one_expiry = len({leg.terms.expiry_at_ns for leg in legs}) == 1
    if len(legs) == 2:
        return _two_options(in_order[0], in_order[1], one_expiry=one_expiry)
    if one_expiry and _is_evenly_spaced(in_order):
        return _butterfly(in_order)
    return _condor(in_order) if one_expiry and len(legs) == 4 else CUSTOM


def _two_options(low: StructureLeg, high: StructureLeg, *, one_expiry: bool) -> str:
    if low.ratio != high.ratio:
        return CUSTOM
    same_type = low.terms.option_type is high.terms.option_type
    same_strike = low.terms.strike == high.terms.strike
    same_side = low.side is high.side
    if not one_expiry:
        return "calendar" if same_type and same_strike and not same_side else CUSTOM
    if same_type:
        return CUSTOM if same_side or same_strike else f"{_single(low.terms)} spread"
    if same_strike:
        return "straddle" if same_side else CUSTOM
    if same_side:
        return "strangle" if low.terms.option_type is OptionType.PUT else CUSTOM
    return "risk reversal"


def _is_evenly_spaced(legs: Sequence[StructureLeg]) -> bool:
    strikes = sorted({leg.terms.strike or Decimal(0) for leg in legs})
    return len(strikes) == 3 and strikes[1] - strikes[0] == strikes[2] - strikes[1]


def _butterfly(legs: Sequence[StructureLeg]) -> str:
    """Legs by strike, put before call: 1 x -2 x 1 of one type, or the iron one with a short straddle as body."""
    types = [leg.terms.option_type for leg in legs]
    signed = [leg.side.sign * leg.ratio for leg in legs]
    unit = signed[0]
    if len(legs) == 3 and len(set(types)) == 1 and signed == [unit, -2 * unit, unit]:
        return "butterfly"
    iron = [OptionType.PUT, OptionType.PUT, OptionType.CALL, OptionType.CALL]
    if types == iron and signed == [unit, -unit, -unit, unit]:
        return "iron butterfly"
    return CUSTOM


def _condor(legs: Sequence[StructureLeg]) -> str:
    """Legs by strike: 1 x -1 x -1 x 1 on four strikes with wings of one width, of one type or with puts below calls."""
    strikes = [leg.terms.strike or Decimal(0) for leg in legs]
    signed = [leg.side.sign * leg.ratio for leg in legs]
    unit = signed[0]
    if len(set(strikes)) != 4 or strikes[1] - strikes[0] != strikes[3] - strikes[2]:
        return CUSTOM
    if signed != [unit, -unit, -unit, unit]:
        return CUSTOM
    types = [leg.terms.option_type for leg in legs]
    if len(set(types)) == 1:
        return "condor"
    iron = [OptionType.PUT, OptionType.PUT, OptionType.CALL, OptionType.CALL]
    return "iron condor" if types == iron else CUSTOM
