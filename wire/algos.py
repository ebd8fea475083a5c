"""Parent orders and the algorithms that work them, in words that every process shares."""

import enum
from typing import Annotated

import msgspec

from wire.brackets import BracketParameters
from wire.client_types import DecimalText, QuantityText
from wire.multileg import MultilegParameters
from wire.units import PegReference

ALGO_SECONDS_MAX = 86_400
ALGO_SLICES_MAX = 1_440
"""Slices that one schedule may have."""
VOLUME_CURVE_PARTS_MAX = 288
BASIS_POINTS = 10_000
URGENCY_MILLI_MAX = 20_000
STRATEGY_IDS_FROM = 100


class AlgoName(enum.StrEnum):
    TWAP = "twap"
    VWAP = "vwap"
    POV = "pov"
    SHORTFALL = "implementation_shortfall"
    ICEBERG = "iceberg"
    PEG = "peg"
    SNIPER = "sniper"
    BRACKET = "bracket"
    """Not an algorithm: a person's orders that belong together, worked by the same machinery (``wire.brackets``)."""
    MULTILEG = "multileg"
    """A structure of several instruments at one net price (``wire.multileg``)."""


class ParentState(enum.StrEnum):
    STAGED = "staged"
    APPROVED = "approved"
    WORKING = "working"
    PAUSED = "paused"
    DONE = "done"
    CANCELED = "canceled"


CANCELED_BY_A_PERSON, EXPIRED = "canceled by a person", "expired"
"""Why a parent order ended, where nobody refused it: reasons that are read by programs too."""
ENDED_PARENT_STATES = frozenset({ParentState.DONE, ParentState.CANCELED})
SCHEDULED = frozenset({AlgoName.TWAP, AlgoName.VWAP, AlgoName.SHORTFALL})
"""Algorithms that follow a schedule of lots over time."""
ALGORITHMS = tuple(algo for algo in AlgoName if algo not in (AlgoName.BRACKET, AlgoName.MULTILEG))
"""Those that work an order in one instrument."""
STRATEGIES = (*ALGORITHMS, AlgoName.MULTILEG)
"""Those with a number of their own at the risk gate."""


def strategy_id_of(algo: AlgoName) -> int:
    """The id under which the risk gate knows the algorithm: its limits, its deployment caps, its kill switch.

    0, a person, for a bracket: every one of its prices is a person's.
    """
    if algo is AlgoName.BRACKET:
        return 0
    return STRATEGY_IDS_FROM + list(AlgoName).index(algo)


class AlgoParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an algorithm works by; each reads what its page in the documentation names, the rest is ignored.

    ``volume_curve``: relative volumes of equal parts of the duration; empty: flat. ``urgency_milli``: a thousandth of
    kappa times duration of Almgren and Chriss; 0 is a straight line.
    """

    duration_s: Annotated[int, msgspec.Meta(ge=1, le=ALGO_SECONDS_MAX)] = 600
    slice_s: Annotated[int, msgspec.Meta(ge=1, le=3_600)] = 10
    participation_basis_points: Annotated[int, msgspec.Meta(ge=1, le=BASIS_POINTS)] = 1_000
    volume_curve: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=0, le=10**12)], ...], msgspec.Meta(max_length=VOLUME_CURVE_PARTS_MAX)
    ] = ()
    urgency_milli: Annotated[int, msgspec.Meta(ge=0, le=URGENCY_MILLI_MAX)] = 2_000
    display_quantity: QuantityText | None = None
    peg_reference: PegReference = PegReference.PRIMARY
    peg_offset: DecimalText | None = None
    trigger_price: DecimalText | None = None
    """Of a sniper: what the other side must offer, or better."""
    bracket: BracketParameters | None = None
    multileg: MultilegParameters | None = None


class AlgoLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Own limits of one parent order, beside those of the risk gate. None: the limit is off."""

    limit_price: DecimalText | None = None
    """No child pays more, or takes less."""
    max_participation_basis_points: Annotated[int, msgspec.Meta(ge=1, le=BASIS_POINTS)] | None = None
    """Of all that traded since the start, own fills included."""
    max_child_quantity: QuantityText | None = None
