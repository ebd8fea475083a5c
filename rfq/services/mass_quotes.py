"""A maker's commands about many requests at once, each its own unit of work: one refusal holds up no other."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import msgspec

from accounts import roles
from common.actor import Actor
from common.errors import NotAllowed, Refusal
from rfq.services import quotes, withdrawals
from wire.client import CancelAllQuotes, MassQuote, MassQuoteAnswer, QuotesCanceled, SubmitQuote

if TYPE_CHECKING:
    from accounts.models import User

_encode = msgspec.json.encode
REASON_REQUESTED = "requested"


def mass_quote(*, user: User, actor: Actor, message: MassQuote, at: dt.datetime) -> list[MassQuoteAnswer]:
    """Quote every request named, in order; one answer each. Sent again, what was done is not done twice."""
    if not roles.may_trade(user):
        raise NotAllowed("role", "Only makers and traders quote.", value=user.role, bound="client")
    return [_quote(user, actor, message, index, at) for index in range(len(message.quotes))]


def cancel_all_of_firm(*, user: User, actor: Actor, message: CancelAllQuotes, at: dt.datetime) -> QuotesCanceled:
    """Withdraw all that the firm has standing. Never rate limited, and by its nature harmless when repeated."""
    if not roles.may_trade(user) or user.firm_id is None:
        raise NotAllowed("role", "Only makers and traders quote.", value=user.role, bound="client")
    ended = withdrawals.cancel_all_quotes(
        maker_firm_id=user.firm_id, reason=REASON_REQUESTED, actor=actor, at=at, command_id=message.command_id
    )
    return QuotesCanceled(quotes_canceled=ended)


def _quote(user: User, actor: Actor, message: MassQuote, index: int, at: dt.datetime) -> MassQuoteAnswer:
    entry = message.quotes[index]
    terms = msgspec.structs.asdict(entry)
    one = SubmitQuote(command_id=_command_id(message, index), account_id=message.account_id, **terms)
    try:
        quote_id = quotes.submit_quote(user=user, actor=actor, message=one, at=at)
    except Refusal as refusal:
        return MassQuoteAnswer(
            rfq_id=entry.rfq_id,
            reason=refusal.reason,
            message=refusal.message,
            value=refusal.value,
            bound=refusal.bound,
        )
    return MassQuoteAnswer(rfq_id=entry.rfq_id, quote_id=quote_id)


def _command_id(message: MassQuote, index: int) -> str:
    """Of one entry, from the id of the whole: as long as any id may be."""
    return hashlib.sha256(_encode([message.command_id, index])).hexdigest()[:40]
