"""What a maker's message says of each side, as prices: given as such, or made from volatilities at this instant."""

import dataclasses
from collections.abc import Sequence
from decimal import Decimal

from rfq.domain.records import LegRecord, LegVolatility
from rfq.domain.volatility import ReadSide, VolatilityPrice, complete_prices, read_side
from risk import selectors as risk
from wire.client import QuoteSide
from wire.units import Side


@dataclasses.dataclass(frozen=True, kw_only=True)
class SidePrices:
    """As in ``QuotePrices``: None where that side is not quoted, volatilities None where every leg was priced."""

    leg_prices: tuple[Decimal, ...] | None
    volatilities: tuple[LegVolatility | None, ...] | None


def read_quote(
    bid: QuoteSide | None, ask: QuoteSide | None, legs: Sequence[LegRecord]
) -> tuple[SidePrices, SidePrices]:
    """Bid and ask. Raises MarksUnavailable where a volatility has no fresh forward to make a price of."""
    return _read(bid, legs, Side.BUY), _read(ask, legs, Side.SELL)


def _read(side: QuoteSide | None, legs: Sequence[LegRecord], maker_side: Side) -> SidePrices:
    if side is None:
        return SidePrices(leg_prices=None, volatilities=None)
    read = read_side(side.leg_prices, side.leg_volatilities, legs)
    prices, volatilities = complete_prices(read, legs, _values(read, legs), maker_side=maker_side)
    return SidePrices(leg_prices=prices, volatilities=volatilities)


def _values(read: ReadSide, legs: Sequence[LegRecord]) -> list[VolatilityPrice | None]:
    asked = {
        leg.instrument_name: volatility
        for leg, volatility in zip(legs, read.volatilities, strict=True)
        if volatility is not None
    }
    found = risk.prices_of_volatilities(asked)
    return [_value(found[leg.instrument_name], asked) if leg.instrument_name in asked else None for leg in legs]


def _value(found: risk.PricedVolatility, asked: dict[str, Decimal]) -> VolatilityPrice:
    inputs = LegVolatility(volatility=asked[found.instrument_name], forward=found.forward, years=found.years)
    return VolatilityPrice(price=found.price, inputs=inputs)
