"""Facts of protections, sessions and bounds; ``wire.facts`` offers them."""

from wire.fact_types import Fact
from wire.protection import DeskLimitsView, ProtectionView, SessionView


class ProtectionChanged(Fact, tag="rfq.protection_changed"):
    """Set, counted a fill, hit, thawed or reset: the view says which."""

    protection: ProtectionView


class SessionChanged(Fact, tag="session.changed"):
    session: SessionView


class DeskLimitsChanged(Fact, tag="rfq.desk_limits_changed"):
    desk_limits: DeskLimitsView
