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
from rfq.models import QuoteVersion
from rfq.services import bands, changes, commands, desk_limits, sessions, stops, windows
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
    selectors.check_party(message.rfq_id, firm_id)
    before = changes.get_locked(message.rfq_id)
    _check_may_quote(user)
    stops.check_user(user)
    windows.check_may_quote(before, firm_id, at)
    account = accounts_selectors.get_account_for(user, message.account_id)
    stops.check_quote(account, before)
    bid, ask = read_quote(message.bid, message.ask, before.legs)
    prices = QuotePrices(
        account_id=account.id,
        user_id=user.id,
        expires_at=_expires_at(before, message.life_seconds, at),
        quantity=before.quantity if message.quantity is None else to_decimal("quantity", message.quantity),
        condition=message.condition,
        bid_leg_prices=bid.leg_prices,
        ask_leg_prices=ask.leg_prices,
        bid_volatilities=bid.volatilities,
        ask_volatilities=ask.volatilities,
    )
    bands.check_quote(before, prices, firm_id, message.confirmed_band)
    _check_rate(firm_id, at)
    earlier = before.find_quote_of(firm_id)
    if earlier is None or earlier.state is not QuoteState.ACTIVE:
        desk_limits.check_live_quotes(firm_id)
    quote_id = earlier.quote_id if earlier else changes.new_quote_id()
    maker = (firm_id, account.firm.name)
    after = negotiation.submit_quote(before, maker=maker, quote_id=quote_id, prices=prices, at=at)
    action = "quote.replaced" if earlier else "quote.submitted"
    cause = publishers.Cause(action=action, actor=actor, at=at, command_id=message.command_id)
    changes.write(before, after, cause)
    sessions.note_quote(quote_id, actor, at)
    return quote_id


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


def _check_rate(firm_id: int, at: dt.datetime) -> None:
    since = at - dt.timedelta(seconds=1)
    recent = QuoteVersion.objects.filter(quote__maker_firm_id=firm_id, created_at__gt=since).count()
    if recent >= limits.QUOTE_VERSIONS_PER_SECOND_MAX:
        bound = limits.QUOTE_VERSIONS_PER_SECOND_MAX
        raise Refusal("quote_rate", "Too many quotes in a second.", value=recent + 1, bound=bound)
