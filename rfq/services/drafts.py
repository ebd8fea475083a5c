"""Requests that are saved and sent later. A draft has the id that its RFQ will have; only its firm knows of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec

from audit import services as audit
from common.actor import Actor
from common.errors import Refusal
from rfq.models import RfqDraft
from rfq.selectors.audience import draft_message, draft_not_found, draft_view
from rfq.services import changes, commands
from rfq.services.requests import check_may_ask, lock_firm, open_rfq
from rfq.services.terms import check_terms
from streams import services as streams
from wire.client import DeleteDraft, SaveDraft, SendDraft
from wire.facts import DraftChanged, DraftEnded
from wire.limits import RFQ_DRAFTS_MAX

if TYPE_CHECKING:
    from accounts.models import User

_encode = msgspec.json.Encoder().encode


def save_draft(*, user: User, actor: Actor, message: SaveDraft, at: dt.datetime) -> int:
    """Keep a request, or change one that is kept; returns its id. What it says is checked, whom it asks is not yet."""
    check_may_ask(user)
    return commands.once(user_id=user.id, message=message, entity="draft", act=lambda: _save(user, actor, message, at))


def send_draft(*, user: User, actor: Actor, message: SendDraft, at: dt.datetime) -> int:
    """Ask makers for what the draft says, checked as if it were new; returns the RFQ's id, which is the draft's."""
    check_may_ask(user)
    return commands.once(user_id=user.id, message=message, entity="rfq", act=lambda: _send(user, actor, message, at))


def delete_draft(*, user: User, actor: Actor, message: DeleteDraft, at: dt.datetime) -> int:
    """Forget the draft; returns its id."""
    check_may_ask(user)
    return commands.once(
        user_id=user.id, message=message, entity="draft", act=lambda: _delete(user, actor, message, at)
    )


def _save(user: User, actor: Actor, message: SaveDraft, at: dt.datetime) -> int:
    terms = check_terms(user, message)
    row = _new(user, at) if message.rfq_id is None else _lock(user, message.rfq_id)
    before = _content(row) if message.rfq_id is not None else None
    row.user = user
    row.structure, row.quote_currency = terms.structure, terms.quote_currency
    row.content = _encode(message).decode()
    row.updated_at = at
    row.save(force_insert=message.rfq_id is None)
    streams.publish_fact(firm_id=row.taker_firm_id, fact=DraftChanged(draft=draft_view(row)))
    _record("rfq.draft_saved", row, actor, at, message.command_id, before=before, after=_content(row))
    return row.pk


def _new(user: User, at: dt.datetime) -> RfqDraft:
    assert user.firm_id is not None, "a trader has a firm"
    lock_firm(user.firm_id)
    kept = RfqDraft.objects.filter(taker_firm_id=user.firm_id).count()
    if kept >= RFQ_DRAFTS_MAX:
        raise Refusal("draft_count", "Too many drafts are kept.", value=kept + 1, bound=RFQ_DRAFTS_MAX)
    return RfqDraft(id=changes.next_id("rfq_rfq"), taker_firm_id=user.firm_id, updated_at=at)


def _send(user: User, actor: Actor, message: SendDraft, at: dt.datetime) -> int:
    row = _lock(user, message.rfq_id)
    terms = msgspec.structs.replace(draft_message(row), command_id=message.command_id)
    row_id = row.pk
    _end(row)
    return open_rfq(user, actor, terms, at, rfq_id=row_id)


def _delete(user: User, actor: Actor, message: DeleteDraft, at: dt.datetime) -> int:
    row = _lock(user, message.rfq_id)
    row_id = row.pk
    _record("rfq.draft_deleted", row, actor, at, message.command_id, before=_content(row), after=None)
    _end(row)
    return row_id


def _end(row: RfqDraft) -> None:
    streams.publish_fact(firm_id=row.taker_firm_id, fact=DraftEnded(rfq_id=row.pk))
    row.delete()


def _lock(user: User, rfq_id: int) -> RfqDraft:
    """Raises NotFound, also for the draft of another firm and for one that was sent."""
    rows = RfqDraft.objects.select_for_update(no_key=True).filter(id=rfq_id, taker_firm_id=user.firm_id)
    row = rows.first()
    if row is None:
        raise draft_not_found(rfq_id)
    return row


def _content(row: RfqDraft) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(draft_view(row))
    return content


def _record(
    action: str,
    row: RfqDraft,
    actor: Actor,
    at: dt.datetime,
    command_id: str,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    audit.record(
        stream=f"firm:{row.taker_firm_id}",
        action=action,
        entity=f"rfq:{row.pk}",
        actor=actor,
        at=at,
        before=before,
        after=after,
        command_id=command_id,
    )
