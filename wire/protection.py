"""Views of protections and sessions that facts, snapshots and REST answers share."""

import msgspec


class ProtectedFillView(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted quote in the window, from the maker's side. ``is_pending``: the gateway has not answered yet."""

    rfq_id: int
    at_ns: int
    quantity: str
    delta: str
    vega: str
    is_pending: bool


class ProtectionView(msgspec.Struct, frozen=True, kw_only=True):
    """Limits as in ``wire.client_protection.SetProtection``. ``fills``: those in the window at its last change.

    frozen_at_ns: None while quoting is allowed; frozen_until_ns: None for a freeze that only a reset ends.
    ``hit``: the limit that was reached.
    """

    coin: str
    interval_ms: int
    frozen_ms: int
    quantity_max: str | None
    delta_max: str | None
    vega_max: str | None
    trade_count_max: int
    frozen_at_ns: int | None
    frozen_until_ns: int | None
    hit: str
    fills: list[ProtectedFillView]


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """What protects the quotes of one session. ``expired_at_ns``: its dead-man timer ran out; a heartbeat ends it."""

    session: str
    user_id: int
    dead_man_seconds: int
    cancels_orders: bool
    is_cancel_on_disconnect: bool
    reconnect_grace_ms: int
    expired_at_ns: int | None
    disconnected_at_ns: int | None


class DeskBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on the RFQ desk, as in ``wire.client_protection.ProposeDeskLimits``."""

    create_per_minute_max: int
    execute_per_minute_max: int
    open_rfqs_max: int
    live_quotes_max: int
    band_ticks: int
    band_percent: str
    is_band_confirmable: bool


class DeskLimitsView(DeskBounds, frozen=True, kw_only=True):
    """Bounds of a firm that are in force. ``proposed``: those that wait for a second person of the house."""

    firm_id: int
    proposed: DeskBounds | None = None


class DeskLimitsProposalView(DeskBounds, frozen=True, kw_only=True):
    """Bounds that somebody of the house proposed for a firm. ``state``: waiting, approved, refused or withdrawn."""

    proposal_id: int
    firm_id: int
    state: str
    reason: str
    proposed_by_user_id: int
    proposed_at_ns: int
    decided_by_user_id: int | None
    decided_at_ns: int | None
    decide_reason: str
