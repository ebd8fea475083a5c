"""Prices of volatilities that somebody quotes, with the forward and the time of this instant."""

import dataclasses
from collections.abc import Mapping
from decimal import Decimal

from common.decimals import plain
from risk.selectors.marks import MarksUnavailable, option_price, read_marks, terms_of
from wire.limits import STALE_AFTER_MS
from wire.units import InstrumentKind

FORWARD_DIGITS = 8
YEARS_DIGITS = 12
"""Decimal places that are kept, and that the price is computed from: whoever computes it again finds the same."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PricedVolatility:
    """price: exact, in the option's quote currency. forward in USD, years by ACT/365 on the market's clock."""

    instrument_name: str
    price: Decimal
    forward: Decimal
    years: Decimal


def prices_of_volatilities(volatilities: Mapping[str, Decimal]) -> dict[str, PricedVolatility]:
    """By name of the option. Raises MarksUnavailable ``stale_market`` where a forward is old or missing."""
    marks = read_marks(volatilities)
    stale = marks.stale & (volatilities.keys() | {terms_of(name).base_currency for name in volatilities})
    if stale:
        names = ", ".join(sorted(stale))
        raise MarksUnavailable("stale_market", "marks are too old", value=names, bound=f"{STALE_AFTER_MS} ms")
    return {
        name: price_volatility(name, volatility, marks.marks[name].forward, marks.marks[name].years)
        for name, volatility in volatilities.items()
    }


def price_volatility(name: str, volatility: Decimal, forward: float, years: float) -> PricedVolatility:
    """Black-76 on the forward, undiscounted."""
    terms = terms_of(name)
    assert terms.kind is InstrumentKind.OPTION, "only options have a volatility"
    kept_forward = plain(round(Decimal(repr(forward)), FORWARD_DIGITS))
    kept_years = plain(round(Decimal(repr(years)), YEARS_DIGITS))
    price = option_price(terms, float(kept_forward), float(kept_years), float(volatility))
    return PricedVolatility(instrument_name=name, price=Decimal(repr(price)), forward=kept_forward, years=kept_years)
