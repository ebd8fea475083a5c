"""What a multi-leg order must satisfy, and what it is in steps, lots and atoms of value.

A step is the smallest amount of the structure that is whole lots of every leg; an atom the value that every lot times
tick is a multiple of. The grid of the net price is what the legs' ticks can make of it.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from common.errors import Refusal
from orders.domain.grid import steps
from wire.algos import AlgoLimits, AlgoName
from wire.gateway_algos import AlgoTerms
from wire.instruments import InstrumentTerms
from wire.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.multileg import LeggingRule, LegStanding, MultilegLegTerms, MultilegParameters, MultilegTerms
from wire.structure_names import StructureLeg, name_of
from wire.units import NANOSECONDS_PER_SECOND, PegReference, Side, TimeInForce

LEGGED_TIMES = (TimeInForce.GTC, TimeInForce.GTD, TimeInForce.IOC)
ATOMS_MAX = 2**62
Listed = tuple[int, InstrumentTerms]
"""An instrument by its id."""


class OrderedLeg(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: as it is written. ``lots``: of one step."""

    instrument_id: int
    instrument_name: str
    side: Side
    ratio: int
    lots: int
    lot_size: Decimal
    tick_size: Decimal


class OrderedStructure(msgspec.Struct, frozen=True, kw_only=True):
    """``step``: units of the structure. ``tick``: net price of one atom a step."""

    name: str
    quote_currency: str
    step: Decimal
    tick: Decimal
    legs: tuple[OrderedLeg, ...]

    def net_price(self, standings: Sequence[LegStanding]) -> Decimal | None:
        """Of one unit as it is written, from what each leg traded on average; None where one has traded nothing."""
        if not all(done.filled_lots for done in standings):
            return None
        return sum(
            (
                leg.side.sign * leg.ratio * leg.tick_size * Decimal(done.tick_lots) / done.filled_lots
                for leg, done in zip(self.legs, standings, strict=True)
            ),
            start=Decimal(0),
        )


def recognize(parameters: MultilegParameters, listed: Sequence[Listed]) -> OrderedStructure:
    """Raises Refusal for legs that make no structure with one net price."""
    names = [leg.instrument_name for leg in parameters.legs]
    repeated = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if repeated is not None:
        raise Refusal("duplicate_leg", "an instrument is one leg at most", value=repeated)
    currencies = sorted({terms.quote_currency for _, terms in listed})
    if len(currencies) != 1:
        why = "the legs are priced in one currency, or there is no net price"
        raise Refusal("quote_currency_mixed", why, value=", ".join(currencies), bound=1)
    divisor = math.gcd(*(leg.ratio for leg in parameters.legs))
    if divisor != 1:
        why = "ratios in lowest terms: a unit is the smallest one, and the net price is of a unit"
        raise Refusal("ratios_not_lowest", why, value=divisor, bound=1)
    rows = list(zip(parameters.legs, listed, strict=True))
    step = _step([Fraction(terms.lot_size) / leg.ratio for leg, (_, terms) in rows])
    legs = tuple(
        OrderedLeg(
            instrument_id=instrument_id,
            instrument_name=terms.name,
            side=leg.side,
            ratio=leg.ratio,
            lots=int(step * leg.ratio / terms.lot_size),
            lot_size=terms.lot_size,
            tick_size=terms.tick_size,
        )
        for leg, (instrument_id, terms) in rows
    )
    words = [StructureLeg(terms=terms, side=leg.side, ratio=leg.ratio) for leg, (_, terms) in rows]
    return OrderedStructure(
        name=name_of(words), quote_currency=currencies[0], step=step, tick=_atom(legs) / step, legs=legs
    )


def check_terms(
    side: Side, quantity: Decimal, parameters: MultilegParameters, limits: AlgoLimits, structure: OrderedStructure
) -> AlgoTerms:
    """All of it in steps, lots and atoms. Raises Refusal with the value and the bound."""
    _check_time(parameters)
    if limits != AlgoLimits():
        raise Refusal("limits_forbidden", "a multi-leg order has its net price and its legging limit instead")
    most = QUANTITY_LOTS_MAX // max(leg.lots for leg in structure.legs)
    return AlgoTerms(
        algo=AlgoName.MULTILEG,
        side=side,
        quantity_lots=steps("quantity", quantity, structure.step, most),
        duration_ns=0,
        slice_ns=0,
        participation_basis_points=0,
        volume_curve=(),
        urgency_milli=0,
        display_lots=0,
        peg_reference=PegReference.PRIMARY,
        peg_offset_ticks=0,
        trigger_ticks=0,
        limit_ticks=0,
        max_participation_basis_points=0,
        max_child_lots=0,
        multileg=_legging(side, parameters, structure),
    )


def check_same_legs(before: MultilegParameters | None, after: MultilegParameters | None) -> None:
    """Raises Refusal ``legs_fixed``: prices and limits may change while it works, what it trades may not."""
    if before is None:
        return
    if after is None:
        raise Refusal("multileg_required", "a multi-leg order says what its legs are")
    if (before.legs, before.quoting_leg is None) != (after.legs, after.quoting_leg is None):
        raise Refusal("legs_fixed", "the legs and the way they are worked stay; prices, sizes and limits may change")


def leg_caps(terms: MultilegTerms, quantity_steps: int, unmatched_steps: int = 0) -> list[int]:
    """Lots of each leg that may leave: what the order is for, and what an unwind may trade back. More than the legging
    limit may stand alone where the limit was lowered since.
    """
    spare = max(terms.legging_steps, unmatched_steps) if terms.legging_rule is LeggingRule.UNWIND else 0
    return [(quantity_steps + spare) * leg.lots for leg in terms.legs]


def _check_time(parameters: MultilegParameters) -> None:
    times = parameters.time_in_force
    if times is TimeInForce.FOK:
        why = "legs trade one by one: nobody can promise all or nothing, ask for a quote instead"
        raise Refusal("fok_not_legged", why, value=times, bound="gtc, gtd, ioc")
    if times not in LEGGED_TIMES:
        raise Refusal("time_not_legged", "a multi-leg order has no such time", value=times, bound="gtc, gtd, ioc")
    if (times is TimeInForce.GTD) != (parameters.expires_at_ns is not None):
        reason = "expiry_required" if times is TimeInForce.GTD else "expiry_forbidden"
        raise Refusal(reason, "a GTD order has an expiry, no other has one", value=times, bound="gtd")
    if times is TimeInForce.IOC and parameters.quoting_leg is not None:
        raise Refusal("quoting_leg_rests", "an order that rests is not immediate", value=times, bound="gtc, gtd")


def _legging(side: Side, parameters: MultilegParameters, structure: OrderedStructure) -> MultilegTerms:
    names = [leg.instrument_name for leg in structure.legs]
    if parameters.quoting_leg is not None and parameters.quoting_leg not in names:
        why = "the leg that rests is one of the legs"
        raise Refusal("quoting_leg_unknown", why, value=parameters.quoting_leg, bound=", ".join(names))
    atom = _atom(structure.legs)
    return MultilegTerms(
        legs=tuple(
            MultilegLegTerms(
                instrument_id=leg.instrument_id,
                side=leg.side if side is Side.BUY else leg.side.opposite,
                lots=leg.lots,
                weight=int(leg.lot_size * leg.tick_size / atom),
            )
            for leg in structure.legs
        ),
        limit_atoms=side.sign * _atoms("net_price", parameters.net_price, structure),
        slippage_atoms=_atoms("legging_slippage", parameters.legging_slippage, structure),
        legging_steps=steps("legging_limit", Decimal(parameters.legging_limit), structure.step, QUANTITY_LOTS_MAX),
        legging_timeout_ns=parameters.legging_timeout_s * NANOSECONDS_PER_SECOND,
        legging_rule=parameters.legging_rule,
        quoting_leg=-1 if parameters.quoting_leg is None else names.index(parameters.quoting_leg),
        is_immediate=parameters.time_in_force is TimeInForce.IOC,
        expires_at_ns=parameters.expires_at_ns or 0,
    )


def _atoms(name: str, text: str, structure: OrderedStructure) -> int:
    """Of one step, of a net price on the grid that the legs' ticks make."""
    price = Decimal(text)
    grid = _divisor([leg.ratio * leg.tick_size for leg in structure.legs])
    bound = max(leg.ratio * leg.tick_size for leg in structure.legs) * PRICE_TICKS_MAX
    atoms = price * structure.step / _atom(structure.legs)
    if abs(price) > bound or abs(atoms) > ATOMS_MAX:
        raise Refusal(f"{name}_too_large", "no legs make such a price", value=text, bound=bound)
    if price % grid:
        raise Refusal(f"{name}_off_grid", "no ticks of the legs make such a price", value=text, bound=grid)
    return int(atoms)


def _atom(legs: Sequence[OrderedLeg]) -> Decimal:
    return _divisor([leg.lot_size * leg.tick_size for leg in legs])


def _divisor(values: Sequence[Decimal]) -> Decimal:
    """The largest amount that all are multiples of."""
    exponent = min(int(value.normalize().as_tuple().exponent) for value in values)
    return Decimal(math.gcd(*(int(value.scaleb(-exponent)) for value in values))).scaleb(exponent)


def _step(parts: Sequence[Fraction]) -> Decimal:
    """The smallest multiple of all parts that is a decimal."""
    smallest = Fraction(math.lcm(*(part.numerator for part in parts)), math.gcd(*(part.denominator for part in parts)))
    odd = smallest.denominator
    for factor in (2, 5):
        while odd % factor == 0:
            odd //= factor
    return Decimal(smallest.numerator * odd) / smallest.denominator
