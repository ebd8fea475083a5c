"""Facts of protections, sessions and bounds; ``wire.facts`` offers them."""

from wire.fact_types import Fact
from wire.last_looks import LastLookAgreementView
from wire.protection import DeskLimitsView, ProtectionView, SessionView


class ProtectionChanged(Fact, tag="rfq.protection_changed"):
    """Set, counted a fill, hit, thawed or reset: the view says which."""

    protection: ProtectionView


class SessionChanged(Fact, tag="session.changed"):
    session: SessionView


class DeskLimitsChanged(Fact, tag="rfq.desk_limits_changed"):
    desk_limits: DeskLimitsView


class LastLookChanged(Fact, tag="rfq.last_look_changed"):
    """Offered, agreed, its end asked for by the house, or ended: the view says which. For maker and taker."""

    last_look: LastLookAgreementView
