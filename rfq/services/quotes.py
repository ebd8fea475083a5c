"""The maker's side: quote, replace, withdraw."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from accounts import roles
from accounts import selectors as accounts_selectors
from common import clock, valkey
from common.actor import Actor
from common.errors import NotAllowed, Refusal
from market import oracle
from rfq import publishers, selectors
from rfq.domain import limits, negotiation
from rfq.domain.prices import read_leg_prices
from rfq.domain.records import LegRecord, QuotePrices, RfqRecord
from rfq.models import QuoteVersion
from rfq.services import changes, commands, stops
from wire.client import CancelQuote, QuoteSide, SubmitQuote

if TYPE_CHECKING:
    from accounts.models import User


def submit_quote(*, user: User, actor: Actor, message: SubmitQuote, at: dt.datetime) -> int:
    """Quote, or replace the firm's quote for this RFQ; returns the quote's id, which stays the same."""
    return commands.once(
        user_id=user.id, message=message, entity="quote", act=lambda: _submit(user, actor, message, at)
    )


def cancel_quote(*, user: User, actor: Actor, message: CancelQuote, at: dt.datetime) -> int:
    """Withdraw the firm's quote; returns its id. Never rate limited."""
    return commands.once(
        user_id=user.id, message=message, entity="quote", act=lambda: _cancel(user, actor, message, at)
    )


def _cancel(user: User, actor: Actor, message: CancelQuote, at: dt.datetime) -> int:
    before = changes.get_locked(selectors.get_rfq_id_of_quote(message.quote_id))
    after = negotiation.cancel_quote(before, quote_id=message.quote_id, maker_firm_id=user.firm_id or 0, at=at)
    _check_may_quote(user)
    cause = publishers.Cause(action="quote.canceled", actor=actor, at=at, command_id=message.command_id)
    changes.write(before, after, cause)
    return message.quote_id


def _submit(user: User, actor: Actor, message: SubmitQuote, at: dt.datetime) -> int:
    before = changes.get_locked(message.rfq_id)
    firm_id = user.firm_id or 0
    if firm_id not in before.party_firm_ids:
        raise selectors.not_found(message.rfq_id)
    _check_may_quote(user)
    stops.check_user(user)
    account = accounts_selectors.get_account_for(user, message.account_id)
    prices = QuotePrices(
        account_id=account.id,
        user_id=user.id,
        expires_at=_expires_at(before, message.life_seconds, at),
        bid_leg_prices=_leg_prices(message.bid, before),
        ask_leg_prices=_leg_prices(message.ask, before),
    )
    _check_hedge_prices(before, prices)
    _check_rate(firm_id, at)
    earlier = before.find_quote_of(firm_id)
    quote_id = earlier.quote_id if earlier else changes.next_id("rfq_quote")
    maker = (firm_id, account.firm.name)
    after = negotiation.submit_quote(before, maker=maker, quote_id=quote_id, prices=prices, at=at)
    action = "quote.replaced" if earlier else "quote.submitted"
    cause = publishers.Cause(action=action, actor=actor, at=at, command_id=message.command_id)
    changes.write(before, after, cause)
    return quote_id


def _check_may_quote(user: User) -> None:
    if not roles.may_trade(user):
        raise NotAllowed("role", "Only makers and traders quote.", value=user.role, bound="client")


def _leg_prices(side: QuoteSide | None, rfq: RfqRecord) -> tuple[Decimal, ...] | None:
    return None if side is None else read_leg_prices(side.leg_prices, rfq.legs)


def _expires_at(rfq: RfqRecord, life_seconds: int | None, at: dt.datetime) -> dt.datetime:
    """A quote never outlives its RFQ: what is left of that life cuts it short."""
    if life_seconds is None:
        return rfq.expires_at
    low, high = limits.QUOTE_LIFE_SECONDS_MIN, int((rfq.expires_at - rfq.created_at).total_seconds())
    if not low <= life_seconds <= high:
        raise Refusal(
            "quote_life", "The life of a quote is out of bounds.", value=life_seconds, bound=f"{low} to {high}"
        )
    return min(at + dt.timedelta(seconds=life_seconds), rfq.expires_at)


def _check_rate(firm_id: int, at: dt.datetime) -> None:
    since = at - dt.timedelta(seconds=1)
    recent = QuoteVersion.objects.filter(quote__maker_firm_id=firm_id, created_at__gt=since).count()
    if recent >= limits.QUOTE_VERSIONS_PER_SECOND_MAX:
        bound = limits.QUOTE_VERSIONS_PER_SECOND_MAX
        raise Refusal("quote_rate", "Too many quotes in a second.", value=recent + 1, bound=bound)


def _check_hedge_prices(rfq: RfqRecord, prices: QuotePrices) -> None:
    """The net price does not show the hedge leg's, so that one has to lie near the mark."""
    for index, leg in enumerate(rfq.legs):
        if leg.is_hedge:
            mark = _mark_price(leg)
            for side in (prices.bid_leg_prices, prices.ask_leg_prices):
                if side is not None:
                    _check_band(leg, side[index], mark)


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
