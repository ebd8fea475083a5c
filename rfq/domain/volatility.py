"""Quotes in volatility: which legs are given one, and how the price that it makes is put on the tick."""

import dataclasses
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from common.errors import Refusal
from rfq.domain.prices import read_price, to_decimal
from rfq.domain.records import LegRecord, LegVolatility
from wire.units import Side

VOLATILITY_MAX = Decimal(10)
"""1,000 % a year."""
VOLATILITY_DIGITS = 6


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadSide:
    """By leg, exactly one of a price and a volatility."""

    prices: tuple[Decimal | None, ...]
    volatilities: tuple[Decimal | None, ...]

    @property
    def has_volatilities(self) -> bool:
        return any(one is not None for one in self.volatilities)


@dataclasses.dataclass(frozen=True, kw_only=True)
class VolatilityPrice:
    """What the model makes of a volatility: the exact price, and what it was computed from."""

    price: Decimal
    inputs: LegVolatility


def read_side(prices: Sequence[str | None], volatilities: Sequence[str | None], legs: Sequence[LegRecord]) -> ReadSide:
    """The hedge leg's entry is the taker's price or nothing; every other leg has a price or a volatility."""
    if not prices and not volatilities:
        raise Refusal("leg_count", "A quote prices every leg once.", value=0, bound=len(legs))
    price_texts, volatility_texts = _by_leg(prices, legs), _by_leg(volatilities, legs)
    read = [
        _read_leg(price, volatility, leg)
        for price, volatility, leg in zip(price_texts, volatility_texts, legs, strict=True)
    ]
    return ReadSide(prices=tuple(price for price, _ in read), volatilities=tuple(one for _, one in read))


def complete_prices(
    side: ReadSide, legs: Sequence[LegRecord], values: Sequence[VolatilityPrice | None], *, maker_side: Side
) -> tuple[tuple[Decimal, ...], tuple[LegVolatility | None, ...] | None]:
    """Prices of every leg and the volatilities beside them. values: of the legs that were given a volatility.

    maker_side: buy for the bid. What the maker buys is rounded down, what it sells up: a tick never costs it.
    """
    prices = tuple(
        price if price is not None else _on_tick(value, leg, maker_side)
        for price, value, leg in zip(side.prices, values, legs, strict=True)
    )
    if not side.has_volatilities:
        return prices, None
    return prices, tuple(None if value is None else value.inputs for value in values)


def _by_leg(texts: Sequence[str | None], legs: Sequence[LegRecord]) -> list[str | None]:
    """One entry for each leg; the hedge leg, which is the last, may be left out."""
    if not texts:
        return [None] * len(legs)
    if len(texts) == len(legs) - 1 and legs[-1].is_hedge:
        return [*texts, None]
    if len(texts) != len(legs):
        raise Refusal("leg_count", "A quote prices every leg once.", value=len(texts), bound=len(legs))
    return list(texts)


def _read_leg(price: str | None, volatility: str | None, leg: LegRecord) -> tuple[Decimal | None, Decimal | None]:
    if leg.fixed_price is not None:
        return _check_fixed(price, volatility, leg), None
    if (price is None) == (volatility is None):
        raise Refusal("leg_price", "A leg is given a price or a volatility.", value=leg.instrument_name, bound=1)
    if volatility is None:
        assert price is not None, "one of the two is given"
        return read_price(price, leg), None
    return None, _read_volatility(volatility, leg)


def _check_fixed(price: str | None, volatility: str | None, leg: LegRecord) -> Decimal:
    assert leg.fixed_price is not None, "the hedge leg has a price"
    if volatility is not None or (price is not None and read_price(price, leg) != leg.fixed_price):
        raise Refusal(
            "hedge_price",
            "The hedge leg trades at the taker's price.",
            value=price if price is not None else volatility,
            bound=leg.fixed_price,
        )
    return leg.fixed_price


def _read_volatility(text: str, leg: LegRecord) -> Decimal:
    found = to_decimal(f"volatility of {leg.instrument_name}", text)
    if not leg.is_option:
        raise Refusal("volatility_of_no_option", "Only options have a volatility.", value=leg.instrument_name)
    if not 0 < found <= VOLATILITY_MAX:
        raise Refusal("volatility", "The volatility is out of bounds.", value=text, bound=f"0 to {VOLATILITY_MAX}")
    if found != round(found, VOLATILITY_DIGITS):
        raise Refusal(
            "volatility_digits", "The volatility has too many decimal places.", value=text, bound=VOLATILITY_DIGITS
        )
    return found


def _on_tick(value: VolatilityPrice | None, leg: LegRecord, maker_side: Side) -> Decimal:
    assert value is not None, "a leg without a price has a volatility"
    buys = leg.side is maker_side
    ticks = (value.price / leg.tick_size).to_integral_value(rounding=ROUND_FLOOR if buys else ROUND_CEILING)
    return read_price(format(ticks * leg.tick_size, "f"), leg)
