"""Parent orders as facts, snapshots and REST answers show them."""

import msgspec

from wire.algos import AlgoLimits, AlgoName, AlgoParameters, ParentState
from wire.brackets import BracketStage
from wire.fact_types import Fact
from wire.units import Side


class BracketView(msgspec.Struct, frozen=True, kw_only=True):
    """``open_quantity``: entered and not closed. ``problem``: why an exit that should stand does not, or empty."""

    stage: BracketStage
    opened_quantity: str
    closed_quantity: str
    released_quantity: str
    open_quantity: str
    exit_working_quantity: str
    average_exit_price: str | None
    problem: str


class LegView(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: as it is traded. ``quantity``: what the order is for; ``filled_quantity`` less ``unwound_quantity``
    stands.
    """

    instrument_name: str
    side: Side
    ratio: int
    quantity: str
    filled_quantity: str
    unwound_quantity: str
    working_quantity: str
    average_price: str | None


class MultilegView(msgspec.Struct, frozen=True, kw_only=True):
    """Of a structure at one net price. ``step``: the smallest quantity of it. ``net_price``: so far, of one unit as it
    is written, what the legs traded on average; None until each has. ``unmatched_quantity``: begun and not whole, since
    ``unmatched_since_ns`` (0: none). ``problem``: why it is not made whole, or empty.
    """

    name: str
    quote_currency: str
    step: str
    net_price: str | None
    unmatched_quantity: str
    unmatched_since_ns: int
    is_late: bool
    problem: str
    legs: list[LegView]


class ParentView(msgspec.Struct, frozen=True, kw_only=True):
    """``requested``: a state that was asked for and that the gateway has not confirmed yet; empty: none.

    ``plan``: [nanoseconds since the start, quantity that should be traded by then]. ``market_price``: volume-weighted,
    of what others traded since the start. ``cost_*_basis_points``: what the fills cost against that price, positive
    where they were worse; None where one of the two is not known. ``venue``: where its children go; empty: into our
    own book.
    """

    parent_order_id: int
    account_id: int
    user_id: int
    instrument_name: str
    side: Side
    quantity: str
    algo: AlgoName
    venue: str
    parameters: AlgoParameters
    limits: AlgoLimits
    state: ParentState
    requested: str
    reason: str
    needs_approval: bool
    approved_by_user_id: int | None
    filled_quantity: str
    working_quantity: str
    scheduled_quantity: str
    average_price: str | None
    arrival_mid: str | None
    arrival_mark: str | None
    mid: str | None
    market_price: str | None
    market_quantity: str
    children: int
    rejected: int
    cost_arrival_basis_points: str | None
    cost_market_basis_points: str | None
    cost_mid_basis_points: str | None
    created_at_ns: int
    started_at_ns: int
    ended_at_ns: int
    updated_at_ns: int
    plan: list[tuple[int, str]]
    bracket: BracketView | None = None
    """Of a bracket, once the gateway has told of it."""
    multileg: MultilegView | None = None
    """Of a multi-leg order, whose quantities are units of the structure and whose prices are net."""


class ParentPolicyView(msgspec.Struct, frozen=True, kw_only=True):
    """What a desk demands of its parent orders. ``proposed``: what waits for a second person; None: nothing does."""

    desk_id: int
    takes_two: bool
    proposed: bool | None = None


class ParentPolicyChanged(Fact, tag="parent.policy_changed"):
    parent_policy: ParentPolicyView


class ParentChanged(Fact, tag="parent.changed"):
    parent: ParentView
