"""Commands that put the controls of the risk gate in force; ``wire.gateway`` offers them with all the others."""

import msgspec

from wire.units import ControlScope, Permission, Side


class GatewayCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    command_id: str


class SetScopeLimits(GatewayCommand, tag="gateway.set_scope_limits"):
    """Limits of one scope, beside those of each account; replaces all it had. None: the control is off; zero allows
    nothing. A strategy has no order without bounds of order value, open risk and working orders. See docs/risk-gate.md.
    """

    scope: ControlScope
    scope_id: int
    max_order_value_micros: int | None = None
    max_order_quantity_lots: int | None = None
    max_open_risk_micros: int | None = None
    soft_order_value_micros: int | None = None
    period_collar_basis_points: int | None = None
    collar_period_ns: int = 0
    max_working_orders: int | None = None
    max_orders: int | None = None
    messages_per_second: int | None = None
    message_burst: int = 0
    duplicate_window_ns: int | None = None
    max_executions: int | None = None
    execution_period_ns: int = 0
    is_instrument_list_required: bool = False
    is_trader_list_required: bool = False


class SetInstrumentPermission(GatewayCommand, tag="gateway.set_instrument_permission"):
    scope: ControlScope
    scope_id: int
    instrument_id: int
    permission: Permission


class SetTraderAuthorization(GatewayCommand, tag="gateway.set_trader_authorization"):
    user_id: int
    account_id: int
    is_authorized: bool


class GrantOverride(GatewayCommand, tag="gateway.grant_override"):
    """One order past one control, once, until a time; ``granted_by`` is somebody other than its trader."""

    order_id: int
    account_id: int
    instrument_id: int
    side: Side
    max_quantity_lots: int
    control: str
    """Name of the reason that would refuse the order."""
    valid_until_ns: int
    requested_by: int
    granted_by: int


class EnableScope(GatewayCommand, tag="gateway.enable_scope"):
    """A person lets trade again what the repeated execution throttle had disabled."""

    scope: ControlScope
    scope_id: int
    enabled_by: int


class SetParentOrder(GatewayCommand, tag="gateway.set_parent_order"):
    """Lots that may leave as child orders of a parent; 0 forgets it."""

    parent_order_id: int
    quantity_lots: int


class CoinBalance(msgspec.Struct, frozen=True, kw_only=True):
    coin: str
    nanos: int
    """1e-9 coin; below zero it is a debt."""


class SetCollateral(GatewayCommand, tag="gateway.set_collateral"):
    """Money of an account as the ledger has it, holding every execution up to ``last_execution_id``. From the first
    one on, the account's orders need initial margin.
    """

    account_id: int
    cash_micros: int
    coins: list[CoinBalance]
    last_execution_id: int
