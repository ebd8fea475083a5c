"""The fat-finger band: how far a net price may be worse for its own firm than the model value.

A price that is better for its own firm than the model can hurt nobody who does not look: the other side need not take
it. The width is the wider of so many ticks and so many percent of the summed value of the legs, because the net value
of a spread may be next to nothing.
"""

import dataclasses
from collections.abc import Sequence
from decimal import Decimal

from common.errors import Refusal
from rfq.domain.prices import net_of
from rfq.domain.records import LegRecord
from wire.units import Side

BAND_TICKS = 50
BAND_PERCENT = Decimal(25)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BandRule:
    ticks: int = BAND_TICKS
    percent: Decimal = BAND_PERCENT
    is_confirmable: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class Band:
    """value, width: net, in the quote currency of the structure."""

    value: Decimal
    width: Decimal

    def bound(self, side: Side) -> Decimal:
        """The worst price at which a firm buys (or sells) within the band."""
        return self.value + side.sign * self.width


def band_of(legs: Sequence[LegRecord], leg_values: Sequence[Decimal], rule: BandRule) -> Band:
    """leg_values: model value of each leg; the hedge leg's is left out."""
    value = net_of(legs, leg_values)
    assert value is not None, "every leg has a value"
    priced = [(leg, price) for leg, price in zip(legs, leg_values, strict=True) if not leg.is_hedge]
    gross = sum((leg.ratio * price for leg, price in priced), start=Decimal(0))
    tick = min(leg.tick_size for leg, _ in priced)
    return Band(value=value, width=max(rule.ticks * tick, rule.percent * gross / 100))


def check_price(price: Decimal, side: Side, band: Band, rule: BandRule, confirmed: Decimal | None) -> None:
    """side: what the firm does at this net price. confirmed: a bound that a refusal named and a person accepted.

    The model moves between the refusal and the confirmation: it counts while it lies within one width of the bound
    now. Refuses ``fat_finger_band``.
    """
    bound = band.bound(side)
    if side.sign * (price - bound) <= 0:
        return
    if rule.is_confirmable and confirmed is not None and abs(confirmed - bound) <= band.width:
        return
    words = "Confirm the bound to send it." if rule.is_confirmable else "It cannot be confirmed."
    raise Refusal(
        "fat_finger_band",
        f"The price is far worse than the model value {_text(band.value)}. {words}",
        value=_text(price),
        bound=_text(bound),
    )


def _text(price: Decimal) -> str:
    return format(round(price, 8).normalize(), "f")
