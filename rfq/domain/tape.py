"""What the public may know of a block trade: what was traded and at which price, nothing of who."""

import dataclasses
from decimal import Decimal

from common.decimals import plain_text
from rfq.domain.prices import net_text
from rfq.domain.records import RfqRecord, TradeRecord, TradeState
from wire.market import TapeLeg
from wire.units import RfqState, Side

AVERAGE_DIGITS = 8
MARK_DIGITS = 8
"""Decimal places of a mark and of a difference to it: a coin's own."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Traded:
    """The whole trade of an RFQ. ``price``: net of one unit, averaged over the fills by quantity."""

    side: Side
    quantity: Decimal
    price: Decimal


def find_traded(rfq: RfqRecord) -> Traded | None:
    """What was traded, once every fill is booked."""
    trades = rfq.trades
    if rfq.state is not RfqState.FILLED or not trades:
        return None
    if any(trade.state is not TradeState.COMPLETED for trade in trades):
        return None
    return Traded(side=trades[0].side, quantity=rfq.quantity, price=_average(trades))


def _average(trades: tuple[TradeRecord, ...]) -> Decimal:
    paid = sum((trade.net_price * trade.quantity for trade in trades), Decimal(0))
    return paid / sum((trade.quantity for trade in trades), Decimal(0))


def to_legs(rfq: RfqRecord) -> list[TapeLeg]:
    """Sides as when the structure is bought."""
    return [
        TapeLeg(instrument_name=leg.instrument_name, side=leg.side, ratio=leg.ratio, is_hedge=leg.is_hedge)
        for leg in rfq.legs
    ]


def price_digits(rfq: RfqRecord, price: Decimal) -> int:
    """Decimal places that the finest leg's tick has; an average of several fills may need more."""
    exponent = Decimal(net_text(rfq.legs, price)).as_tuple().exponent
    digits = -int(exponent)
    return digits if round(price, digits) == price else AVERAGE_DIGITS


def mark_text(mark: float | None) -> str | None:
    return None if mark is None else _rounded(Decimal(repr(mark)))


def against_mark_text(price: Decimal, mark: float | None) -> str | None:
    """Price minus mark; None where there was no mark."""
    return None if mark is None else _rounded(price - Decimal(repr(mark)))


def _rounded(value: Decimal) -> str:
    return plain_text(round(value, MARK_DIGITS))
