"""What is asked for, what is known and what is held: the values that pricing works on."""

import dataclasses
from collections.abc import Mapping
from decimal import Decimal

from wire.instruments import InstrumentTerms
from wire.market import SurfaceSlice, Ticker
from wire.quoting import QuoteDecision
from wire.units import NANOSECONDS_PER_SECOND, Side

NANOSECONDS_PER_YEAR = 365 * 86_400 * NANOSECONDS_PER_SECOND


class Pass(Exception):
    """The maker does not quote; ``reason`` is a name."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclasses.dataclass(frozen=True, kw_only=True)
class Leg:
    """``side``: of this leg when the taker buys the structure."""

    terms: InstrumentTerms
    side: Side
    ratio: int
    is_hedge: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Market:
    """Latest values. ``alive_at_ns`` and ``surface_at_ns``: wall clock of the newest frame, per coin;
    ``gateway_at_ns``: of the newest frame of all that the gateway makes.
    """

    now_ns: int
    market_time_ns: int
    tickers: Mapping[str, Ticker]
    slices: Mapping[str, SurfaceSlice]
    alive_at_ns: Mapping[str, int]
    surface_at_ns: Mapping[str, int]
    gateway_at_ns: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class LegValue:
    """Of one contract. price and vega in quote currency (vega per volatility point), ``coin``: price of one coin in it.

    vega_usd: US dollars per volatility point. delta: coins. notional_usd: what it stands for, in US dollars.
    """

    price: float
    coin: float
    vega: float = 0.0
    vega_usd: float = 0.0
    delta: float = 0.0
    notional_usd: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class StructureValue:
    """Of one unit. mid and vega in the structure's quote currency; vega_usd, delta as in LegValue."""

    legs: tuple[LegValue, ...]
    hedge_index: int | None
    coin: str
    mid: float
    vega: float
    vega_usd: float
    delta: float
    coin_price: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inventory:
    """What the maker holds in the structure's coin. expiry_vega_usd: by the name of the expiry's underlying; contracts:
    signed, by instrument; notional_usd: the sum over instruments, without sign.
    """

    vega_usd: float = 0.0
    delta: float = 0.0
    notional_usd: float = 0.0
    expiry_vega_usd: Mapping[str, float] = dataclasses.field(default_factory=dict)
    contracts: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoWay:
    """Leg prices per side, None where the maker does not deal it. ``center``: the skewed mid they stand around."""

    bid: tuple[Decimal, ...] | None
    ask: tuple[Decimal, ...] | None
    center: float
    half_spread: float
    decision: QuoteDecision


def clamp(share: float, bound: float = 1.0) -> float:
    return max(-bound, min(bound, share))
