"""The hedge leg: neither the net price nor a maker prices it, so that its price has to lie near the mark."""

from collections.abc import Sequence
from decimal import Decimal

from common import clock, valkey
from common.errors import Refusal
from market import oracle
from rfq.domain import limits
from rfq.domain.records import LegRecord


def check_hedge_price(legs: Sequence[LegRecord]) -> None:
    """Refuses ``stale_mark`` and ``hedge_price_band``."""
    for leg in legs:
        if leg.fixed_price is not None:
            _check_band(leg, leg.fixed_price, _mark_price(leg))


def _mark_price(leg: LegRecord) -> Decimal:
    try:
        ticker = oracle.get_ticker(leg.instrument_name)
    except valkey.Unreachable as error:
        raise Refusal("stale_mark", "No market data can be read.", value=leg.instrument_name) from error
    if ticker is None or ticker.mark_price is None or oracle.is_stale(ticker, clock.now_ns()):
        raise Refusal("stale_mark", "The hedge leg has no fresh mark.", value=leg.instrument_name)
    return Decimal(repr(ticker.mark_price))


def _check_band(leg: LegRecord, price: Decimal, mark: Decimal) -> None:
    width = max(abs(mark) * limits.HEDGE_BAND_BASIS_POINTS / 10_000, leg.tick_size)
    if abs(price - mark) > width:
        bound = f"{mark - width} to {mark + width}"
        raise Refusal("hedge_price_band", "The hedge leg is priced too far from its mark.", value=price, bound=bound)
