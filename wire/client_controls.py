"""Commands of a client about controls: kill switches, limits of scopes, permissions, phases and bands."""

from typing import Annotated

import msgspec

from wire.client_types import Command, DecimalText, EntityId, NameText, QuantityText, ReasonText
from wire.limits import QUANTITY_LOTS_MAX
from wire.units import ControlScope, InstrumentPhase, Permission, ReleasedControl, TradingState

SECONDS_MAX = 31 * 86_400
BASIS_POINTS_MAX = 10_000
COUNT_MAX = 1_000_000_000
EXECUTIONS_COUNTED_MAX = 1_024
Lots = Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_LOTS_MAX)]
Count = Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=SECONDS_MAX)]
BasisPoints = Annotated[int, msgspec.Meta(ge=0, le=BASIS_POINTS_MAX)]


class EngageKillSwitch(Command, tag="control.engage_kill_switch"):
    """Cancel every order in scope and let no new one pass, until two people release it.

    scope_id: of the firm, desk, user, account or instrument; 0 with ``all``.
    """

    scope: ControlScope
    scope_id: EntityId


class RequestRelease(Command, tag="control.request_release"):
    """Ask that a kill switch be released, or that what a throttle disabled be enabled. The reason is typed and kept."""

    scope: ControlScope
    scope_id: EntityId
    reason: ReasonText
    control: ReleasedControl = ReleasedControl.KILL_SWITCH


class ApproveRelease(Command, tag="control.approve_release"):
    """Release what another person asked to be released."""

    release_id: EntityId
    reason: ReasonText


class SetScopeLimits(Command, tag="risk.set_scope_limits"):
    """Limits of one scope beside those of each account; replaces all that it had. Left out: that control is off.

    Values in US dollars. A collar comes with its period, a rate with its burst, a number of executions with its period.
    """

    scope: ControlScope
    scope_id: EntityId
    max_order_quantity_lots: Lots | None = None
    max_order_value: QuantityText | None = None
    soft_order_value: QuantityText | None = None
    max_open_risk: QuantityText | None = None
    period_collar_basis_points: BasisPoints | None = None
    collar_period_seconds: Seconds | None = None
    messages_per_second: Count | None = None
    message_burst: Count | None = None
    duplicate_window_ms: Annotated[int, msgspec.Meta(ge=0, le=1_000 * SECONDS_MAX)] | None = None
    max_executions: Annotated[int, msgspec.Meta(ge=1, le=EXECUTIONS_COUNTED_MAX)] | None = None
    execution_period_seconds: Seconds | None = None
    max_working_orders: Count | None = None
    max_orders: Count | None = None
    is_instrument_list_required: bool = False
    is_trader_list_required: bool = False


class SetInstrumentPermission(Command, tag="risk.set_instrument_permission"):
    """``none`` takes the instrument off the scope's list."""

    scope: ControlScope
    scope_id: EntityId
    instrument_name: NameText
    permission: Permission


class SetTraderAuthorization(Command, tag="risk.set_trader_authorization"):
    user_id: EntityId
    account_id: EntityId
    is_authorized: bool


class SetTradingState(Command, tag="risk.set_trading_state"):
    """``reducing`` lets only pass what closes; ``halted`` nothing. Cancels always pass."""

    scope: ControlScope
    scope_id: EntityId
    state: TradingState


class SetInstrumentPhase(Command, tag="risk.set_instrument_phase"):
    """``call`` collects orders; back to ``continuous`` they trade at one price. ``halted`` takes none."""

    instrument_name: NameText
    phase: InstrumentPhase


class SetPriceBands(Command, tag="risk.set_price_bands"):
    """How far from the reference price, and from the last trade, the instrument may trade; zero: no band."""

    instrument_name: NameText
    reference_price: DecimalText
    static_basis_points: BasisPoints
    dynamic_basis_points: BasisPoints
    pauses: bool = False
    """What would trade outside calls an auction; otherwise it is canceled."""


AnyControlSetting = (
    SetScopeLimits
    | SetInstrumentPermission
    | SetTraderAuthorization
    | SetTradingState
    | SetInstrumentPhase
    | SetPriceBands
)
