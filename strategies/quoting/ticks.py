"""Leg prices on their ticks, whose net is never better for the taker than intended."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from strategies.quoting.terms import Leg, StructureValue
from wire.units import Side


def leg_prices(
    legs: Sequence[Leg], value: StructureValue, target: float, taker_side: Side
) -> tuple[Decimal, ...] | None:
    """Leg prices on their ticks whose net is ``target`` or worse for the taker; None where positive prices give none.

    The distance between mid and target is spread over the legs by their vega (by their price, without vega).
    """
    weights = _weights(legs, value)
    distance = target - value.mid
    ticks: list[int] = []
    for index, (leg, leg_value) in enumerate(zip(legs, value.legs, strict=True)):
        if index == value.hedge_index:
            ticks.append(_to_ticks(leg_value.price, leg.terms.tick_size, ROUND_HALF_EVEN))
            continue
        price = leg_value.price + leg.side.sign * distance * weights[index] / leg.ratio
        ticks.append(_to_ticks(price, leg.terms.tick_size, _worse(leg.side, taker_side)))
    repaired = _repair(legs, value, [max(count, 1) for count in ticks], Decimal(repr(target)), taker_side)
    if repaired is None:
        return None
    return tuple(count * leg.terms.tick_size for count, leg in zip(repaired, legs, strict=True))


def net_price(legs: Sequence[Leg], prices: Sequence[Decimal], hedge_index: int | None) -> Decimal:
    """Of one unit, without the hedge leg."""
    return sum(
        (
            leg.side.sign * leg.ratio * price
            for index, (leg, price) in enumerate(zip(legs, prices, strict=True))
            if index != hedge_index
        ),
        start=Decimal(0),
    )


def _weights(legs: Sequence[Leg], value: StructureValue) -> list[float]:
    """Share of each leg in the distance, summing to one; nothing for the hedge leg."""
    raw = [
        0.0 if index == value.hedge_index else leg.ratio * (each.vega or each.price * 1e-4)
        for index, (leg, each) in enumerate(zip(legs, value.legs, strict=True))
    ]
    total = sum(raw)
    if total <= 0:
        count = sum(index != value.hedge_index for index in range(len(legs)))
        return [0.0 if index == value.hedge_index else 1 / count for index in range(len(legs))]
    return [each / total for each in raw]


def _worse(leg_side: Side, taker_side: Side) -> str:
    """Rounding of a leg price that never favors the taker: up where it buys the leg, down where it sells it."""
    buys = (leg_side is Side.BUY) is (taker_side is Side.BUY)
    return ROUND_CEILING if buys else ROUND_FLOOR


def _repair(
    legs: Sequence[Leg], value: StructureValue, ticks: list[int], target: Decimal, taker_side: Side
) -> list[int] | None:
    """Where a price had to stay positive the net may have become too good: take it back from the dearest legs."""
    order = sorted(range(len(legs)), key=lambda index: -value.legs[index].price)
    for index in (index for index in order if index != value.hedge_index):
        prices = [count * leg.terms.tick_size for count, leg in zip(ticks, legs, strict=True)]
        missing = (target - net_price(legs, prices, value.hedge_index)) * taker_side.sign
        if missing <= 0:
            return ticks
        leg = legs[index]
        steps = int((missing / (leg.ratio * leg.terms.tick_size)).to_integral_value(rounding=ROUND_CEILING))
        raises = (leg.side is Side.BUY) is (taker_side is Side.BUY)
        ticks[index] = ticks[index] + steps if raises else max(ticks[index] - steps, 1)
    prices = [count * leg.terms.tick_size for count, leg in zip(ticks, legs, strict=True)]
    missing = (target - net_price(legs, prices, value.hedge_index)) * taker_side.sign
    return ticks if missing <= 0 else None


def _to_ticks(price: float, tick_size: Decimal, rounding: str) -> int:
    return int((Decimal(repr(float(price))) / tick_size).to_integral_value(rounding=rounding))
