"""Hold net prices against the model value: what a slip of a finger quotes or takes is refused, or confirmed."""

from collections.abc import Iterable
from decimal import Decimal

import structlog

from rfq.domain import bands
from rfq.domain.allocation import Fill
from rfq.domain.bands import Band, BandRule
from rfq.domain.prices import net_of
from rfq.domain.records import QuotePrices, RfqRecord
from rfq.selectors.protection import band_rule, desk_limits_of
from risk import selectors as risk
from wire.units import Side

log = structlog.get_logger(__name__)


def check_quote(rfq: RfqRecord, prices: QuotePrices, rule: BandRule, sight: risk.Sight, confirmed: str | None) -> None:
    """The maker buys at its bid and sells at its ask. Refuses ``fat_finger_band``."""
    band = _find_band(rfq, sight, rule)
    if band is None:
        return
    for side, leg_prices in ((Side.BUY, prices.bid_leg_prices), (Side.SELL, prices.ask_leg_prices)):
        net = net_of(rfq.legs, leg_prices)
        if net is not None:
            bands.check_price(net, side, band, rule, _bound(confirmed))


def check_accept(rfq: RfqRecord, fills: Iterable[Fill], side: Side, sight: risk.Sight, confirmed: str | None) -> None:
    """side: the taker's. Refuses ``fat_finger_band`` for the worst of the prices it would trade at."""
    rule = band_rule(desk_limits_of(rfq.taker_firm_id))
    band = _find_band(rfq, sight, rule)
    if band is None:
        return
    for fill in fills:
        bands.check_price(fill.price, side, band, rule, _bound(confirmed))


def _find_band(rfq: RfqRecord, sight: risk.Sight, rule: BandRule) -> Band | None:
    """None where nothing says what the structure is worth: then nothing of it can be traded either (``stale_mark``)."""
    prices = _leg_values(sight)
    if prices is None:
        log.warning("band_without_market", rfq_id=rfq.rfq_id)
        return None
    return bands.band_of(rfq.legs, [Decimal(repr(price)) for price in prices], rule)


def _leg_values(sight: risk.Sight) -> list[float] | None:
    """By the model, or by the marks where no surface holds an option's expiry."""
    for name in ("model", "mark"):
        found = [getattr(leg, name) for leg in sight.legs]
        if None not in found:
            return found
    return None


def _bound(confirmed: str | None) -> Decimal | None:
    return None if confirmed is None else Decimal(confirmed)
