"""What one person proposes and another one decides: the states of a proposal, and who may say yes."""

from typing import Protocol

from django.db import models

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
