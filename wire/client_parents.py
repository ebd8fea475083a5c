"""Commands about parent orders: staged, approved by another person where the desk says so, worked by an algorithm."""

from typing import Annotated

import msgspec

from wire.algos import AlgoLimits, AlgoName, AlgoParameters
from wire.client_types import Command, EntityId, NameText, QuantityText, ReasonText
from wire.lifecycle_views import ShowLifecycle
from wire.units import Side
from wire.venue_reports import VENUE_NAME_LENGTH_MAX
from wire.volume_views import ListVolumeCurves

VenueChoice = Annotated[str, msgspec.Meta(max_length=VENUE_NAME_LENGTH_MAX, pattern=r"^[a-z0-9]*$(?!\n)")]
"""A venue, or (empty) our own book."""


class StageParent(Command, tag="parent.stage"):
    """Write down what is to be traded and how; nothing is sent to a market.

    ``venue``: where its children go, a venue that takes orders; empty: into our own book.
    """

    account_id: EntityId
    instrument_name: NameText
    side: Side
    quantity: QuantityText
    algo: AlgoName
    parameters: AlgoParameters = AlgoParameters()
    limits: AlgoLimits = AlgoLimits()
    venue: VenueChoice = ""


class ApproveParent(Command, tag="parent.approve"):
    """Another person's word, where the desk takes two for a parent order."""

    parent_order_id: EntityId
    reason: ReasonText


class StartParent(Command, tag="parent.start"):
    """Let the algorithm work."""

    parent_order_id: EntityId


class PauseParent(Command, tag="parent.pause"):
    """Cancel the children that work and send none until it is resumed. A schedule goes on by the clock."""

    parent_order_id: EntityId


class ResumeParent(Command, tag="parent.resume"):
    parent_order_id: EntityId


class ChangeParent(Command, tag="parent.change"):
    """Other parameters, other limits, or both, while it works; what is left out stays.

    ``quantity``: of a multi-leg order alone, and no less than it has traded.
    """

    parent_order_id: EntityId
    parameters: AlgoParameters | None = None
    limits: AlgoLimits | None = None
    quantity: QuantityText | None = None


class CancelParent(Command, tag="parent.cancel"):
    """End it: the children that work are canceled, what was traded stays traded."""

    parent_order_id: EntityId


class ProposeParentPolicy(Command, tag="parent.propose_policy"):
    """Whether parent orders of a desk take a second person: in force once another person of the house approves it."""

    desk_id: EntityId
    takes_two: bool
    reason: ReasonText


class DecideParentPolicy(Command, tag="parent.decide_policy"):
    """The second person's word on a proposed policy. Not approved by who proposed it, it is withdrawn."""

    proposal_id: EntityId
    is_approved: bool
    reason: ReasonText


AnyParentCommand = (
    StageParent
    | ApproveParent
    | StartParent
    | PauseParent
    | ResumeParent
    | ChangeParent
    | CancelParent
    | ProposeParentPolicy
    | DecideParentPolicy
    | ListVolumeCurves
    | ShowLifecycle
)
