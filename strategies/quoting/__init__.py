"""What a structure is worth and at which prices a maker deals it. Pure: the market and the time are arguments."""

from strategies.quoting.limits import allows, check_size
from strategies.quoting.markup import hit_rate, markout, markup_share
from strategies.quoting.prices import STRANGER, Request, has_moved, make_two_way
from strategies.quoting.skew import Skew, skew, vega_by_expiry
from strategies.quoting.spread import HalfSpread, half_spread, time_share
from strategies.quoting.terms import (
    NANOSECONDS_PER_YEAR,
    Inventory,
    Leg,
    LegValue,
    Market,
    Pass,
    StructureValue,
    TwoWay,
)
from strategies.quoting.ticks import leg_prices, net_price
from strategies.quoting.value import coins_of, find_hedge, implied_volatility, value_leg, value_structure

__all__ = [
    "NANOSECONDS_PER_YEAR",
    "STRANGER",
    "HalfSpread",
    "Inventory",
    "Leg",
    "LegValue",
    "Market",
    "Pass",
    "Request",
    "Skew",
    "StructureValue",
    "TwoWay",
    "allows",
    "check_size",
    "coins_of",
    "find_hedge",
    "half_spread",
    "has_moved",
    "hit_rate",
    "implied_volatility",
    "leg_prices",
    "make_two_way",
    "markout",
    "markup_share",
    "net_price",
    "skew",
    "time_share",
    "value_leg",
    "value_structure",
    "vega_by_expiry",
]
