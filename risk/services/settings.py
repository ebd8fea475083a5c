"""Controls that an administrator sets: a row, an audit record and a gateway command in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import connection

from accounts import roles
from accounts import selectors as accounts
from audit import services as audit
from common import clock, db
from common.actor import GATEWAY, Actor
from common.errors import Conflict, NotAllowed, Refusal
from market import selectors as market
from risk.domain import control_commands
from risk.domain.control_commands import Draft
from risk.models import ControlSetting
from risk.services.controls import check_reach, entity_of, stream_of
from risk.services.once import insert_once
from streams import selectors as streams_selectors
from streams import services as streams
from wire import client_controls as messages
from wire import gateway
from wire.limits import PRICE_TICKS_MAX
from wire.units import ControlScope, OffGrid, to_steps

if TYPE_CHECKING:
    from accounts.models import User
    from market.models import Instrument

PREFIX = "control-"
"""Gateway command ids of settings: the event that answers finds its row by it."""
ADVISORY_SPACE = 7_003
"""First half of the advisory lock that changes of one scope wait for."""
_COMPARED = ("kind", "scope", "scope_id", "subject_id", "content")


def set_control(
    *, user: User, actor: Actor, message: messages.AnyControlSetting, at: dt.datetime
) -> ControlSetting:
    """Put a control in force; only an admin. In force when the gateway says so.

    Idempotent by (user, command_id). Raises NotAllowed, NotFound for what does not exist, Refusal
    ``limit_incomplete``, ``limit_out_of_range``, ``limit_off_grid``, ``limit_not_of_this_scope`` and
    ``price_off_grid``, Conflict ``instrument_not_trading``.
    """
    if not roles.is_admin(user):
        raise NotAllowed("not_authorized", "only an admin sets controls", value=user.role, bound="admin")
    with db.unit_of_work():
        draft = _DRAFTS[type(message)](message)
        firm_id = check_reach(user, draft.scope, draft.scope_id)
        row = ControlSetting(
            kind=draft.kind,
            scope=draft.scope.value,
            scope_id=draft.scope_id,
            subject_id=draft.subject_id,
            content=draft.content,
            set_by_id=user.pk,
            set_at=at,
            command_id=message.command_id,
        )
        return _store(row, draft, stream_of(firm_id), actor)


def apply_answer(envelope: gateway.EventEnvelope) -> None:
    """The gateway put a setting in force, or refused it: said in its row, and a refusal in the audit record."""
    command_id = streams_selectors.find_command_id(envelope.command_sequence) if envelope.command_sequence else ""
    if not command_id.startswith(PREFIX):
        return
    row = ControlSetting.objects.filter(pk=int(command_id.removeprefix(PREFIX))).first()
    if row is None or row.in_force_at is not None or row.refused_reason:
        return
    at = clock.from_ns(envelope.at_ns)
    if not isinstance(envelope.event, gateway.CommandRefused):
        row.in_force_at = at
    else:
        row.refused_reason = envelope.event.reason
        _record_refusal(row, envelope.event, at)
    row.save(update_fields=["in_force_at", "refused_reason"])


def _store(draft_row: ControlSetting, draft: Draft, stream: str, actor: Actor) -> ControlSetting:
    _take_turn(draft)
    subject = {name: getattr(draft_row, name) for name in _COMPARED if name != "content"}
    earlier = ControlSetting.objects.filter(**subject).order_by("-id").first()
    key = {"set_by_id": draft_row.set_by_id, "command_id": draft_row.command_id}
    row, is_new = insert_once(draft_row, key, _COMPARED)
    if is_new:
        audit.record(
            stream=stream,
            action=f"control.{row.kind}",
            entity=entity_of(draft.scope, row.scope_id),
            actor=actor,
            at=row.set_at,
            before=None if earlier is None else earlier.content,
            after=row.content,
            command_id=row.command_id,
        )
        streams.send_to_gateway(msgspec.structs.replace(draft.command, command_id=f"{PREFIX}{row.pk}"))
    return row


def _take_turn(draft: Draft) -> None:
    """One change of a scope at a time: the newest row is then also the last that the gateway hears of."""
    with connection.cursor() as cursor:
        number = (list(ControlScope).index(draft.scope) << 24) ^ (draft.scope_id & 0xFFFFFF)
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY_SPACE, number])


def _record_refusal(row: ControlSetting, event: gateway.CommandRefused, at: dt.datetime) -> None:
    audit.record(
        stream="house",
        action="control.refused",
        entity=entity_of(ControlScope(row.scope), row.scope_id),
        actor=GATEWAY,
        at=at,
        after={"kind": row.kind, "reason": event.reason, "value": event.value, "bound": event.bound},
        command_id=row.command_id,
    )


def _permission(message: messages.SetInstrumentPermission) -> Draft:
    instrument = market.get_instrument(message.instrument_name)
    return control_commands.permission(message, instrument.pk)


def _authorization(message: messages.SetTraderAuthorization) -> Draft:
    trader, account = accounts.get_user(message.user_id), accounts.get_account(message.account_id)
    if trader.firm_id != account.firm_id:
        why = "a trader is authorized on accounts of the own firm"
        raise Refusal("other_firm", why, value=trader.firm_id, bound=account.firm_id)
    return control_commands.authorization(message)


def _phase(message: messages.SetInstrumentPhase) -> Draft:
    return control_commands.phase(message, _trading(message.instrument_name).pk)


def _bands(message: messages.SetPriceBands) -> Draft:
    instrument = _trading(message.instrument_name)
    price, tick = Decimal(message.reference_price), instrument.terms.tick_size
    highest = PRICE_TICKS_MAX * tick
    if not 0 <= price <= highest:
        raise Refusal("price_out_of_range", "the reference price is out of range", value=price, bound=highest)
    try:
        ticks = to_steps("reference price", price, tick)
    except OffGrid as error:
        raise Refusal("price_off_grid", str(error), value=price, bound=tick) from error
    return control_commands.bands(message, instrument.pk, ticks)


def _trading(name: str) -> Instrument:
    instrument = market.get_instrument(name)
    if not instrument.is_active:
        raise Conflict("instrument_not_trading", f"{name} does not trade", value=instrument.state, bound="listed")
    return instrument


_DRAFTS: dict[type, Callable[[Any], Draft]] = {
    messages.SetScopeLimits: control_commands.scope_limits,
    messages.SetInstrumentPermission: _permission,
    messages.SetTraderAuthorization: _authorization,
    messages.SetTradingState: control_commands.trading_state,
    messages.SetInstrumentPhase: _phase,
    messages.SetPriceBands: _bands,
}
KINDS = tuple(_DRAFTS)
