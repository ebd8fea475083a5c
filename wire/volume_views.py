"""Measured volume curves, and the part of one that an algorithm would work by."""

import enum
from typing import Annotated

import msgspec

from wire.algos import ALGO_SECONDS_MAX
from wire.client_types import Command, NameText


class DayClock(enum.StrEnum):
    """What time of day a curve goes by: the wall clock, or the clock of the market that plays."""

    WALL = "wall"
    MARKET = "market"


class ListVolumeCurves(Command, tag="parent.volume_curves"):
    """Which measured curves there are for a parent order that starts now; changes nothing."""

    instrument_name: NameText
    duration_s: Annotated[int, msgspec.Meta(ge=1, le=ALGO_SECONDS_MAX)]


class VolumeCurveView(msgspec.Struct, frozen=True, kw_only=True):
    """``volumes``: relative volumes of equal parts of the duration, as ``AlgoParameters.volume_curve`` takes them.

    ``observations``: trades, or rows of a file, on ``days`` days in [first_at, until); ``subject``: what was measured.
    """

    subject: str
    source: str
    clock: DayClock
    days: int
    observations: int
    first_at_ns: int
    until_ns: int
    starts_at_ns: int
    """From when on the volumes are, by the curve's clock."""
    volumes: tuple[int, ...]
