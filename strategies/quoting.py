"""What a structure is worth and at which prices a maker deals it. Pure: the market and the time are arguments.

Fair value of an option: total variance of its expiry's SVI slice at ln(K / F), F the live forward; Black-76 on that
forward, undiscounted; an inverse option is priced in coin, which is the US dollar price over the forward. Futures and
perpetuals: their mark. A hedge leg trades at the price that the taker fixed, is valued at its mark and is not part
of the net price, as the desk's rule says.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import numpy as np
import parley_core

from strategies.parameters import QuotingParameters
from wire.instruments import InstrumentTerms
from wire.market import SurfaceSlice, Ticker
from wire.units import NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND, InstrumentKind, OptionType, Side

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
    """Latest values. ``alive_at_ns`` and ``surface_at_ns``: wall clock of the newest frame, per coin."""

    now_ns: int
    market_time_ns: int
    tickers: Mapping[str, Ticker]
    slices: Mapping[str, SurfaceSlice]
    alive_at_ns: Mapping[str, int]
    surface_at_ns: Mapping[str, int]


@dataclasses.dataclass(frozen=True, kw_only=True)
class LegValue:
    """Of one contract. price and vega in quote currency (vega per volatility point), ``coin``: price of one coin in it.

    vega_usd: US dollars per volatility point. delta: coins.
    """

    price: float
    coin: float
    vega: float = 0.0
    vega_usd: float = 0.0
    delta: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class StructureValue:
    """Of one unit. mid, vega, half_spread in the structure's quote currency; vega_usd, delta as in LegValue."""

    legs: tuple[LegValue, ...]
    hedge_index: int | None
    coin: str
    mid: float
    vega: float
    vega_usd: float
    delta: float
    coin_price: float
    half_spread: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inventory:
    """What the maker holds in the structure's coin."""

    vega_usd: float = 0.0
    delta: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoWay:
    """Leg prices per side, None where the maker does not deal it. ``center``: the skewed mid they stand around."""

    bid: tuple[Decimal, ...] | None
    ask: tuple[Decimal, ...] | None
    center: float
    half_spread: float


def value_structure(legs: Sequence[Leg], market: Market, parameters: QuotingParameters) -> StructureValue:
    """Fair value and half-spread. Raises Pass where anything it needs is missing, stale or expired."""
    coins = {leg.terms.base_currency for leg in legs}
    if len(coins) != 1:
        raise Pass("several_coins", ", ".join(sorted(coins)))
    (coin,) = coins
    _check_alive(coin, market, parameters)
    values = tuple(value_leg(leg.terms, market, parameters) for leg in legs)
    hedge_index = find_hedge(legs)
    priced = [(leg, value) for index, (leg, value) in enumerate(zip(legs, values, strict=True)) if index != hedge_index]
    return StructureValue(
        legs=values,
        hedge_index=hedge_index,
        coin=coin,
        mid=sum(leg.side.sign * leg.ratio * value.price for leg, value in priced),
        vega=sum(leg.side.sign * leg.ratio * value.vega for leg, value in priced),
        vega_usd=sum(leg.side.sign * leg.ratio * value.vega_usd for leg, value in priced),
        delta=sum(leg.side.sign * leg.ratio * value.delta for leg, value in zip(legs, values, strict=True)),
        coin_price=priced[0][1].coin,
        half_spread=_half_spread(priced, parameters),
    )


def find_hedge(legs: Sequence[Leg]) -> int | None:
    """Position of the leg that trades at the taker's price and is not part of the net price."""
    return next((index for index, leg in enumerate(legs) if leg.is_hedge), None)


def value_leg(terms: InstrumentTerms, market: Market, parameters: QuotingParameters) -> LegValue:
    """Of one contract. Raises Pass."""
    if terms.expiry_at_ns and terms.expiry_at_ns <= market.market_time_ns:
        raise Pass("expired", terms.name)
    if terms.kind is InstrumentKind.OPTION:
        return _value_option(terms, market, parameters)
    ticker = market.tickers.get(terms.name)
    if ticker is None or not _is_price(ticker.mark_price):
        raise Pass("no_mark", terms.name)
    mark = float(ticker.mark_price or 0.0)
    coins = float(terms.multiplier) / mark if terms.is_inverse else float(terms.multiplier)
    return LegValue(price=mark, coin=mark, delta=coins)


def _value_option(terms: InstrumentTerms, market: Market, parameters: QuotingParameters) -> LegValue:
    fitted = market.slices.get(terms.underlying_name)
    surface_at_ns = market.surface_at_ns.get(terms.base_currency)
    if fitted is None or surface_at_ns is None:
        raise Pass("no_surface", terms.underlying_name)
    if fitted.is_stale or market.now_ns - surface_at_ns > parameters.surface_stale_ms * NANOSECONDS_PER_MS:
        raise Pass("stale_surface", terms.underlying_name)
    ticker = market.tickers.get(terms.name)
    forward = float((ticker.forward_price if ticker else None) or fitted.forward_price)
    years = (terms.expiry_at_ns - market.market_time_ns) / NANOSECONDS_PER_YEAR
    assert terms.strike is not None, "an option has a strike"
    volatility = implied_volatility(fitted, forward, float(terms.strike))
    price, delta, _, vega, _ = _black76(forward, terms, years, volatility)
    units = float(terms.multiplier)
    coin = 1.0 if terms.is_inverse else forward
    per_quote = forward if terms.is_inverse else 1.0
    return LegValue(
        price=price / per_quote,
        coin=coin,
        vega=vega / 100 / per_quote,
        vega_usd=vega / 100 * units,
        delta=delta * units,
    )


def implied_volatility(fitted: SurfaceSlice, forward: float, strike: float) -> float:
    """Of the slice at ``strike``, 1.00 is 100 %. Raises Pass where the slice gives none."""
    k = np.array([math.log(strike / forward)])
    (variance,) = parley_core.svi_total_variance(k, fitted.a, fitted.b, fitted.rho, fitted.m, fitted.sigma)
    if not variance > 0 or not fitted.years > 0:
        raise Pass("no_volatility", fitted.underlying_name)
    return math.sqrt(variance / fitted.years)


def _black76(forward: float, terms: InstrumentTerms, years: float, volatility: float) -> tuple[float, ...]:
    columns = parley_core.black76_greeks(
        np.array([forward]),
        np.array([float(terms.strike or 0)]),
        np.array([years]),
        np.array([volatility]),
        np.array([terms.option_type is OptionType.CALL]),
    )
    return tuple(float(column[0]) for column in columns)


def make_two_way(
    legs: Sequence[Leg],
    value: StructureValue,
    *,
    quantity: float,
    asked: Side | None,
    inventory: Inventory,
    parameters: QuotingParameters,
) -> TwoWay:
    """Prices around the skewed mid, every leg on its tick, the net never better for the taker than intended.

    ``quantity``: units of the structure; ``asked``: the only side the taker wants, None for both. Raises Pass.
    """
    size = quantity * max(leg.ratio * _coins(leg, leg_value) for leg, leg_value in zip(legs, value.legs, strict=True))
    if size > parameters.quantity_max:
        raise Pass("quantity", f"{size} over {parameters.quantity_max}")
    center = value.mid + skew(value, inventory, parameters)
    bid = ask = None
    if asked is not Side.BUY and _within_limits(value, inventory, quantity, parameters):
        bid = leg_prices(legs, value, center - value.half_spread, Side.SELL)
    if asked is not Side.SELL and _within_limits(value, inventory, -quantity, parameters):
        ask = leg_prices(legs, value, center + value.half_spread, Side.BUY)
    if bid is None and ask is None:
        raise Pass("limits", value.coin)
    return TwoWay(bid=bid, ask=ask, center=center, half_spread=value.half_spread)


def skew(value: StructureValue, inventory: Inventory, parameters: QuotingParameters) -> float:
    """Shift of the mid, in quote currency: down for what would add to the inventory, up for what would reduce it."""
    vega_share = _clamp(inventory.vega_usd / parameters.vega_limit)
    delta_share = _clamp(inventory.delta / parameters.delta_limit)
    by_vega = vega_share * parameters.skew_vega * value.vega
    by_delta = delta_share * parameters.skew_basis_points * 1e-4 * value.delta * value.coin_price
    return -by_vega - by_delta


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


def has_moved(quoted: TwoWay, fresh: TwoWay, parameters: QuotingParameters) -> bool:
    """Whether a quote in force is too far from what the model says now, or deals a side it should not."""
    if (quoted.bid is None) is not (fresh.bid is None) or (quoted.ask is None) is not (fresh.ask is None):
        return True
    return abs(fresh.center - quoted.center) > parameters.requote_share * quoted.half_spread


def _check_alive(coin: str, market: Market, parameters: QuotingParameters) -> None:
    alive_at_ns = market.alive_at_ns.get(coin, 0)
    if abs(market.now_ns - alive_at_ns) > parameters.market_stale_ms * NANOSECONDS_PER_MS:
        raise Pass("stale_market", coin)


def _half_spread(priced: Sequence[tuple[Leg, LegValue]], parameters: QuotingParameters) -> float:
    net = abs(sum(leg.side.sign * leg.ratio * value.vega for leg, value in priced))
    gross = sum(leg.ratio * value.vega for leg, value in priced)
    linear = sum(leg.ratio * value.price for leg, value in priced if not value.vega)
    half = (
        parameters.spread_vega * net
        + parameters.spread_gross_vega * gross
        + parameters.spread_basis_points * 1e-4 * linear
    )
    return max(half, parameters.spread_ticks * float(min(leg.terms.tick_size for leg, _ in priced)))


def _within_limits(
    value: StructureValue, inventory: Inventory, signed_quantity: float, parameters: QuotingParameters
) -> bool:
    """Whether a trade keeps vega and delta within their limits, or brings them nearer to zero."""
    for held, unit, limit in (
        (inventory.vega_usd, value.vega_usd, parameters.vega_limit),
        (inventory.delta, value.delta, parameters.delta_limit),
    ):
        after = held + signed_quantity * unit
        if abs(after) > limit and abs(after) > abs(held):
            return False
    return True


def _coins(leg: Leg, value: LegValue) -> float:
    """Coins that one contract stands for."""
    is_inverse_future = leg.terms.is_inverse and leg.terms.kind is not InstrumentKind.OPTION
    return float(leg.terms.multiplier) / value.price if is_inverse_future else float(leg.terms.multiplier)


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


def _is_price(price: float | None) -> bool:
    return price is not None and math.isfinite(price) and price > 0


def _clamp(share: float) -> float:
    return max(-1.0, min(1.0, share))
