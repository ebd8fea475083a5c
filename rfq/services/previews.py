"""Before the click: what a trade would cost, against model, mark and lit books, and what margin it would take.

Reads only. Each party previews its own side with its own accounts; of a quote the taker sees what its own view shows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from accounts import roles
from accounts import selectors as accounts_selectors
from common.errors import NotAllowed, NotFound, Refusal
from rfq import selectors
from rfq.domain.prices import accepted_leg_prices, net_of, net_text, quantity_text
from rfq.domain.records import AllocationRecord, LegRecord, QuoteRecord, RfqRecord
from rfq.services.quote_prices import read_quote
from rfq.services.terms import check_terms
from risk import selectors as risk
from risk import services as risk_services
from settlement import selectors as settlement
from wire.client import CreateRfq, PreviewRfq
from wire.instruments import COINS, parse_instrument_name
from wire.units import Liquidity, Side

if TYPE_CHECKING:
    from accounts.models import User


class MarginStep(msgspec.Struct, frozen=True, kw_only=True):
    """Margin of one account as it is and as if the trade were done; ``problem`` where it cannot be computed now."""

    account_id: int
    preview: risk_services.MarginPreview | None
    problem: str = ""


class HedgePreview(msgspec.Struct, frozen=True, kw_only=True):
    """Hedging ``delta`` coins at once with the perpetual. cost: half the spread and the fee, in US dollars."""

    instrument_name: str
    delta: float
    contracts: str
    half_spread: float
    fee: float
    cost: float
    age_ms: int


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """How much worse than each of these the price is for whoever asks, a unit, in quote currency; below 0: better."""

    mark: float | None
    model: float | None
    lit: float | None


class SidePreview(msgspec.Struct, frozen=True, kw_only=True):
    """One side, by the taker's word. Prices are of one unit in quote currency, fees of the whole size by asset.

    net_price: of the quote; None where there is none and the margin is counted at the marks. lit_price: what the lit
    books charge or bring for the whole size, lit_fees: what the lit trades would be charged.
    """

    side: Side
    net_price: str | None
    net_usd: float | None
    lit_price: float | None
    fees: dict[str, str]
    lit_fees: dict[str, str]
    against: Against
    hedges: list[HedgePreview]
    margins: list[MarginStep]


class RfqPreview(msgspec.Struct, frozen=True, kw_only=True):
    """mark_price, model_price: of one unit. ages_ms: of the oldest of each kind that went in. missing: what is not
    known, and why. greeks: of the whole size when it is bought, by coin.
    """

    structure: str
    quote_currency: str
    quantity: str
    mark_price: float | None
    model_price: float | None
    index_price: float | None
    ages_ms: dict[str, int]
    missing: dict[str, str]
    greeks: dict[str, dict[str, float]]
    sides: list[SidePreview]
    model_version: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Asked:
    """own_sign: 1 for the taker, -1 for a maker. prices: of each side that is priced, by the taker's word."""

    structure: str
    quote_currency: str
    legs: tuple[LegRecord, ...]
    quantity: Decimal
    shares: tuple[AllocationRecord, ...]
    sides: tuple[Side, ...]
    own_sign: int = 1
    prices: dict[Side, tuple[Decimal, ...] | None] = dataclasses.field(default_factory=dict)


def preview_rfq(*, user: User, message: PreviewRfq) -> RfqPreview:
    """Raises NotFound for what is not the user's to see."""
    if not roles.may_trade(user):
        raise NotAllowed("role", "Only who trades previews a trade.", value=user.role, bound="trader or client")
    asked = _of_structure(user, message) if message.rfq_id is None else _of_rfq(user, message, message.rfq_id)
    sight = _sight(asked)
    return RfqPreview(
        structure=asked.structure,
        quote_currency=asked.quote_currency,
        quantity=quantity_text(asked.quantity),
        mark_price=sight.mark_net,
        model_price=sight.model_net,
        index_price=sight.index_price,
        ages_ms=_ages(sight),
        missing=dict(sight.missing),
        greeks=_greeks(asked),
        sides=[_side(asked, side, sight) for side in asked.sides],
        model_version=sight.model_version,
    )


def _of_structure(user: User, message: PreviewRfq) -> _Asked:
    terms = check_terms(
        user,
        CreateRfq(
            command_id=message.command_id,
            account_id=message.account_id,
            legs=message.legs,
            quantity=message.quantity,
            hedge=message.hedge,
            allocations=message.allocations,
        ),
    )
    whole = AllocationRecord(account_id=terms.account.pk, quantity=terms.quantity)
    return _Asked(
        structure=terms.structure,
        quote_currency=terms.quote_currency,
        legs=terms.legs,
        quantity=terms.quantity,
        shares=terms.allocations or (whole,),
        sides=(message.side,) if message.side else (Side.BUY, Side.SELL),
    )


def _of_rfq(user: User, message: PreviewRfq, rfq_id: int) -> _Asked:
    rfq = selectors.get_record(rfq_id)
    if user.firm_id not in rfq.party_firm_ids:
        raise selectors.not_found(rfq_id)
    account = accounts_selectors.get_account_for(user, message.account_id)
    whole = AllocationRecord(account_id=account.pk, quantity=rfq.quantity)
    asked = _Asked(
        structure=rfq.structure,
        quote_currency=rfq.quote_currency,
        legs=rfq.legs,
        quantity=rfq.quantity,
        shares=(whole,),
        sides=_sides(message.side or rfq.side),
    )
    if user.firm_id != rfq.taker_firm_id:
        return _as_maker(asked, message)
    quote = None if message.quote_id is None else _shown_quote(rfq, message.quote_id)
    prices = {side: accepted_leg_prices(quote, side) for side in asked.sides} if quote else {}
    return dataclasses.replace(asked, shares=rfq.allocations or (whole,), prices=prices)


def _as_maker(asked: _Asked, message: PreviewRfq) -> _Asked:
    bid, ask = read_quote(message.bid, message.ask, asked.legs)
    prices = {Side.BUY: ask.leg_prices, Side.SELL: bid.leg_prices}
    return dataclasses.replace(asked, own_sign=-1, prices=prices)


def _sides(side: Side | None) -> tuple[Side, ...]:
    return (side,) if side else (Side.BUY, Side.SELL)


def _shown_quote(rfq: RfqRecord, quote_id: int) -> QuoteRecord:
    """During the grace no quote is confirmed to exist."""
    quote = rfq.find_quote(quote_id) if rfq.is_tradable else None
    if quote is None:
        raise NotFound("quote_not_found", "There is no such quote.", value=quote_id)
    return quote


def _sight(asked: _Asked) -> risk.Sight:
    legs = [
        risk.SightedLeg(
            instrument_name=leg.instrument_name,
            side=leg.side,
            ratio=leg.ratio,
            quantity=asked.quantity * leg.ratio,
            is_hedge=leg.is_hedge,
        )
        for leg in asked.legs
    ]
    return risk.reckon(risk.look([leg.instrument_name for leg in legs]), legs)


def _ages(sight: risk.Sight) -> dict[str, int]:
    found = {
        "index": [sight.index_age_ms],
        "mark": [leg.ticker_age_ms for leg in sight.legs],
        "book": [leg.book_age_ms for leg in sight.legs],
        "surface": [leg.surface_age_ms for leg in sight.legs],
    }
    known = {name: [age for age in ages if age is not None] for name, ages in found.items()}
    return {name: max(ages) for name, ages in known.items() if ages}


def _greeks(asked: _Asked) -> dict[str, dict[str, float]]:
    try:
        found = risk.greeks_of(_contracts(asked, 1))
    except risk.MarksUnavailable:
        return {}
    return {coin: dataclasses.asdict(one) for coin, one in found.items()}


def _contracts(asked: _Asked, sign: int) -> list[tuple[str, Decimal]]:
    """Signed contracts of every leg, the hedge among them, when the structure is bought (1) or sold (-1)."""
    return [(leg.instrument_name, sign * leg.side.sign * leg.ratio * asked.quantity) for leg in asked.legs]


def _side(asked: _Asked, side: Side, sight: risk.Sight) -> SidePreview:
    prices = asked.prices.get(side)
    net = net_of(asked.legs, prices)
    lit = sight.lit_ask if side is Side.BUY else sight.lit_bid
    liquidity = Liquidity.TAKER if asked.own_sign == 1 else Liquidity.MAKER
    walked = [_walked(leg, seen, side) for leg, seen in zip(asked.legs, sight.legs, strict=True)]
    marked = [_mark(leg, seen) for leg, seen in zip(asked.legs, sight.legs, strict=True)]
    return SidePreview(
        side=side,
        net_price=None if net is None else net_text(asked.legs, net),
        net_usd=_in_usd(net, asked.quote_currency, sight.index_price),
        lit_price=lit,
        fees=_fees(asked, prices or marked, liquidity, sight.index_price),
        lit_fees=_fees(asked, walked, Liquidity.TAKER, sight.index_price),
        against=_against(net, side.sign * asked.own_sign, sight, lit if asked.own_sign == 1 else None),
        hedges=_hedges(asked, side.sign * asked.own_sign),
        margins=[_margin(asked, side, share, prices) for share in asked.shares],
    )


def _against(net: Decimal | None, sign: int, sight: risk.Sight, lit: float | None) -> Against:
    def worse(other: float | None) -> float | None:
        return None if net is None or other is None else sign * (float(net) - other)

    return Against(mark=worse(sight.mark_net), model=worse(sight.model_net), lit=worse(lit))


def _in_usd(net: Decimal | None, currency: str, index: float | None) -> float | None:
    if net is None or (currency in COINS and index is None):
        return None
    return float(net) * (index or 0.0) if currency in COINS else float(net)


def _walked(leg: LegRecord, seen: risk.LegSight, side: Side) -> Decimal | None:
    found = seen.walk_buy if leg.side is side else seen.walk_sell
    return None if found is None else Decimal(repr(found))


def _mark(leg: LegRecord, seen: risk.LegSight) -> Decimal | None:
    if leg.fixed_price is not None:
        return leg.fixed_price
    return None if seen.mark is None else Decimal(repr(seen.mark))


def _fees(asked: _Asked, prices: Sequence[Decimal | None], liquidity: Liquidity, index: float | None) -> dict[str, str]:
    """By asset, of the whole size; empty where a price is missing."""
    if any(price is None or price <= 0 for price in prices):
        return {}
    reference = None if index is None else Decimal(repr(index))
    total: dict[str, Decimal] = {}
    for leg, price in zip(asked.legs, prices, strict=True):
        assert price is not None, "no price is missing"
        fee, asset = settlement.estimate_fee(
            parse_instrument_name(leg.instrument_name),
            price=price,
            quantity=asked.quantity * leg.ratio,
            liquidity=liquidity,
            reference_price=reference,
        )
        total[asset] = total.get(asset, Decimal(0)) + fee
    return {asset: quantity_text(amount) for asset, amount in sorted(total.items())}


def _hedges(asked: _Asked, sign: int) -> list[HedgePreview]:
    """What is left of delta after the hedge leg, hedged with the perpetual of each coin."""
    try:
        greeks = risk.greeks_of(_contracts(asked, sign))
    except risk.MarksUnavailable:
        return []
    found = [risk.hedge_cost(coin, -one.delta) for coin, one in sorted(greeks.items())]
    return [
        HedgePreview(
            instrument_name=one.instrument_name,
            delta=one.delta,
            contracts=quantity_text(one.contracts),
            half_spread=one.half_spread,
            fee=one.fee,
            cost=one.cost,
            age_ms=one.age_ms,
        )
        for one in found
        if one is not None
    ]


def _margin(asked: _Asked, side: Side, share: AllocationRecord, prices: tuple[Decimal, ...] | None) -> MarginStep:
    legs = [
        risk_services.PreviewLeg(
            instrument_name=leg.instrument_name,
            signed_quantity=asked.own_sign * side.sign * leg.side.sign * leg.ratio * share.quantity,
            price=prices[index] if prices else leg.fixed_price,
        )
        for index, leg in enumerate(asked.legs)
    ]
    try:
        preview = risk_services.preview_margin(account_id=share.account_id, legs=legs, require_fresh=False)
    except Refusal as refusal:
        return MarginStep(account_id=share.account_id, preview=None, problem=refusal.reason)
    return MarginStep(account_id=share.account_id, preview=preview)
