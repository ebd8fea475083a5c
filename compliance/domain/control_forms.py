"""The forms by which an administrator sets controls: their fields, and from what was typed to a message."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec

from common.errors import Refusal
from wire import client_controls as messages
from wire.limits import COMMAND_ID_LENGTH_MAX
from wire.units import InstrumentPhase, Permission, TradingState

TEXT_LENGTH_MAX = 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class Field:
    """``kind``: scope, text, flag or choice; a text that is left empty is left out."""

    name: str
    title: str
    kind: str = "text"
    hint: str = ""
    choices: tuple[str, ...] = ()
    is_required: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class ControlForm:
    name: str
    title: str
    note: str
    message: type[msgspec.Struct]
    fields: tuple[Field, ...]


SCOPE = Field(name="scope", title="Scope", kind="scope", hint="firm:1", is_required=True)
INSTRUMENT = Field(name="instrument_name", title="Instrument", hint="BTC-PERPETUAL", is_required=True)


def _choice(name: str, title: str, words: Any) -> Field:
    return Field(name=name, title=title, kind="choice", choices=tuple(word.value for word in words))


FORMS = (
    ControlForm(
        name="scope_limits",
        title="Limits of a scope",
        note="replaces all limits of the scope; an empty field switches that control off, zero allows nothing",
        message=messages.SetScopeLimits,
        fields=(
            SCOPE,
            Field(name="max_order_value", title="Order value, USD"),
            Field(name="soft_order_value", title="Soft order value, USD"),
            Field(name="max_order_quantity_lots", title="Order size, lots"),
            Field(name="max_open_risk", title="Open risk, USD"),
            Field(name="period_collar_basis_points", title="Collar of a period, bp"),
            Field(name="collar_period_seconds", title="Its period, s"),
            Field(name="messages_per_second", title="Messages a second"),
            Field(name="message_burst", title="Burst"),
            Field(name="duplicate_window_ms", title="Duplicates within, ms"),
            Field(name="max_executions", title="Executions"),
            Field(name="execution_period_seconds", title="Within, s"),
            Field(name="max_working_orders", title="Working orders"),
            Field(name="max_orders", title="Orders in all"),
            Field(name="is_instrument_list_required", title="Only permitted instruments", kind="flag"),
            Field(name="is_trader_list_required", title="Only authorized traders", kind="flag"),
        ),
    ),
    ControlForm(
        name="instrument_permission",
        title="Permitted and restricted instruments",
        note="none takes the instrument off the list",
        message=messages.SetInstrumentPermission,
        fields=(SCOPE, INSTRUMENT, _choice("permission", "Permission", Permission)),
    ),
    ControlForm(
        name="trader_authorization",
        title="Authorized traders of an account",
        note="counts where the account's limits require the list",
        message=messages.SetTraderAuthorization,
        fields=(
            Field(name="user_id", title="Trader, number", is_required=True),
            Field(name="account_id", title="Account, number", is_required=True),
            Field(name="is_authorized", title="Authorized", kind="flag"),
        ),
    ),
    ControlForm(
        name="trading_state",
        title="Trading state",
        note="cancels always pass",
        message=messages.SetTradingState,
        fields=(SCOPE, _choice("state", "State", TradingState)),
    ),
    ControlForm(
        name="instrument_phase",
        title="Phase of an instrument",
        note="call collects orders; back to continuous they trade at one price",
        message=messages.SetInstrumentPhase,
        fields=(INSTRUMENT, _choice("phase", "Phase", InstrumentPhase)),
    ),
    ControlForm(
        name="price_bands",
        title="Price bands of an instrument",
        note="zero basis points: no band",
        message=messages.SetPriceBands,
        fields=(
            INSTRUMENT,
            Field(name="reference_price", title="Reference price", is_required=True),
            Field(name="static_basis_points", title="From the reference, bp", is_required=True),
            Field(name="dynamic_basis_points", title="From the last trade, bp", is_required=True),
            Field(name="pauses", title="Call an auction", kind="flag"),
        ),
    ),
)
BY_NAME = {form.name: form for form in FORMS}


def read_message(form: ControlForm, typed: Mapping[str, str]) -> Any:
    """What was typed as a message of the form. Raises Refusal ``invalid_form``, saying which field and why."""
    values: dict[str, Any] = {"command_id": typed.get("command_id", "")[:COMMAND_ID_LENGTH_MAX]}
    for field in form.fields:
        text = typed.get(field.name, "").strip()[:TEXT_LENGTH_MAX]
        if field.kind == "scope":
            values |= _scope(text)
        elif field.kind == "flag":
            values[field.name] = bool(text)
        elif text:
            values[field.name] = text
    try:
        return msgspec.convert(values, form.message, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal("invalid_form", str(error)) from error


def _scope(text: str) -> dict[str, Any]:
    """``firm:1 Aurora Capital`` -> firm 1; ``all`` -> everything."""
    head = text.split(" ", 1)[0]
    scope, _, number = head.partition(":")
    return {"scope": scope, "scope_id": number or "0"}
