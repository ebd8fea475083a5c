"""Reads of kill switches and their releases."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import msgspec
from django.db import connection

from common import clock
from risk.models import ControlRelease, ControlSetting, ControlState
from wire.units import ControlScope, ReleasedControl, TradingState

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stop:
    """A scope that may take no new risk: killed, or in a trading state other than active."""

    scope: tuple[ControlScope, int]
    is_killed: bool
    trading_state: TradingState


_STOPS = """
SELECT scope, scope_id, is_killed, trading_state FROM risk_controlstate
WHERE (scope, scope_id) IN (SELECT * FROM unnest(%(scopes)s::text[], %(scope_ids)s::bigint[]))
    AND (is_killed OR trading_state <> %(active)s)
ORDER BY scope, scope_id
"""


def find_control_state(scope: str, scope_id: int) -> ControlState | None:
    return ControlState.objects.filter(scope=scope, scope_id=scope_id).first()


def list_stops(scopes: Iterable[tuple[ControlScope, int]]) -> list[Stop]:
    """What keeps these scopes from new risk, in one read: kill switches and trading states that are not active."""
    wanted = list(scopes)
    parameters: dict[str, Any] = {
        "scopes": [scope.value for scope, _ in wanted],
        "scope_ids": [scope_id for _, scope_id in wanted],
        "active": TradingState.ACTIVE.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STOPS, parameters)
        return [
            Stop(scope=(ControlScope(scope), scope_id), is_killed=is_killed, trading_state=TradingState(state))
            for scope, scope_id, is_killed, state in cursor.fetchall()
        ]


def list_killed_scopes() -> list[tuple[ControlScope, int]]:
    """Scopes of which a kill switch is engaged."""
    rows = ControlState.objects.filter(is_killed=True).order_by("scope", "scope_id")[:ROWS_MAX]
    return [(ControlScope(row.scope), row.scope_id) for row in rows]


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
