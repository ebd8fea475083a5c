"""Multi-leg orders: a structure at one net price, worked leg by leg, in words that every process shares."""

import enum
from typing import Annotated

import msgspec

from wire.client_rfq import RfqLeg
from wire.client_types import DecimalText, NameText, QuantityText
from wire.units import Side, TimeInForce

MULTILEG_LEGS_MAX = 8
LEGGING_SECONDS_MAX = 3_600
LEG_PARENTS_FROM = 2**52
"""Ids by which the engine caps each leg by itself; those of parents, splits and routes lie below."""
_LEGS_APART = 32


def leg_parent_id(parent_order_id: int, leg: int) -> int:
    """The engine's parent of one leg's orders: it lets no more leave than that leg may trade."""
    assert 0 <= leg < MULTILEG_LEGS_MAX <= _LEGS_APART, f"leg {leg}"
    return LEG_PARENTS_FROM + parent_order_id * _LEGS_APART + leg


def parent_of_leg(engine_parent_id: int) -> int:
    """The parent order that the engine's parent stands for; of an order in one instrument the same id."""
    if engine_parent_id < LEG_PARENTS_FROM:
        return engine_parent_id
    return (engine_parent_id - LEG_PARENTS_FROM) // _LEGS_APART


class LeggingRule(enum.StrEnum):
    """What becomes of legs that stand without the others when the time for them is over.

    ``complete``: the others are traded up to the slippage beyond the net price. ``unwind``: what stands alone is traded
    back, at a loss of at most the slippage, and the order ends.
    """

    COMPLETE = "complete"
    UNWIND = "unwind"


class LegTask(enum.StrEnum):
    """What one order of a leg is for."""

    TAKE = "take"
    QUOTE = "quote"
    HEDGE = "hedge"
    COMPLETE = "complete"
    UNWIND = "unwind"


TASK_LETTERS = {
    LegTask.TAKE: "k",
    LegTask.QUOTE: "q",
    LegTask.HEDGE: "h",
    LegTask.COMPLETE: "l",
    LegTask.UNWIND: "u",
}
"""What the ClOrdID of a leg's order ends with."""


class MultilegParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A structure and how it is legged. ``net_price``: of one unit, sum of side times ratio times price of the legs as
    they are written; buying pays no more, selling (all legs turned) takes no less.

    ``legging_limit``: the most units of the structure of which some legs trade without the others, in flight included.
    ``legging_slippage``: of the net price. ``quoting_leg``: the instrument whose order rests; None takes all at once.
    """

    legs: Annotated[tuple[RfqLeg, ...], msgspec.Meta(min_length=2, max_length=MULTILEG_LEGS_MAX)]
    net_price: DecimalText
    legging_limit: QuantityText
    legging_timeout_s: Annotated[int, msgspec.Meta(ge=1, le=LEGGING_SECONDS_MAX)] = 5
    legging_rule: LeggingRule = LeggingRule.COMPLETE
    legging_slippage: QuantityText = "0"
    quoting_leg: NameText | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_at_ns: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None


class MultilegLegTerms(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: as it is traded, buying or selling the structure. ``lots``: in one step of the structure.

    ``weight``: what one lot costs more for a price of one tick more, in the structure's own atoms of value.
    """

    instrument_id: int
    side: Side
    lots: int
    weight: int


class MultilegTerms(msgspec.Struct, frozen=True, kw_only=True):
    """All in whole steps of the structure and atoms of value; what is received counts negative.

    ``limit_atoms``: the most that a step may cost. ``quoting_leg`` -1: none. ``expires_at_ns`` 0: never.
    """

    legs: tuple[MultilegLegTerms, ...]
    limit_atoms: int
    slippage_atoms: int
    legging_steps: int
    legging_timeout_ns: int
    legging_rule: LeggingRule
    quoting_leg: int = -1
    is_immediate: bool = False
    expires_at_ns: int = 0


class LegStanding(msgspec.Struct, frozen=True, kw_only=True):
    """``filled_lots`` less what was unwound is what stands. Ticks times lots beside each."""

    filled_lots: int = 0
    tick_lots: int = 0
    unwound_lots: int = 0
    unwound_tick_lots: int = 0
    working_lots: int = 0


class MultilegStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Where it stands, in steps. ``unmatched_steps``: begun, and not whole; since ``unmatched_since_ns``, 0: none.

    ``problem``: why what stands alone is not matched; empty: nothing is amiss.
    """

    quantity_steps: int
    matched_steps: int
    unmatched_steps: int
    unmatched_since_ns: int
    is_late: bool
    legs: tuple[LegStanding, ...]
    problem: str = ""
