"""Whether both sides can carry the trade: initial margin after it against equity. Fails closed."""

from decimal import Decimal

from common.errors import Conflict
from rfq.domain.negotiation import accepted_leg_prices
from rfq.domain.records import QuoteRecord, RfqRecord
from rfq.services.changes import leg_side
from wire.units import Side

Leg = tuple[str, Decimal, Decimal]
"""Instrument name, signed quantity and price."""


def check_headroom(rfq: RfqRecord, quote: QuoteRecord, side: Side) -> None:
    """Refuses ``margin_headroom`` for the taker, by value and bound, and ``maker_margin_headroom`` without them."""
    value, bound = _needed_and_owned(rfq.account_id, _legs(rfq, quote, side, sign=1))
    if value > bound:
        raise Conflict("margin_headroom", "The trade needs more margin than the account has.", value=value, bound=bound)
    value, bound = _needed_and_owned(quote.prices.account_id, _legs(rfq, quote, side, sign=-1))
    if value > bound:
        raise Conflict("maker_margin_headroom", "The maker cannot carry this trade now.")


def _needed_and_owned(account_id: int, legs: list[Leg]) -> tuple[Decimal, Decimal]:
    """Initial margin and equity after the trade."""
    from risk import services as risk

    wanted = [
        risk.PreviewLeg(instrument_name=name, signed_quantity=quantity, price=price) for name, quantity, price in legs
    ]
    preview = risk.preview_margin(account_id=account_id, legs=wanted)
    return preview.after.initial_margin, preview.after.equity


def _legs(rfq: RfqRecord, quote: QuoteRecord, side: Side, *, sign: int) -> list[Leg]:
    prices = accepted_leg_prices(quote, side)
    assert prices is not None, "the side is quoted"
    return [
        (leg.instrument_name, sign * leg_side(leg.side, side).sign * rfq.quantity * leg.ratio, price)
        for leg, price in zip(rfq.legs, prices, strict=True)
    ]
