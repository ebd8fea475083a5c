"""Reads of kill switches and their releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.db.models import Q

from common import clock
from risk.models import ControlRelease, ControlState
from wire.units import ControlScope, TradingState

if TYPE_CHECKING:
    from accounts.models import User

ROWS_MAX = 500


class ControlStateView(msgspec.Struct, frozen=True, kw_only=True):
    scope: str
    scope_id: int
    is_killed: bool
    trading_state: str
    updated_at_ns: int


class ReleaseView(msgspec.Struct, frozen=True, kw_only=True):
    release_id: int
    scope: str
    scope_id: int
    requested_by_user_id: int
    requested_at_ns: int
    reason: str
    approved_by_user_id: int | None


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


def list_control_states() -> list[ControlStateView]:
    """Every scope that the gateway ever spoke of, by scope."""
    return [
        ControlStateView(
            scope=row.scope,
            scope_id=row.scope_id,
            is_killed=row.is_killed,
            trading_state=row.trading_state,
            updated_at_ns=clock.to_ns(row.updated_at),
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
    )
