"""The maker's side: quote, replace, withdraw."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from accounts import roles
from accounts import selectors as accounts_selectors
from common.actor import Actor
from common.errors import NotAllowed, Refusal
from rfq import publishers, selectors
from rfq.domain import limits, negotiation
from rfq.domain.prices import to_decimal
from rfq.domain.records import QuotePrices, RfqRecord
from rfq.selectors.quoting import read_standing
from rfq.services import bands, changes, commands, desk_limits, sessions, sightings, stops, windows
from rfq.services.quote_prices import read_quote
from wire.client import CancelQuote, SubmitQuote
from wire.units import QuoteState

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
    firm_id = user.firm_id or 0
    before = changes.get_locked_by(message.rfq_id, user.firm_id)
    _check_may_quote(user)
    standing = read_standing(
        rfq_id=before.rfq_id,
        firm_id=firm_id,
        coins=windows.coins_of(before),
        session=actor.session,
        since=at - dt.timedelta(seconds=1),
    )
    windows.check_may_quote(standing.protections, at)
    account = accounts_selectors.get_account_for(user, message.account_id)
    stops.check_quote(user, account, before)
    prices = _prices(before, account.pk, user, message, at)
    sight = sightings.get_sight(before)
    bands.check_quote(before, prices, standing.bounds.band_rule, sight, message.confirmed_band)
    _check_rate(standing.recent_versions)
    earlier = before.find_quote_of(firm_id)
    if earlier is None or earlier.state is not QuoteState.ACTIVE:
        desk_limits.check_live_quotes(firm_id, standing.bounds.live_quotes_max)
    quote_id = earlier.quote_id if earlier else changes.new_quote_id()
    maker = (firm_id, account.firm.name)
    after = negotiation.submit_quote(before, maker=maker, quote_id=quote_id, prices=prices, at=at)
    action = "quote.replaced" if earlier else "quote.submitted"
    cause = publishers.Cause(action=action, actor=actor, at=at, command_id=message.command_id)
    sessions.check_alive(standing.session, at)
    changes.write(before, after, cause)
    sessions.note_quote(quote_id, standing.session, at, is_noted=standing.is_noted)
    return quote_id


def _prices(rfq: RfqRecord, account_id: int, user: User, message: SubmitQuote, at: dt.datetime) -> QuotePrices:
    bid, ask = read_quote(message.bid, message.ask, rfq.legs)
    return QuotePrices(
        account_id=account_id,
        user_id=user.id,
        expires_at=_expires_at(rfq, message.life_seconds, at),
        quantity=rfq.quantity if message.quantity is None else to_decimal("quantity", message.quantity),
        condition=message.condition,
        bid_leg_prices=bid.leg_prices,
        ask_leg_prices=ask.leg_prices,
        bid_volatilities=bid.volatilities,
        ask_volatilities=ask.volatilities,
    )


def _check_may_quote(user: User) -> None:
    if not roles.may_trade(user):
        raise NotAllowed("role", "Only makers and traders quote.", value=user.role, bound="client")


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


def _check_rate(recent: int) -> None:
    if recent >= limits.QUOTE_VERSIONS_PER_SECOND_MAX:
        bound = limits.QUOTE_VERSIONS_PER_SECOND_MAX
        raise Refusal("quote_rate", "Too many quotes in a second.", value=recent + 1, bound=bound)
