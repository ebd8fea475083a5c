"""A firm moves into another legal entity: proposed by one administrator, decided by another."""

import datetime as dt

from accounts import roles
from accounts.models import Firm, LegalEntity, LegalEntityMove, User
from audit import services as audit
from common import db
from common.actor import Actor
from common.errors import Conflict, NotAllowed, Refusal
from common.proposals import ProposalState, judge


def propose_legal_entity(
    *, firm: Firm, legal_entity: LegalEntity | None, reason: str, user: User, actor: Actor, at: dt.datetime
) -> LegalEntityMove:
    """Nothing is in force yet.

    Raises NotAllowed ``not_authorized``, Refusal ``unchanged`` and Conflict ``proposal_waits``.
    """
    _check_role(user)
    with db.unit_of_work():
        now = Firm.objects.select_for_update(no_key=True).get(pk=firm.pk)
        check_legal_entity_move(now, legal_entity)
        row = LegalEntityMove.objects.create(
            firm=now, legal_entity=legal_entity, reason=reason.strip(), proposed_by=user, proposed_at=at
        )
        _record(row, "proposed", now, actor, at)
    return row


def check_legal_entity_move(firm: Firm, legal_entity: LegalEntity | None) -> None:
    """Raises Refusal ``unchanged`` and Conflict ``proposal_waits``."""
    if firm.legal_entity_id == (legal_entity.pk if legal_entity else None):
        raise Refusal("unchanged", "The firm is in this legal entity already.", value=firm.pk)
    waiting = LegalEntityMove.objects.filter(firm=firm, state=ProposalState.WAITING).first()
    if waiting is not None:
        raise Conflict("proposal_waits", "A move of this firm waits already.", value=waiting.pk)


def decide_legal_entity(
    *, move_id: int, is_approved: bool, user: User, actor: Actor, at: dt.datetime
) -> LegalEntityMove:
    """Approved, the firm is moved at once. A refusal of one's own proposal takes it back.

    Raises NotAllowed ``not_authorized`` and ``same_person``, Conflict ``already_decided``.
    """
    _check_role(user)
    with db.unit_of_work():
        row = LegalEntityMove.objects.select_for_update(of=("self",), no_key=True).get(pk=move_id)
        why = "A move into another legal entity takes two people."
        state = judge(row, user_id=user.pk, is_approved=is_approved, why=why)
        row.state, row.decided_by, row.decided_at = state, user, at
        row.save(update_fields=["state", "decided_by", "decided_at"])
        firm = Firm.objects.select_for_update(no_key=True).get(pk=row.firm_id)
        _record(row, state.value, firm, actor, at)
        if state is ProposalState.APPROVED:
            firm.legal_entity = row.legal_entity
            firm.save(update_fields=["legal_entity"])
    return row


def _check_role(user: User) -> None:
    if not roles.is_admin(user):
        why = "Only an admin moves firms into legal entities."
        raise NotAllowed("not_authorized", why, value=user.role, bound="admin")


def _record(row: LegalEntityMove, verb: str, firm: Firm, actor: Actor, at: dt.datetime) -> None:
    audit.record(
        stream=f"firm:{firm.pk}",
        action=f"legal_entity_move.{verb}",
        entity=f"firm:{firm.pk}",
        actor=actor,
        at=at,
        before={"legal_entity": str(firm.legal_entity or "")},
        after={"legal_entity": str(row.legal_entity or ""), "move_id": row.pk},
        reason=row.reason,
    )
