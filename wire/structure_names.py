"""What traders call a set of legs. A name says what is bought: two legs with both sides turned keep theirs, except
where the side itself is the name (covered call, protective put).

Every rule asks for one coin and one quote currency; what fits none is ``custom``.
"""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from decimal import Decimal

from wire.instruments import InstrumentTerms
from wire.units import InstrumentKind, OptionType, Side

CUSTOM = "custom"
CALL, PUT = OptionType.CALL, OptionType.PUT


@dataclasses.dataclass(frozen=True, kw_only=True)
class StructureLeg:
    terms: InstrumentTerms
    side: Side
    ratio: int

    @property
    def signed(self) -> int:
        return self.side.sign * self.ratio

    @property
    def strike(self) -> Decimal:
        return self.terms.strike or Decimal(0)

    @property
    def coins(self) -> Decimal:
        """Signed amount of the underlying that the leg stands for; of linear contracts alone."""
        return self.signed * self.terms.multiplier


def name_of(legs: Sequence[StructureLeg]) -> str:
    if len(legs) == 1:
        return _single(legs[0].terms)
    if len({(leg.terms.base_currency, leg.terms.quote_currency) for leg in legs}) != 1:
        return CUSTOM
    options = [leg for leg in legs if leg.terms.kind is InstrumentKind.OPTION]
    if not options:
        return _without_options(legs)
    if len(options) < len(legs):
        return _with_underlying(options, [leg for leg in legs if leg not in options])
    in_order = sorted(legs, key=lambda leg: (leg.strike, leg.terms.option_type is CALL))
    if len({leg.terms.expiry_at_ns for leg in legs}) > 1:
        return _two_expiries(in_order) if len(legs) == 2 else CUSTOM
    return _RULES.get(len(legs), _custom)(in_order)


def _single(terms: InstrumentTerms) -> str:
    return terms.option_type.value if terms.option_type is not None else terms.kind.value


def _custom(_legs: Sequence[StructureLeg]) -> str:
    return CUSTOM


def _without_options(legs: Sequence[StructureLeg]) -> str:
    """A calendar is one unit of each of two contracts that end at different times; spot ends at once."""
    is_pair = len(legs) == 2 and legs[0].signed == -legs[1].signed
    if not is_pair:
        return CUSTOM
    return "basis" if any(leg.terms.kind is InstrumentKind.SPOT for leg in legs) else "calendar"


def _with_underlying(options: Sequence[StructureLeg], others: Sequence[StructureLeg]) -> str:
    """Options against as many coins of one linear contract: covered, protective, collar."""
    if len(others) != 1 or any(leg.terms.is_inverse for leg in (*options, *others)):
        return CUSTOM
    held = others[0].coins
    if any(abs(leg.coins) != abs(held) for leg in options):
        return CUSTOM
    if len(options) == 1:
        (option,) = options
        return _COVERED.get((option.terms.option_type, option.side, others[0].side), CUSTOM)
    if len(options) == 2 and len({leg.terms.expiry_at_ns for leg in options}) == 1:
        return _collar(options, others[0].side)
    return CUSTOM


def _collar(options: Sequence[StructureLeg], held: Side) -> str:
    """The coins with a bought option on the side that hurts and a sold one on the side that pays."""
    low, high = sorted(options, key=lambda leg: leg.strike)
    if (low.terms.option_type, high.terms.option_type) != (PUT, CALL) or low.strike == high.strike:
        return CUSTOM
    return "collar" if low.side is held and high.side is held.opposite else CUSTOM


_COVERED: dict[tuple[OptionType | None, Side, Side], str] = {
    (CALL, Side.SELL, Side.BUY): "covered call",
    (PUT, Side.SELL, Side.SELL): "covered put",
    (PUT, Side.BUY, Side.BUY): "protective put",
    (CALL, Side.BUY, Side.SELL): "protective call",
}
"""By option type, side of the option and side of the underlying."""


def _two_expiries(legs: Sequence[StructureLeg]) -> str:
    low, high = legs
    is_spread = low.terms.option_type is high.terms.option_type and low.signed == -high.signed
    if not is_spread:
        return CUSTOM
    return "calendar" if low.strike == high.strike else "diagonal"


def _two(legs: Sequence[StructureLeg]) -> str:
    """Two options of one expiry, by strike, put before call."""
    low, high = legs
    same_side, same_strike = low.side is high.side, low.strike == high.strike
    if low.terms.option_type is high.terms.option_type:
        return CUSTOM if same_side or same_strike else _spread(low, high)
    if low.ratio != high.ratio:
        return CUSTOM
    if same_strike:
        return "straddle" if same_side else CUSTOM
    if not same_side:
        return "risk reversal"
    return "strangle" if low.terms.option_type is PUT else CUSTOM


def _spread(low: StructureLeg, high: StructureLeg) -> str:
    word = _single(low.terms)
    return f"{word} spread" if low.ratio == high.ratio else f"{word} ratio spread"


def _three(legs: Sequence[StructureLeg]) -> str:
    """1 x -2 x 1 of one type on evenly spaced strikes."""
    unit = legs[0].signed
    is_one_type = len({leg.terms.option_type for leg in legs}) == 1
    is_even = _widths(legs) == 1 and len({leg.strike for leg in legs}) == 3
    return "butterfly" if is_one_type and is_even and _signed(legs) == [unit, -2 * unit, unit] else CUSTOM


def _four(legs: Sequence[StructureLeg]) -> str:
    """Legs by strike, put before call."""
    unit = legs[0].signed
    strikes = len({leg.strike for leg in legs})
    types = [leg.terms.option_type for leg in legs]
    if strikes == 2:
        is_box = types == [PUT, CALL, PUT, CALL] and _signed(legs) == [unit, -unit, -unit, unit]
        return "box" if is_box else CUSTOM
    wings = {legs[1].strike - legs[0].strike, legs[3].strike - legs[2].strike}
    if _signed(legs) != [unit, -unit, -unit, unit] or len(wings) > 1:
        return CUSTOM
    if strikes == 4 and len(set(types)) == 1:
        return "condor"
    if types != [PUT, PUT, CALL, CALL]:
        return CUSTOM
    return {3: "iron butterfly", 4: "iron condor"}.get(strikes, CUSTOM)


def _signed(legs: Sequence[StructureLeg]) -> list[int]:
    return [leg.signed for leg in legs]


def _widths(legs: Sequence[StructureLeg]) -> int:
    """How many different distances lie between neighbouring strikes."""
    strikes = sorted({leg.strike for leg in legs})
    return len({high - low for low, high in itertools.pairwise(strikes)})


_RULES: dict[int, Callable[[Sequence[StructureLeg]], str]] = {2: _two, 3: _three, 4: _four}
