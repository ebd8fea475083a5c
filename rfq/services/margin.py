"""Whether both sides can carry the trades: initial margin after them against equity. Fails closed."""

from collections.abc import Sequence
from decimal import Decimal

from common.errors import Conflict, Refusal
from rfq.domain.execution import Plan, Share
from rfq.domain.prices import accepted_leg_prices
from rfq.domain.records import RfqRecord
from rfq.services.changes import leg_side
from risk import services as risk
from wire.units import Side


class Headroom:
    """Remembers what it found, so that a plan that was checked before the lock is not computed again under it."""

    def __init__(self) -> None:
        self._makers: dict[tuple[int, int, Side, Decimal], Refusal | None] = {}
        self._takers: set[tuple[tuple[int, int, int, Decimal], ...]] = set()

    def find_maker_refusals(self, rfq: RfqRecord, plan: Plan) -> dict[int, Refusal]:
        """By quote id, of makers who cannot carry their fill.

        They carry no figures and no instruments: those are not the taker's to know.
        """
        found = {}
        for fill in plan.fills:
            key = (fill.quote_id, fill.version, plan.side, fill.quantity)
            if key not in self._makers:
                self._makers[key] = _find_maker_refusal(rfq, fill.quote_id, plan.side, fill.quantity)
            refusal = self._makers[key]
            if refusal is not None:
                found[fill.quote_id] = refusal
        return found

    def check_taker(self, rfq: RfqRecord, side: Side, shares: Sequence[Share]) -> None:
        """Refuses ``margin_headroom`` with value and bound. A trade that brings an account nearer to its margin passes.

        side: the taker's.
        """
        key = tuple((each.account_id, each.fill.quote_id, each.fill.version, each.quantity) for each in shares)
        if key in self._takers:
            return
        for account_id in {share.account_id for share in shares}:
            legs = [
                leg
                for share in shares
                if share.account_id == account_id
                for leg in _legs(rfq, share.fill.quote_id, side, share.quantity)
            ]
            after = _find_breach(account_id, legs)
            if after is not None:
                raise Conflict(
                    "margin_headroom",
                    "The trade needs more margin than the account has.",
                    value=after.initial_margin,
                    bound=after.equity,
                )
        self._takers.add(key)


def _find_maker_refusal(rfq: RfqRecord, quote_id: int, side: Side, quantity: Decimal) -> Refusal | None:
    quote = rfq.find_quote(quote_id)
    assert quote is not None, "a fill has its quote"
    try:
        breach = _find_breach(quote.prices.account_id, _legs(rfq, quote_id, side, -quantity))
    except Refusal as refusal:
        unknown = Conflict("maker_margin_unknown", "The maker's margin cannot be computed now.")
        unknown.__cause__ = refusal
        return unknown
    return None if breach is None else Conflict("maker_margin_headroom", "The maker cannot carry this trade now.")


def _find_breach(account_id: int, legs: list[risk.PreviewLeg]) -> risk.MarginFigures | None:
    """The figures after the trade, where they do not suffice and are no better than before."""
    preview = risk.preview_margin(account_id=account_id, legs=legs)
    before, after = preview.before, preview.after
    shortfall = after.initial_margin - after.equity
    if shortfall <= 0 or shortfall < before.initial_margin - before.equity:
        return None
    return after


def _legs(rfq: RfqRecord, quote_id: int, side: Side, signed_quantity: Decimal) -> list[risk.PreviewLeg]:
    """signed_quantity: of the structure as the taker trades it; negative for the maker."""
    quote = rfq.find_quote(quote_id)
    assert quote is not None, "a fill has its quote"
    prices = accepted_leg_prices(quote, side)
    assert prices is not None, "the side is quoted"
    return [
        risk.PreviewLeg(
            instrument_name=leg.instrument_name,
            signed_quantity=leg_side(leg.side, side).sign * signed_quantity * leg.ratio,
            price=price,
        )
        for leg, price in zip(rfq.legs, prices, strict=True)
    ]
