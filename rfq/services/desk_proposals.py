"""A change of a firm's bounds on the desk: proposed by an administrator, decided by another person of the house."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from accounts import roles
from accounts import selectors as accounts_selectors
from audit import services as audit
from common.actor import Actor
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from common.proposals import ProposalState, judge
from rfq.models import DeskLimits, DeskLimitsProposal
from rfq.selectors import protection
from rfq.services import commands
from streams import services as streams
from wire.client_protection import DecideDeskLimits, ProposeDeskLimits
from wire.facts import DeskLimitsChanged
from wire.protection import DeskBounds

if TYPE_CHECKING:
    from accounts.models import User

BAND_PERCENT_MAX = Decimal(1_000)
BAND_PERCENT_DIGITS = 4
"""Decimal places that are stored."""
ENTITY = "desklim"


class _Cause(NamedTuple):
    action: str
    actor: Actor
    at: dt.datetime
    command_id: str
    reason: str


def propose_desk_limits(*, user: User, actor: Actor, message: ProposeDeskLimits, at: dt.datetime) -> int:
    """Nothing is in force yet. Returns the proposal's id; a repeat of the command id gets the first answer.

    Raises NotAllowed ``not_authorized``, NotFound, Refusal ``band_percent`` and ``unchanged``, Conflict
    ``proposal_waits``.
    """
    if not roles.is_admin(user):
        why = "Only an admin proposes bounds of firms."
        raise NotAllowed("not_authorized", why, value=user.role, bound="admin")
    return commands.once(
        user_id=user.id, message=message, entity=ENTITY, act=lambda: _propose(user, actor, message, at)
    )


def decide_desk_limits(*, user: User, actor: Actor, message: DecideDeskLimits, at: dt.datetime) -> int:
    """Approved, the bounds are in force at once. Returns the proposal's id; idempotent by the command id.

    Raises NotAllowed ``not_authorized`` and ``same_person``, NotFound, Conflict ``already_decided``.
    """
    if not roles.sees_every_firm(user):
        why = "Bounds of firms are decided by the house."
        raise NotAllowed("not_authorized", why, value=user.role, bound="admin, compliance")
    return commands.once(user_id=user.id, message=message, entity=ENTITY, act=lambda: _decide(user, actor, message, at))


def _propose(user: User, actor: Actor, message: ProposeDeskLimits, at: dt.datetime) -> int:
    firm = accounts_selectors.get_firm(message.firm_id)
    values = _values(message)
    bounds = _lock_bounds(firm.pk)
    if all(getattr(bounds, name) == value for name, value in values.items()):
        raise Refusal("unchanged", "These bounds are in force already.", value=firm.pk)
    waiting = DeskLimitsProposal.objects.filter(firm_id=firm.pk, state=ProposalState.WAITING).first()
    if waiting is not None:
        raise Conflict("proposal_waits", "A change of this firm's bounds waits already.", value=waiting.pk)
    row = DeskLimitsProposal.objects.create(
        firm_id=firm.pk, proposed_by=user, proposed_at=at, propose_reason=message.reason.strip(), **values
    )
    before = msgspec.to_builtins(protection.desk_bounds(bounds))
    _tell(row, before, _Cause("proposed", actor, at, message.command_id, row.propose_reason))
    return row.pk


def _decide(user: User, actor: Actor, message: DecideDeskLimits, at: dt.datetime) -> int:
    row = DeskLimitsProposal.objects.select_for_update(no_key=True).filter(pk=message.proposal_id).first()
    if row is None:
        raise NotFound("unknown_proposal", "There is no such proposal.", value=message.proposal_id)
    why = "A change of bounds takes two people."
    state = judge(row, user_id=user.pk, is_approved=message.is_approved, why=why)
    before = _put_in_force(row) if message.is_approved else None
    row.state, row.decided_by, row.decided_at, row.decide_reason = state, user, at, message.reason.strip()
    row.save()
    _tell(row, before, _Cause(state.value, actor, at, message.command_id, row.decide_reason))
    return row.pk


def _put_in_force(row: DeskLimitsProposal) -> dict[str, Any]:
    """Returns what was in force before."""
    bounds = _lock_bounds(row.firm_id)
    before = msgspec.to_builtins(protection.desk_bounds(bounds))
    for name in DeskBounds.__struct_fields__:
        setattr(bounds, name, getattr(row, name))
    bounds.save()
    return before  # type: ignore[no-any-return]  # of a struct, a dict


def _lock_bounds(firm_id: int) -> DeskLimits:
    """What is in force, which nobody else changes meanwhile; a firm that has the defaults gets them as a row."""
    DeskLimits.objects.get_or_create(firm_id=firm_id)
    return DeskLimits.objects.select_for_update(no_key=True).get(firm_id=firm_id)


def _values(message: ProposeDeskLimits) -> dict[str, Any]:
    """Refuses ``band_percent`` where it is too wide, or finer than what is stored."""
    values = {name: getattr(message, name) for name in DeskBounds.__struct_fields__}
    percent = Decimal(message.band_percent)
    if percent > BAND_PERCENT_MAX or percent != round(percent, BAND_PERCENT_DIGITS):
        bound = f"0 to {BAND_PERCENT_MAX}, {BAND_PERCENT_DIGITS} decimal places"
        raise Refusal("band_percent", "The band is out of bounds.", value=message.band_percent, bound=bound)
    return {**values, "band_percent": percent}


def _tell(row: DeskLimitsProposal, before: dict[str, Any] | None, cause: _Cause) -> None:
    """The audit gets all of it, the firm its bounds and those that wait, without the people of the house."""
    audit.record(
        stream=f"firm:{row.firm_id}",
        action=f"desk_limits.{cause.action}",
        entity=f"firm:{row.firm_id}",
        actor=cause.actor,
        at=cause.at,
        before=before,
        after={**msgspec.to_builtins(protection.desk_bounds(row)), "proposal_id": row.pk},
        command_id=cause.command_id,
        reason=cause.reason,
    )
    (view,) = protection.list_desk_limits(row.firm_id)
    streams.publish_fact(firm_id=row.firm_id, fact=DeskLimitsChanged(desk_limits=view))
