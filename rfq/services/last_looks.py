"""Makers' last looks: asked where two firms have agreed on one, answered by the maker, by a rule or by silence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from accounts import roles
from common.actor import Actor
from common.errors import NotAllowed, NotFound
from rfq import publishers, selectors
from rfq.domain import execution
from rfq.domain.last_look import judge, moved_basis_points
from rfq.domain.records import LastLookRecord, RfqRecord
from rfq.models import LastLook, LastLookAgreement
from rfq.services import changes, commands, reservations, stops, structure_values
from wire.client import AnswerLastLook
from wire.negotiation import LastLookState
from wire.units import QuoteState, RfqState

if TYPE_CHECKING:
    from accounts.models import User

Looks = Mapping[int, tuple[LastLookAgreement, LastLookRecord]]
"""By quote id."""


def find_looks(rfq: RfqRecord, plan: execution.Plan, at: dt.datetime) -> Looks:
    """The agreements in force between the taker and those whose quotes are taken, as terms of this trade.

    None where one party does not know the other: that an agreement applies would say who it is.
    """
    if rfq.is_taker_anonymous or rfq.are_makers_anonymous:
        return {}
    makers = {quote.quote_id: quote.maker_firm_id for quote in rfq.quotes}
    agreements = {
        agreement.maker_firm_id: agreement
        for agreement in LastLookAgreement.objects.filter(
            taker_firm_id=rfq.taker_firm_id,
            maker_firm_id__in=[makers[fill.quote_id] for fill in plan.fills],
            maker_agreed_at__isnull=False,
            taker_agreed_at__isnull=False,
            ended_at__isnull=True,
        )
    }
    if not agreements:
        return {}
    value, unit = structure_values.find_value(rfq)
    return {
        fill.quote_id: (agreement, _terms(agreement, value, unit, at))
        for fill in plan.fills
        if (agreement := agreements.get(makers[fill.quote_id])) is not None
    }


def ask(looks: Looks, at: dt.datetime) -> None:
    """Store that each was asked, and on which terms."""
    LastLook.objects.bulk_create(
        LastLook(
            quote_id=quote_id,
            agreement=agreement,
            tolerance_basis_points=record.tolerance_basis_points,
            reference_value=record.reference_value,
            unit_value=record.unit_value,
            asked_at=at,
            due_at=record.due_at,
        )
        for quote_id, (agreement, record) in looks.items()
    )


def _terms(
    agreement: LastLookAgreement, value: Decimal | None, unit: Decimal | None, at: dt.datetime
) -> LastLookRecord:
    return LastLookRecord(
        due_at=at + dt.timedelta(milliseconds=agreement.window_ms),
        tolerance_basis_points=agreement.tolerance_basis_points,
        reference_value=value,
        unit_value=unit,
    )


def answer_last_look(*, user: User, actor: Actor, message: AnswerLastLook, at: dt.datetime) -> int:
    """The maker stands by its price or takes it back; returns the quote's id.

    Where marks tell how far the market has moved since the accept, the tolerance judges both answers alike: a move
    within it excuses no rejection on price, and one beyond it, to either side, ends the trade even if confirmed.

    Who was stopped may reject and not confirm: Conflict ``kill_switch`` or ``trading_state``.
    """
    return commands.once(
        user_id=user.id, message=message, entity="quote", act=lambda: _answer(user, actor, message, at)
    )


def close_silent(before: RfqRecord, after: RfqRecord, at: dt.datetime) -> None:
    """Store that these makers were silent until the end, and that the others no longer need to answer."""
    for quote in after.quotes:
        earlier = before.find_quote(quote.quote_id)
        if earlier is not None and earlier.state is QuoteState.PENDING_LAST_LOOK and quote.state is not earlier.state:
            reason = quote.reason or "pool_rejected"
            _close(quote.quote_id, LastLookState.REJECTED, reason, None, (None, at))


def _answer(user: User, actor: Actor, message: AnswerLastLook, at: dt.datetime) -> int:
    before = changes.get_locked(selectors.get_rfq_id_of_quote(message.quote_id))
    quote = before.find_quote(message.quote_id)
    if quote is None or quote.maker_firm_id != user.firm_id:
        raise NotFound("quote_not_found", "There is no such quote.", value=message.quote_id)
    if not roles.may_trade(user):
        raise NotAllowed("role", "Only makers and traders answer.", value=user.role, bound="client")
    if message.is_confirmed:
        stops.check_user(user)
    look = execution.check_last_look(before, quote_id=message.quote_id, at=at).last_look
    assert look is not None, "what is pending has its terms"
    moved = moved_basis_points(look, structure_values.find_value(before)[0])
    reason = judge(look, moved, is_confirmed=message.is_confirmed, reason=message.reason)
    if reason is None:
        after = execution.confirm_last_look(before, quote_id=message.quote_id, at=at)
        _close(message.quote_id, LastLookState.CONFIRMED, "", moved, (user.id, at))
    else:
        after = execution.reject_last_look(before, quote_id=message.quote_id, reason=reason, at=at)
        _close(message.quote_id, LastLookState.REJECTED, reason.value, moved, (user.id, at))
        close_silent(before, after, at)
    action = "quote.last_look_confirmed" if reason is None else "quote.last_look_rejected"
    cause = publishers.Cause(
        action=action, actor=actor, at=at, command_id=message.command_id, reason="" if reason is None else reason.value
    )
    changes.write(before, after, cause)
    if after.state is RfqState.PENDING_FILL and not execution.is_awaiting_makers(after):
        reservations.reserve_all(after, at)
    return message.quote_id


def _close(
    quote_id: int,
    state: LastLookState,
    reason: str,
    moved: Decimal | None,
    answered: tuple[int | None, dt.datetime],
) -> None:
    """answered: by which user (None: silence, or no answer was needed any more), and when."""
    LastLook.objects.filter(quote_id=quote_id, state=LastLookState.PENDING.value).update(
        state=state.value,
        reason=reason,
        moved_basis_points=moved,
        answered_by_id=answered[0],
        answered_at=answered[1],
    )
