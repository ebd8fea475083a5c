"""Reads of kill switches and their releases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from django.db.models import Q

from common import clock
from risk.models import ControlRelease, ControlSetting, ControlState
from wire.units import ControlScope, ReleasedControl, TradingState

if TYPE_CHECKING:
    from accounts.models import User

ROWS_MAX = 500


class ControlStateView(msgspec.Struct, frozen=True, kw_only=True):
    scope: str
    scope_id: int
    is_killed: bool
    trading_state: str
    updated_at_ns: int
    is_disabled: bool = False
    phase: str = ""


class ReleaseView(msgspec.Struct, frozen=True, kw_only=True):
    release_id: int
    scope: str
    scope_id: int
    requested_by_user_id: int
    requested_at_ns: int
    reason: str
    approved_by_user_id: int | None
    control: str = ReleasedControl.KILL_SWITCH.value


class ControlSettingView(msgspec.Struct, frozen=True, kw_only=True):
    """``content`` in the units of the gateway. ``in_force_at_ns``: when it took them, None until then."""

    setting_id: int
    kind: str
    scope: str
    scope_id: int
    subject_id: int
    content: dict[str, Any]
    set_by_user_id: int
    set_at_ns: int
    in_force_at_ns: int | None
    refused_reason: str


def find_control_state(scope: str, scope_id: int) -> ControlState | None:
    return ControlState.objects.filter(scope=scope, scope_id=scope_id).first()


def find_stop_of_person(user: User) -> ControlState | None:
    """What keeps this user, or its desk, from new risk: a kill switch first, else a trading state.

    The gateway itself stops orders by them. A block trade names accounts and no user, so who agrees one asks here.
    """
    persons = Q(scope=ControlScope.USER.value, scope_id=user.pk)
    if user.desk_id is not None:
        persons |= Q(scope=ControlScope.DESK.value, scope_id=user.desk_id)
    stops = ControlState.objects.filter(persons & (Q(is_killed=True) | ~Q(trading_state=TradingState.ACTIVE.value)))
    return stops.order_by("-is_killed", "scope").first()


def list_killed_scopes() -> list[tuple[ControlScope, int]]:
    """Scopes of which a kill switch is engaged."""
    rows = ControlState.objects.filter(is_killed=True).order_by("scope", "scope_id")[:ROWS_MAX]
    return [(ControlScope(row.scope), row.scope_id) for row in rows]


def find_killed_scope(scopes: Iterable[tuple[ControlScope, int]]) -> tuple[ControlScope, int] | None:
    """The first of these scopes of which a kill switch is engaged."""
    asked = list(scopes)
    wanted = Q()
    for scope, scope_id in asked:
        wanted |= Q(scope=scope.value, scope_id=scope_id)
    rows = ControlState.objects.filter(wanted, is_killed=True).values_list("scope", "scope_id")
    killed = {(ControlScope(scope), scope_id) for scope, scope_id in rows}
    return next((scope for scope in asked if scope in killed), None)


def list_control_states() -> list[ControlStateView]:
    """Every scope that the gateway ever spoke of, by scope."""
    return [
        ControlStateView(
            scope=row.scope,
            scope_id=row.scope_id,
            is_killed=row.is_killed,
            trading_state=row.trading_state,
            updated_at_ns=clock.to_ns(row.updated_at),
            is_disabled=row.is_disabled,
            phase=row.phase if row.scope == ControlScope.INSTRUMENT else "",
        )
        for row in ControlState.objects.order_by("scope", "scope_id")[:ROWS_MAX]
    ]


def list_open_releases() -> list[ReleaseView]:
    """Releases that wait for a second person, oldest first."""
    rows = ControlRelease.objects.filter(approved_by__isnull=True).order_by("id")[:ROWS_MAX]
    return [release_view(row) for row in rows]


def release_view(row: ControlRelease) -> ReleaseView:
    return ReleaseView(
        release_id=row.pk,
        scope=row.scope,
        scope_id=row.scope_id,
        requested_by_user_id=row.requested_by_id,
        requested_at_ns=clock.to_ns(row.requested_at),
        reason=row.request_reason,
        approved_by_user_id=row.approved_by_id,
        control=row.control,
    )


def list_control_settings(*, history: bool = False) -> list[ControlSettingView]:
    """The newest setting of each kind, scope and subject, or with ``history`` every change; newest first."""
    rows = ControlSetting.objects.order_by("-id")
    if not history:
        subjects = ("kind", "scope", "scope_id", "subject_id")
        newest = ControlSetting.objects.order_by(*subjects, "-id").distinct(*subjects)
        rows = rows.filter(pk__in=newest.values("pk"))
    return [
        ControlSettingView(
            setting_id=row.pk,
            kind=row.kind,
            scope=row.scope,
            scope_id=row.scope_id,
            subject_id=row.subject_id,
            content=row.content,
            set_by_user_id=row.set_by_id,
            set_at_ns=clock.to_ns(row.set_at),
            in_force_at_ns=None if row.in_force_at is None else clock.to_ns(row.in_force_at),
            refused_reason=row.refused_reason,
        )
        for row in rows[:ROWS_MAX]
    ]
