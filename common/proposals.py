"""What one person proposes and another one decides: the states of a proposal, and who may say yes."""

from typing import Protocol

from django.db import models
from django.db.models import F, Q

from common.errors import Conflict, NotAllowed


class ProposalState(models.TextChoices):
    WAITING = "waiting", "waits for a second person"
    APPROVED = "approved", "in force since it was decided"
    REFUSED = "refused", "the second person said no"
    WITHDRAWN = "withdrawn", "who proposed it took it back"


class Proposal(Protocol):
    """A row that waits, locked by whoever judges it."""

    state: str
    proposed_by_id: int


class ProposedByOne(models.Model):
    """The fields of a row that one person proposed, with a reason, and another decided, or the first withdrew."""

    state = models.CharField(max_length=10, choices=ProposalState, default=ProposalState.WAITING)
    proposed_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    propose_reason = models.CharField(max_length=200)
    decided_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    decide_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True


def two_people(name: str) -> list[models.CheckConstraint]:
    """What the database itself demands of such rows; ``name`` begins the constraints' names."""
    waits = Q(state="waiting", decided_by__isnull=True, decided_at__isnull=True)
    is_decided = ~Q(state="waiting") & Q(decided_by__isnull=False, decided_at__isnull=False)
    return [
        models.CheckConstraint(condition=waits | is_decided, name=f"{name}_decided_by_somebody"),
        models.CheckConstraint(
            condition=~Q(state="approved") | ~Q(decided_by=F("proposed_by")), name=f"{name}_two_people"
        ),
    ]


def judge(proposal: Proposal, *, user_id: int, is_approved: bool, why: str) -> ProposalState:
    """What the proposal becomes by this person's word; ``why`` says what takes two people.

    Raises Conflict ``already_decided`` and NotAllowed ``same_person``.
    """
    if proposal.state != ProposalState.WAITING:
        raise Conflict("already_decided", "This proposal was decided.", value=proposal.state)
    is_own = proposal.proposed_by_id == user_id
    if is_approved and is_own:
        raise NotAllowed("same_person", why, value=user_id, bound="another person")
    if is_approved:
        return ProposalState.APPROVED
    return ProposalState.WITHDRAWN if is_own else ProposalState.REFUSED
