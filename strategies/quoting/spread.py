"""Half of the spread, part by part. Each but the markup is at least zero, and grows with what it is counted from."""

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence

from strategies.quoting.terms import Leg, LegValue, StructureValue
from wire.quoting import QuotingParameters
from wire.units import NANOSECONDS_PER_SECOND

SATURDAY = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class HalfSpread:
    """In quote currency per unit; ``total`` is the sum of the parts."""

    vega: float
    gross_vega: float
    linear: float
    size: float
    time: float
    markup: float
    hedge: float
    floor: float

    @property
    def total(self) -> float:
        return math.fsum(dataclasses.astuple(self))


def half_spread(
    legs: Sequence[Leg],
    value: StructureValue,
    parameters: QuotingParameters,
    *,
    size: float,
    market_time_ns: int,
    markup_share: float,
) -> HalfSpread:
    """``size``: coins of the largest leg. ``markup_share``: of the base, below zero a markdown."""
    priced = [each for index, each in enumerate(zip(legs, value.legs, strict=True)) if index != value.hedge_index]
    by_vega = parameters.spread_vega * abs(value.vega)
    by_gross = parameters.spread_gross_vega * sum(leg.ratio * each.vega for leg, each in priced)
    linear = parameters.spread_basis_points * 1e-4 * _linear_value(priced)
    base = by_vega + by_gross + linear
    by_size = base * parameters.spread_size * min(1.0, size / parameters.quantity_max)
    by_time = base * time_share(market_time_ns, parameters)
    markup = base * markup_share
    hedge = parameters.hedge_basis_points * 1e-4 * abs(value.delta) * value.coin_price
    least = parameters.spread_ticks * float(min(leg.terms.tick_size for leg, _ in priced))
    return HalfSpread(
        vega=by_vega,
        gross_vega=by_gross,
        linear=linear,
        size=by_size,
        time=by_time,
        markup=markup,
        hedge=hedge,
        floor=max(0.0, least - (base + by_size + by_time + markup + hedge)),
    )


def time_share(market_time_ns: int, parameters: QuotingParameters) -> float:
    """What the hour and the day add, by the market's own clock. Busy hours that begin as they end last all day."""
    at = dt.datetime.fromtimestamp(market_time_ns // NANOSECONDS_PER_SECOND, tz=dt.UTC)
    weekend = parameters.spread_weekend if at.weekday() >= SATURDAY else 0.0
    return weekend + (0.0 if _is_busy(at.hour, parameters) else parameters.spread_quiet)


def _is_busy(hour: int, parameters: QuotingParameters) -> bool:
    begins, ends = parameters.busy_from_hour, parameters.busy_until_hour
    if begins == ends:
        return True
    return begins <= hour < ends if begins < ends else hour >= begins or hour < ends


def _linear_value(priced: Sequence[tuple[Leg, LegValue]]) -> float:
    return sum(leg.ratio * each.price for leg, each in priced if not each.vega)
