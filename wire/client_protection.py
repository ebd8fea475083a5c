"""What protects makers and takers: limits of fills, dead-man timers, cancel on disconnect, bounds of a firm's desk."""

from typing import Annotated

import msgspec

from wire.client_types import Command, EntityId, QuantityText, ReasonText

PROTECTION_INTERVAL_MS_MAX = 3_600_000
PROTECTION_FROZEN_MS_MAX = 86_400_000
PROTECTION_TRADES_MAX = 500
"""Fills of one window; where no smaller number is set, this one is the limit."""
DEAD_MAN_SECONDS_MAX = 3_600
RECONNECT_GRACE_MS_MAX = 30_000

CoinText = Annotated[str, msgspec.Meta(min_length=1, max_length=6, pattern=r"^[A-Z0-9]+$(?!\n)")]
Counted = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class SetProtection(Command, tag="rfq.set_protection"):
    """Market-maker protection of the user's firm in one coin, over the fills of the last ``interval_ms``.

    Reaching a limit withdraws the firm's quotes in the coin and freezes it for ``frozen_ms`` (0: until reset by hand).
    quantity_max and delta_max in coins, vega_max in US dollars per volatility point; what is left out is off.
    interval_ms 0 switches the protection off.
    """

    coin: CoinText
    interval_ms: Annotated[int, msgspec.Meta(ge=0, le=PROTECTION_INTERVAL_MS_MAX)]
    frozen_ms: Annotated[int, msgspec.Meta(ge=0, le=PROTECTION_FROZEN_MS_MAX)] = 0
    quantity_max: QuantityText | None = None
    delta_max: QuantityText | None = None
    vega_max: QuantityText | None = None
    trade_count_max: Annotated[int, msgspec.Meta(ge=1, le=PROTECTION_TRADES_MAX)] | None = None


class ResetProtection(Command, tag="rfq.reset_protection"):
    """Thaw the firm in this coin and begin a new, empty window."""

    coin: CoinText


class SetDeadMan(Command, tag="session.set_dead_man"):
    """Withdraw the quotes of this session when no heartbeat has come for ``seconds``; 0: off.

    A session is an API key, or a browser that is signed in. cancels_orders: the working orders of the user too.
    """

    seconds: Annotated[int, msgspec.Meta(ge=0, le=DEAD_MAN_SECONDS_MAX)]
    cancels_orders: bool = False


class Heartbeat(Command, tag="session.heartbeat"):
    """Re-arm the dead-man timer of this session."""


class SetCancelOnDisconnect(Command, tag="session.set_cancel_on_disconnect"):
    """Withdraw the quotes of this session when its last socket goes.

    reconnect_grace_ms: a new socket within it keeps them; 0: every loss of the last socket counts.
    """

    is_on: bool
    reconnect_grace_ms: Annotated[int, msgspec.Meta(ge=0, le=RECONNECT_GRACE_MS_MAX)] = 0


class ProposeDeskLimits(Command, tag="rfq.propose_desk_limits"):
    """Bounds of a firm on the RFQ desk, all at once: in force once another person of the house approves them.

    band_ticks, band_percent: how far from the model value a net price may be worse for its own firm, the wider of the
    two; percent of the summed value of the legs. is_band_confirmable: a price outside may be confirmed by a person.
    """

    firm_id: EntityId
    create_per_minute_max: Counted
    execute_per_minute_max: Counted
    open_rfqs_max: Counted
    live_quotes_max: Counted
    band_ticks: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    band_percent: QuantityText
    reason: ReasonText
    is_band_confirmable: bool = True


class DecideDeskLimits(Command, tag="rfq.decide_desk_limits"):
    """The second person's word on proposed bounds. Not approved by who proposed them, they are withdrawn."""

    proposal_id: EntityId
    is_approved: bool
    reason: ReasonText


AnyProtectionCommand = (
    SetProtection
    | ResetProtection
    | SetDeadMan
    | Heartbeat
    | SetCancelOnDisconnect
    | ProposeDeskLimits
    | DecideDeskLimits
)
