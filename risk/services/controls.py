"""Kill switches and disabled scopes: one person engages, or a throttle acts; it takes two people to release."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from accounts import roles
from accounts import selectors as accounts
from audit import services as audit
from common import clock, db
from common.actor import GATEWAY, Actor
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from market import selectors as market
from risk.models import ControlRelease, ControlState, KillSwitchEngagement
from risk.services.once import insert_once
from streams import services as streams
from wire import facts, gateway
from wire.gateway_controls import EnableScope
from wire.units import ControlKind, ControlScope, ReleasedControl, TradingState

if TYPE_CHECKING:
    from accounts.models import User

REASON_LENGTH_MIN = 3
HOUSE_SCOPES = (ControlScope.ALL, ControlScope.INSTRUMENT, ControlScope.STRATEGY, ControlScope.VENUE)
"""What reaches beyond one firm."""


def engage_kill_switch(
    *, user: User, actor: Actor, scope: ControlScope, scope_id: int, command_id: str, at: dt.datetime
) -> KillSwitchEngagement:
    """Cancel every order in scope and block new ones. Anybody of a firm for what is the firm's; an admin anything.

    Idempotent by (user, command_id); engaging what is engaged does nothing but say so again. Raises NotAllowed,
    NotFound.
    """
    with db.unit_of_work():
        firm_id = check_reach(user, scope, scope_id)
        row = KillSwitchEngagement(
            scope=scope.value, scope_id=scope_id, user_id=user.pk, command_id=command_id, at=at
        )
        key = {"user_id": user.pk, "command_id": command_id}
        row, is_new = insert_once(row, key, ("scope", "scope_id"))
        if is_new:
            _record("kill_switch.engage_requested", scope, scope_id, firm_id, actor, at, command_id)
            streams.send_to_gateway(
                gateway.SetKillSwitch(
                    command_id=f"kill-{row.pk}", scope=scope, scope_id=scope_id, is_engaged=True
                )
            )
    return row


def request_release(
    *,
    user: User,
    actor: Actor,
    scope: ControlScope,
    scope_id: int,
    reason: str,
    command_id: str,
    at: dt.datetime,
    control: ReleasedControl = ReleasedControl.KILL_SWITCH,
) -> ControlRelease:
    """Ask for the release of a control that is engaged, with a typed reason. Releases nothing yet.

    Raises NotAllowed, Conflict ``not_engaged`` and ``release_already_requested``, Refusal ``reason_missing``.
    """
    _check_reason(reason)
    with db.unit_of_work():
        firm_id = check_reach(user, scope, scope_id)
        key = {"requested_by_id": user.pk, "request_command_id": command_id}
        if not ControlRelease.objects.filter(**key).exists():
            _check_can_release(control, scope, scope_id)
        row = ControlRelease(
            control=control.value,
            scope=scope.value,
            scope_id=scope_id,
            requested_by_id=user.pk,
            requested_at=at,
            request_reason=reason.strip(),
            request_command_id=command_id,
        )
        row, is_new = insert_once(row, key, ("control", "scope", "scope_id", "request_reason"))
        if is_new:
            _record(f"{control.value}.release_requested", scope, scope_id, firm_id, actor, at, command_id, reason)
    return row


def approve_release(
    *, user: User, actor: Actor, release_id: int, reason: str, command_id: str, at: dt.datetime
) -> ControlRelease:
    """Release the control: a second person, of the house, with a reason of their own.

    Raises NotAllowed ``not_authorized`` and ``same_person``, NotFound, Conflict ``already_released``.
    """
    _check_reason(reason)
    if not roles.sees_every_firm(user):
        raise NotAllowed(
            "not_authorized", "a release is approved by the house", value=user.role, bound="admin, compliance"
        )
    with db.unit_of_work():
        row = ControlRelease.objects.select_for_update().filter(pk=release_id).first()
        if row is None:
            raise NotFound("unknown_release", f"there is no release {release_id}", value=release_id)
        if row.approved_by_id == user.pk and row.approve_command_id == command_id:
            return row
        _check_second_person(row, user)
        row.approved_by_id, row.approved_at = user.pk, at
        row.approve_reason, row.approve_command_id = reason.strip(), command_id
        row.save()
        scope = ControlScope(row.scope)
        firm_id = firm_of(scope, row.scope_id)
        _record(f"{row.control}.release_approved", scope, row.scope_id, firm_id, actor, at, command_id, reason)
        streams.send_to_gateway(_release_command(row, scope, user.pk))
    return row


def _release_command(row: ControlRelease, scope: ControlScope, user_id: int) -> gateway.GatewayCommand:
    command_id = f"release-{row.pk}"
    if row.control == ReleasedControl.DISABLED_SCOPE:
        return EnableScope(command_id=command_id, scope=scope, scope_id=row.scope_id, enabled_by=user_id)
    return gateway.SetKillSwitch(command_id=command_id, scope=scope, scope_id=row.scope_id, is_engaged=False)


def apply_control_set(envelope: gateway.EventEnvelope) -> None:
    """Project what the throttle of repeated executions disabled, and what a person enabled."""
    event = envelope.event
    assert isinstance(event, gateway.ControlSet)
    if event.control in (ControlKind.SCOPE_DISABLED, ControlKind.SCOPE_ENABLED):
        is_disabled = event.control is ControlKind.SCOPE_DISABLED
        _project(event.scope, event.scope_id, clock.from_ns(envelope.at_ns), is_disabled=is_disabled)


def apply_phase_changed(envelope: gateway.EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.InstrumentPhaseChanged)
    at = clock.from_ns(envelope.at_ns)
    _project(ControlScope.INSTRUMENT, event.instrument_id, at, phase=event.phase.value)


def apply_kill_switch_changed(envelope: gateway.EventEnvelope) -> None:
    """The gateway engaged or released a kill switch: project it, record it, tell every firm that it concerns."""
    event = envelope.event
    assert isinstance(event, gateway.KillSwitchChanged)
    at = clock.from_ns(envelope.at_ns)
    _project(event.scope, event.scope_id, at, is_killed=event.is_engaged)
    firm_id = firm_of(event.scope, event.scope_id)
    audit.record(
        stream=stream_of(firm_id),
        action="kill_switch.engaged" if event.is_engaged else "kill_switch.released",
        entity=entity_of(event.scope, event.scope_id),
        actor=GATEWAY,
        at=at,
        after={"is_engaged": event.is_engaged, "orders_canceled": event.orders_canceled},
    )
    fact = facts.KillSwitchChanged(
        scope=event.scope.value,
        scope_id=event.scope_id,
        is_engaged=event.is_engaged,
        orders_canceled=event.orders_canceled if firm_id is not None else 0,
    )
    for concerned in [firm_id] if firm_id is not None else [firm.pk for firm in accounts.list_firms()]:
        streams.publish_fact(firm_id=concerned, fact=fact)


def apply_trading_state_changed(envelope: gateway.EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.TradingStateChanged)
    at = clock.from_ns(envelope.at_ns)
    before = ControlState.objects.filter(scope=event.scope.value, scope_id=event.scope_id).first()
    _project(event.scope, event.scope_id, at, trading_state=event.state.value)
    audit.record(
        stream=stream_of(firm_of(event.scope, event.scope_id)),
        action="trading_state.changed",
        entity=entity_of(event.scope, event.scope_id),
        actor=GATEWAY,
        at=at,
        before={"state": before.trading_state if before else TradingState.ACTIVE.value},
        after={"state": event.state.value},
    )


def check_reach(user: User, scope: ControlScope, scope_id: int) -> int | None:
    """The firm that the scope belongs to, None for the house's. Raises where it is not the user's to control."""
    if not user.is_active:
        raise NotAllowed("not_authorized", "your user is not active")
    if scope in HOUSE_SCOPES and not roles.is_admin(user):
        raise NotAllowed("not_authorized", f"only an admin controls {scope.value}", value=user.role, bound="admin")
    unknown = NotFound("unknown_scope", f"there is no {scope.value} {scope_id}", value=f"{scope.value}:{scope_id}")
    if scope in HOUSE_SCOPES:
        if not _exists(scope, scope_id):
            raise unknown
        return None
    firm_id = firm_of(scope, scope_id)
    if firm_id is None or (firm_id != user.firm_id and not roles.is_admin(user)):
        raise unknown
    return firm_id


def _exists(scope: ControlScope, scope_id: int) -> bool:
    """Whether the house has this to control: all of it, as number 0, an instrument, or any strategy or venue."""
    if scope is ControlScope.ALL:
        return scope_id == 0
    if scope is not ControlScope.INSTRUMENT:
        return scope_id > 0
    try:
        return bool(market.get_instrument_by_id(scope_id))
    except NotFound:
        return False


def firm_of(scope: ControlScope, scope_id: int) -> int | None:
    """The firm of a scope; None for the house's and for what does not exist."""
    try:
        if scope is ControlScope.FIRM:
            return accounts.get_firm(scope_id).pk
        if scope is ControlScope.DESK:
            return accounts.get_desk(scope_id).firm_id
        if scope is ControlScope.USER:
            return accounts.get_user(scope_id).firm_id
        if scope is ControlScope.ACCOUNT:
            return accounts.get_account(scope_id).firm_id
    except NotFound:
        return None
    return None


def _check_reason(reason: str) -> None:
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise Refusal("reason_missing", "a release needs a typed reason", value=reason, bound=REASON_LENGTH_MIN)


def _check_can_release(control: ReleasedControl, scope: ControlScope, scope_id: int) -> None:
    state = ControlState.objects.filter(scope=scope.value, scope_id=scope_id).first()
    is_killed = control is ReleasedControl.KILL_SWITCH
    if state is None or not (state.is_killed if is_killed else state.is_disabled):
        what = "no kill switch is engaged for" if is_killed else "no throttle has disabled"
        raise Conflict("not_engaged", f"{what} {scope.value} {scope_id}")
    waiting = ControlRelease.objects.filter(control=control.value, scope=scope.value, scope_id=scope_id)
    if waiting.filter(approved_by__isnull=True).exists():
        raise Conflict("release_already_requested", "a release of this control waits for a second person")


def _check_second_person(row: ControlRelease, user: User) -> None:
    if row.approved_by_id is not None:
        raise Conflict("already_released", "this release was approved", value=row.approved_by_id)
    if row.requested_by_id == user.pk:
        raise NotAllowed("same_person", "a release takes two people", value=user.pk, bound="another person")


def _project(scope: ControlScope, scope_id: int, at: dt.datetime, **changes: object) -> None:
    ControlState.objects.update_or_create(
        scope=scope.value, scope_id=scope_id, defaults={"updated_at": at, **changes}
    )


def _record(
    action: str,
    scope: ControlScope,
    scope_id: int,
    firm_id: int | None,
    actor: Actor,
    at: dt.datetime,
    command_id: str,
    reason: str = "",
) -> None:
    audit.record(
        stream=stream_of(firm_id),
        action=action,
        entity=entity_of(scope, scope_id),
        actor=actor,
        at=at,
        command_id=command_id,
        reason=reason.strip(),
    )


def stream_of(firm_id: int | None) -> str:
    return "house" if firm_id is None else f"firm:{firm_id}"


def entity_of(scope: ControlScope, scope_id: int) -> str:
    return scope.value if scope is ControlScope.ALL else f"{scope.value}:{scope_id}"
