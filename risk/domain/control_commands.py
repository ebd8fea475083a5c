"""From what an administrator asks for to the gateway's command, in its units."""

import dataclasses
from decimal import Decimal
from typing import Any

import msgspec

from common.errors import Refusal
from wire import client_controls as messages
from wire import gateway
from wire.gateway_controls import SetInstrumentPermission, SetScopeLimits, SetTraderAuthorization
from wire.gateway_orders import SetInstrumentPhase, SetPriceBands
from wire.units import NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND, ControlScope, to_smallest_units

VALUE_MAX = Decimal(10) ** 12
"""US dollars; its micro-dollars fit the engine's integers."""
VALUE_STEP = Decimal("0.000001")
THROTTLED_SCOPES = (ControlScope.USER, ControlScope.STRATEGY)
PAIRS = (
    ("period_collar_basis_points", "collar_period_seconds"),
    ("messages_per_second", "message_burst"),
    ("max_executions", "execution_period_seconds"),
)
"""Limits that say nothing without the other one."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Draft:
    """``command`` has no id yet. ``subject_id``: see ControlSetting."""

    scope: ControlScope
    scope_id: int
    subject_id: int = 0
    command: gateway.GatewayCommand

    @property
    def kind(self) -> str:
        return str(self.command.__struct_config__.tag).removeprefix("gateway.")

    @property
    def content(self) -> dict[str, Any]:
        fields = msgspec.to_builtins(self.command)
        return {name: value for name, value in fields.items() if name not in {"type", "command_id"}}


def scope_limits(message: messages.SetScopeLimits) -> Draft:
    """Raises Refusal: limit_incomplete, limit_out_of_range, limit_off_grid, limit_not_of_this_scope."""
    for pair in PAIRS:
        given = [name for name in pair if getattr(message, name) is not None]
        if len(given) == 1:
            (missing,) = set(pair) - set(given)
            raise Refusal("limit_incomplete", f"{given[0]} needs {missing}", value=given[0], bound=missing)
    if message.max_executions is not None and message.scope not in THROTTLED_SCOPES:
        raise Refusal(
            "limit_not_of_this_scope", "executions are counted of traders and strategies",
            value=message.scope.value, bound=", ".join(THROTTLED_SCOPES),
        )  # fmt: skip
    command = SetScopeLimits(
        command_id="",
        scope=message.scope,
        scope_id=message.scope_id,
        max_order_value_micros=_micros("max_order_value", message.max_order_value),
        max_order_quantity_lots=message.max_order_quantity_lots,
        max_open_risk_micros=_micros("max_open_risk", message.max_open_risk),
        soft_order_value_micros=_micros("soft_order_value", message.soft_order_value),
        period_collar_basis_points=message.period_collar_basis_points,
        collar_period_ns=(message.collar_period_seconds or 0) * NANOSECONDS_PER_SECOND,
        max_working_orders=message.max_working_orders,
        max_orders=message.max_orders,
        messages_per_second=message.messages_per_second,
        message_burst=message.message_burst or 0,
        duplicate_window_ns=_times(message.duplicate_window_ms, NANOSECONDS_PER_MS),
        max_executions=message.max_executions,
        execution_period_ns=(message.execution_period_seconds or 0) * NANOSECONDS_PER_SECOND,
        is_instrument_list_required=message.is_instrument_list_required,
        is_trader_list_required=message.is_trader_list_required,
    )
    return Draft(scope=message.scope, scope_id=message.scope_id, command=command)


def permission(message: messages.SetInstrumentPermission, instrument_id: int) -> Draft:
    command = SetInstrumentPermission(
        command_id="",
        scope=message.scope,
        scope_id=message.scope_id,
        instrument_id=instrument_id,
        permission=message.permission,
    )
    return Draft(scope=message.scope, scope_id=message.scope_id, subject_id=instrument_id, command=command)


def authorization(message: messages.SetTraderAuthorization) -> Draft:
    command = SetTraderAuthorization(
        command_id="", user_id=message.user_id, account_id=message.account_id, is_authorized=message.is_authorized
    )
    return Draft(
        scope=ControlScope.ACCOUNT, scope_id=message.account_id, subject_id=message.user_id, command=command
    )


def trading_state(message: messages.SetTradingState) -> Draft:
    command = gateway.SetTradingState(
        command_id="", scope=message.scope, scope_id=message.scope_id, state=message.state
    )
    return Draft(scope=message.scope, scope_id=message.scope_id, command=command)


def phase(message: messages.SetInstrumentPhase, instrument_id: int) -> Draft:
    command = SetInstrumentPhase(command_id="", instrument_id=instrument_id, phase=message.phase)
    return Draft(scope=ControlScope.INSTRUMENT, scope_id=instrument_id, command=command)


def bands(message: messages.SetPriceBands, instrument_id: int, reference_ticks: int) -> Draft:
    command = SetPriceBands(
        command_id="",
        instrument_id=instrument_id,
        reference_ticks=reference_ticks,
        static_basis_points=message.static_basis_points,
        dynamic_basis_points=message.dynamic_basis_points,
        pauses=message.pauses,
    )
    return Draft(scope=ControlScope.INSTRUMENT, scope_id=instrument_id, command=command)


def _micros(name: str, value: str | None) -> int | None:
    if value is None:
        return None
    amount = Decimal(value)
    if amount > VALUE_MAX:
        raise Refusal("limit_out_of_range", f"{name} is out of range", value=amount, bound=f"0 to {VALUE_MAX}")
    if amount % VALUE_STEP:
        raise Refusal("limit_off_grid", f"{name} is finer than money is", value=amount, bound=VALUE_STEP)
    return to_smallest_units(amount, "USD")


def _times(count: int | None, step: int) -> int | None:
    return None if count is None else count * step
