"""Whether both sides can carry the trade: initial margin after it against equity. Fails closed."""

from common.errors import Conflict, Refusal
from rfq.domain.negotiation import accepted_leg_prices
from rfq.domain.records import QuoteRecord, RfqRecord
from rfq.services.changes import leg_side
from risk import services as risk
from wire.units import Side


def check_headroom(rfq: RfqRecord, quote: QuoteRecord, side: Side) -> None:
    """Refuses ``margin_headroom`` for the taker, with value and bound, and ``maker_margin_headroom`` for the maker.

    The maker's refusals carry no figures and no instruments: they are not the taker's to know. A trade that brings
    an account nearer to its margin passes.
    """
    after = _find_breach(rfq.account_id, _legs(rfq, quote, side, sign=1))
    if after is not None:
        raise Conflict(
            "margin_headroom",
            "The trade needs more margin than the account has.",
            value=after.initial_margin,
            bound=after.equity,
        )
    try:
        breach = _find_breach(quote.prices.account_id, _legs(rfq, quote, side, sign=-1))
    except Refusal as refusal:
        raise Conflict("maker_margin_unknown", "The maker's margin cannot be computed now.") from refusal
    if breach is not None:
        raise Conflict("maker_margin_headroom", "The maker cannot carry this trade now.")


def _find_breach(account_id: int, legs: list[risk.PreviewLeg]) -> risk.MarginFigures | None:
    """The figures after the trade, where they do not suffice and are no better than before."""
    preview = risk.preview_margin(account_id=account_id, legs=legs)
    before, after = preview.before, preview.after
    shortfall = after.initial_margin - after.equity
    if shortfall <= 0 or shortfall < before.initial_margin - before.equity:
        return None
    return after


def _legs(rfq: RfqRecord, quote: QuoteRecord, side: Side, *, sign: int) -> list[risk.PreviewLeg]:
    prices = accepted_leg_prices(quote, side)
    assert prices is not None, "the side is quoted"
    return [
        risk.PreviewLeg(
            instrument_name=leg.instrument_name,
            signed_quantity=sign * leg_side(leg.side, side).sign * rfq.quantity * leg.ratio,
            price=price,
        )
        for leg, price in zip(rfq.legs, prices, strict=True)
    ]
