"""Hold net prices against the model value: what a slip of a finger quotes or takes is refused, or confirmed."""

from collections.abc import Iterable
from decimal import Decimal

import structlog

from common import valkey
from common.errors import Refusal
from rfq.domain import bands
from rfq.domain.allocation import Fill
from rfq.domain.bands import Band
from rfq.domain.prices import net_of
from rfq.domain.records import QuotePrices, RfqRecord
from rfq.models import DeskLimits
from rfq.selectors.protection import band_rule, desk_limits_of
from risk import selectors as risk
from wire.units import Side

log = structlog.get_logger(__name__)


def check_quote(rfq: RfqRecord, prices: QuotePrices, firm_id: int, confirmed: str | None) -> None:
    """The maker buys at its bid and sells at its ask. Refuses ``fat_finger_band``."""
    bounds = desk_limits_of(firm_id)
    band = _find_band(rfq, bounds)
    if band is None:
        return
    for side, leg_prices in ((Side.BUY, prices.bid_leg_prices), (Side.SELL, prices.ask_leg_prices)):
        net = net_of(rfq.legs, leg_prices)
        if net is not None:
            bands.check_price(net, side, band, band_rule(bounds), _bound(confirmed))


def check_accept(rfq: RfqRecord, fills: Iterable[Fill], side: Side, confirmed: str | None) -> None:
    """side: the taker's. Refuses ``fat_finger_band`` for the worst of the prices it would trade at."""
    bounds = desk_limits_of(rfq.taker_firm_id)
    band = _find_band(rfq, bounds)
    if band is None:
        return
    for fill in fills:
        bands.check_price(fill.price, side, band, band_rule(bounds), _bound(confirmed))


def _find_band(rfq: RfqRecord, bounds: DeskLimits) -> Band | None:
    """None where nothing says what the structure is worth: then nothing of it can be traded either (``stale_mark``)."""
    try:
        prices = _leg_values(rfq)
    except (Refusal, *valkey.Unreachable):
        log.warning("band_without_market", rfq_id=rfq.rfq_id)
        return None
    return bands.band_of(rfq.legs, [Decimal(repr(price)) for price in prices], band_rule(bounds))


def _leg_values(rfq: RfqRecord) -> list[float]:
    """By the model, or by the marks where no surface holds an option's expiry."""
    try:
        return [leg.price for leg in risk.model_value([(leg.instrument_name, 1.0) for leg in rfq.legs]).legs]
    except risk.MarksUnavailable:
        marks = risk.read_marks([leg.instrument_name for leg in rfq.legs]).marks
        return [marks[leg.instrument_name].price for leg in rfq.legs]


def _bound(confirmed: str | None) -> Decimal | None:
    return None if confirmed is None else Decimal(confirmed)
