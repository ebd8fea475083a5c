"""Whether a desk's parent orders take two people: proposed by an administrator, decided by another of the house."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from accounts import roles
from accounts import selectors as accounts
from audit import services as audit
from common import db
from common.actor import Actor
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from common.proposals import ProposalState, judge
from orders import parent_selectors as selectors
from orders.models import ParentPolicy, ParentPolicyProposal
from orders.services import commands
from streams import services as streams
from wire.parent_views import ParentPolicyChanged

if TYPE_CHECKING:
    from accounts.models import User
    from wire import client_parents as messages


def propose_policy(*, user: User, actor: Actor, message: messages.ProposeParentPolicy, at: dt.datetime) -> int:
    """Nothing is in force yet. Returns the proposal's id; idempotent by (user, command_id).

    Raises NotAllowed ``not_authorized``, NotFound, Refusal ``unchanged``, Conflict ``proposal_waits``.
    """
    if not roles.is_admin(user):
        raise NotAllowed("not_authorized", "only an admin proposes what a desk demands", value=user.role, bound="admin")
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return taken.entity_id
        desk = accounts.get_desk(message.desk_id)
        policy = _lock(desk.pk)
        if policy.takes_two == message.takes_two:
            raise Refusal("unchanged", "the desk demands that already", value=message.takes_two)
        waiting = ParentPolicyProposal.objects.filter(desk=desk, state=ProposalState.WAITING).first()
        if waiting is not None:
            raise Conflict("proposal_waits", "a change of this desk's policy waits already", value=waiting.pk)
        row = ParentPolicyProposal.objects.create(
            desk=desk, takes_two=message.takes_two, proposed_by=user, proposed_at=at,
            propose_reason=message.reason.strip(),
        )  # fmt: skip
        commands.answer(taken, entity="policy", entity_id=row.pk)
        _tell(row, "proposed", actor, at, policy, command_id=message.command_id, reason=row.propose_reason)
        return row.pk


def decide_policy(*, user: User, actor: Actor, message: messages.DecideParentPolicy, at: dt.datetime) -> int:
    """Approved, it counts for whatever is staged from now on. Returns the proposal's id; idempotent.

    Raises NotAllowed ``not_authorized`` and ``same_person``, NotFound, Conflict ``already_decided``.
    """
    if not roles.sees_every_firm(user):
        why = "what a desk demands is decided by the house"
        raise NotAllowed("not_authorized", why, value=user.role, bound="admin, compliance")
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return taken.entity_id
        row = ParentPolicyProposal.objects.select_for_update(no_key=True).filter(pk=message.proposal_id).first()
        if row is None:
            raise NotFound("unknown_proposal", "there is no such proposal", value=message.proposal_id)
        why = "a change of policy takes two people"
        state = judge(row, user_id=user.pk, is_approved=message.is_approved, why=why)
        policy = _lock(row.desk_id)
        before: dict[str, object] = {"takes_two": policy.takes_two}
        if state is ProposalState.APPROVED:
            policy.takes_two = row.takes_two
            policy.save(update_fields=["takes_two"])
        row.state, row.decided_by, row.decided_at, row.decide_reason = state, user, at, message.reason.strip()
        row.save()
        commands.answer(taken, entity="policy", entity_id=row.pk)
        _tell(
            row, state.value, actor, at, policy, before=before, command_id=message.command_id, reason=row.decide_reason
        )
        return row.pk


def _lock(desk_id: int) -> ParentPolicy:
    """What is in force; a desk that demands nothing gets that as a row."""
    ParentPolicy.objects.get_or_create(desk_id=desk_id)
    return ParentPolicy.objects.select_for_update(no_key=True).get(desk_id=desk_id)


def _tell(
    row: ParentPolicyProposal,
    action: str,
    actor: Actor,
    at: dt.datetime,
    policy: ParentPolicy,
    *,
    command_id: str,
    reason: str,
    before: dict[str, object] | None = None,
) -> None:
    desk = row.desk
    audit.record(
        stream=f"firm:{desk.firm_id}",
        action=f"parent_policy.{action}",
        entity=f"desk:{desk.pk}",
        actor=actor,
        at=at,
        before=before,
        after={"takes_two": policy.takes_two, "proposed": row.takes_two, "proposal_id": row.pk},
        command_id=command_id,
        reason=reason,
    )
    streams.publish_fact(firm_id=desk.firm_id, fact=ParentPolicyChanged(parent_policy=selectors.policy_view(desk.pk)))
