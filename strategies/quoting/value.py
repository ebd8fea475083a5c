"""Fair value from the surface.

An option: total variance of its expiry's SVI slice at ln(K / F), F the live forward; Black-76 on that forward,
undiscounted; an inverse option is priced in coin, which is the US dollar price over the forward. Futures and
perpetuals: their mark. A hedge leg trades at the price that the taker fixed, is valued at its mark and is not part
of the net price, as the desk's rule says.
"""

import math
from collections.abc import Sequence

import numpy as np
import parley_core

from strategies.quoting.freshness import check_market, check_surface
from strategies.quoting.terms import NANOSECONDS_PER_YEAR, Leg, LegValue, Market, Pass, StructureValue
from wire.instruments import InstrumentTerms
from wire.market import SurfaceSlice
from wire.quoting import QuotingParameters
from wire.units import InstrumentKind, OptionType


def value_structure(legs: Sequence[Leg], market: Market, parameters: QuotingParameters) -> StructureValue:
    """Raises Pass where anything it needs is switched off, missing, stale or expired."""
    coins = {leg.terms.base_currency for leg in legs}
    if len(coins) != 1:
        raise Pass("several_coins", ", ".join(sorted(coins)))
    (coin,) = coins
    if not parameters.is_on or coin in parameters.off_coins:
        raise Pass("switched_off", coin)
    check_market(coin, market, parameters)
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
    return LegValue(price=mark, coin=mark, delta=coins, notional_usd=coins * mark)


def _value_option(terms: InstrumentTerms, market: Market, parameters: QuotingParameters) -> LegValue:
    fitted = market.slices.get(terms.underlying_name)
    if fitted is None or terms.base_currency not in market.surface_at_ns:
        raise Pass("no_surface", terms.underlying_name)
    check_surface(terms.base_currency, fitted, market, parameters)
    ticker = market.tickers.get(terms.name)
    forward = float((ticker.forward_price if ticker else None) or fitted.forward_price)
    years = (terms.expiry_at_ns - market.market_time_ns) / NANOSECONDS_PER_YEAR
    assert terms.strike is not None, "an option has a strike"
    volatility = implied_volatility(fitted, forward, float(terms.strike))
    price, delta, _, vega, _ = _black76(forward, terms, years, volatility)
    units = float(terms.multiplier)
    per_quote = forward if terms.is_inverse else 1.0
    return LegValue(
        price=price / per_quote,
        coin=1.0 if terms.is_inverse else forward,
        vega=vega / 100 / per_quote,
        vega_usd=vega / 100 * units,
        delta=delta * units,
        notional_usd=forward * units,
    )


def implied_volatility(fitted: SurfaceSlice, forward: float, strike: float) -> float:
    """Of the slice at ``strike``, 1.00 is 100 %. Raises Pass where the slice gives none."""
    k = np.array([math.log(strike / forward)])
    (variance,) = parley_core.svi_total_variance(k, fitted.a, fitted.b, fitted.rho, fitted.m, fitted.sigma)
    if not variance > 0 or not fitted.years > 0:
        raise Pass("no_volatility", fitted.underlying_name)
    return math.sqrt(variance / fitted.years)


def coins_of(leg: Leg, value: LegValue) -> float:
    """Coins that one contract stands for."""
    is_inverse_future = leg.terms.is_inverse and leg.terms.kind is not InstrumentKind.OPTION
    return float(leg.terms.multiplier) / value.price if is_inverse_future else float(leg.terms.multiplier)


def _black76(forward: float, terms: InstrumentTerms, years: float, volatility: float) -> tuple[float, ...]:
    columns = parley_core.black76_greeks(
        np.array([forward]),
        np.array([float(terms.strike or 0)]),
        np.array([years]),
        np.array([volatility]),
        np.array([terms.option_type is OptionType.CALL]),
    )
    return tuple(float(column[0]) for column in columns)


def _is_price(price: float | None) -> bool:
    return price is not None and math.isfinite(price) and price > 0
