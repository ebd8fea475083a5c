"""Protections, sessions and bounds of a firm, as itself may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from common import clock
from common.decimals import plain
from common.proposals import ProposalState
from rfq.domain.bands import BandRule
from rfq.domain.protection import Exposure, Limits, WindowFill
from rfq.models import DeskLimits, DeskLimitsProposal, DeskSession, MakerProtection, ProtectedFill
from wire.protection import (
    DeskBounds,
    DeskLimitsProposalView,
    DeskLimitsView,
    ProtectedFillView,
    ProtectionView,
    SessionView,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet


def list_protections(firm_id: int) -> list[ProtectionView]:
    """By coin."""
    rows = MakerProtection.objects.filter(firm_id=firm_id).order_by("coin")
    return [protection_view(row) for row in rows]


def list_sessions(firm_id: int) -> list[SessionView]:
    """Sessions of the firm's people that ever asked for protection, in the order in which they did."""
    return [session_view(row) for row in DeskSession.objects.filter(firm_id=firm_id).order_by("id")]


def deadlines_of(firm_id: int) -> dict[str, int]:
    """When the dead-man timers that are armed run out, by the name of the session."""
    rows = DeskSession.objects.filter(firm_id=firm_id, deadline__isnull=False)
    return {row.name: clock.to_ns(row.deadline) for row in rows if row.deadline is not None}


def find_session(name: str) -> DeskSession | None:
    return DeskSession.objects.filter(name=name).first()


def desk_limits_of(firm_id: int) -> DeskLimits:
    """The firm's bounds, or the defaults."""
    return DeskLimits.objects.filter(firm_id=firm_id).first() or DeskLimits(firm_id=firm_id)


def desk_limits_of_firms(firm_ids: Iterable[int]) -> list[DeskLimitsView]:
    """Of each firm in this order, the defaults where nobody set any."""
    wanted = list(firm_ids)
    rows = DeskLimits.objects.in_bulk(wanted)
    waiting = {row.firm_id: row for row in _waiting(wanted)}
    found = [rows.get(firm_id) or DeskLimits(firm_id=firm_id) for firm_id in wanted]
    return [desk_limits_view(row, waiting.get(row.firm_id)) for row in found]


def list_desk_limits(firm_id: int) -> list[DeskLimitsView]:
    """The firm's bounds where the house ever proposed any, empty with the defaults."""
    waiting = _waiting([firm_id]).first()
    return [desk_limits_view(row, waiting) for row in DeskLimits.objects.filter(firm_id=firm_id)]


def list_desk_proposals() -> list[DeskLimitsProposalView]:
    """What waits for a second person of the house, oldest first."""
    rows = DeskLimitsProposal.objects.filter(state=ProposalState.WAITING).order_by("id")
    return [_proposal_view(row) for row in rows]


def _waiting(firm_ids: list[int]) -> QuerySet[DeskLimitsProposal]:
    return DeskLimitsProposal.objects.filter(firm_id__in=firm_ids, state=ProposalState.WAITING)


def band_rule(row: DeskLimits) -> BandRule:
    return BandRule(ticks=row.band_ticks, percent=row.band_percent, is_confirmable=row.is_band_confirmable)


def limits_of(row: MakerProtection) -> Limits:
    return Limits(
        interval=dt.timedelta(milliseconds=row.interval_ms),
        quantity=row.quantity_max,
        delta=row.delta_max,
        vega=row.vega_max,
        trade_count=row.trade_count_max,
    )


def window_of(row: MakerProtection) -> list[WindowFill]:
    return [
        WindowFill(
            exposure=Exposure(quantity=fill.quantity, delta=fill.delta, vega=fill.vega),
            at=fill.at,
            is_pending=fill.is_pending,
        )
        for fill in ProtectedFill.objects.filter(protection_id=row.pk).order_by("id")
    ]


def protection_view(row: MakerProtection) -> ProtectionView:
    return ProtectionView(
        coin=row.coin,
        interval_ms=row.interval_ms,
        frozen_ms=row.frozen_ms,
        quantity_max=_text(row.quantity_max),
        delta_max=_text(row.delta_max),
        vega_max=_text(row.vega_max),
        trade_count_max=row.trade_count_max,
        frozen_at_ns=_ns(row.frozen_at),
        frozen_until_ns=_ns(row.frozen_until),
        hit=row.hit,
        fills=[_fill_view(fill) for fill in ProtectedFill.objects.filter(protection_id=row.pk).order_by("id")],
    )


def session_view(row: DeskSession) -> SessionView:
    return SessionView(
        session=row.name,
        user_id=row.user_id,
        dead_man_seconds=row.dead_man_seconds,
        cancels_orders=row.cancels_orders,
        is_cancel_on_disconnect=row.is_cancel_on_disconnect,
        reconnect_grace_ms=row.reconnect_grace_ms,
        expired_at_ns=_ns(row.expired_at),
        disconnected_at_ns=_ns(row.disconnected_at),
    )


def desk_bounds(row: DeskLimits | DeskLimitsProposal) -> DeskBounds:
    return DeskBounds(**_bounds(row))


def desk_limits_view(row: DeskLimits, waiting: DeskLimitsProposal | None = None) -> DeskLimitsView:
    proposed = None if waiting is None else desk_bounds(waiting)
    return DeskLimitsView(firm_id=row.firm_id, proposed=proposed, **_bounds(row))


def _proposal_view(row: DeskLimitsProposal) -> DeskLimitsProposalView:
    return DeskLimitsProposalView(
        proposal_id=row.pk,
        firm_id=row.firm_id,
        state=str(row.state),
        reason=row.propose_reason,
        proposed_by_user_id=row.proposed_by_id,
        proposed_at_ns=clock.to_ns(row.proposed_at),
        decided_by_user_id=row.decided_by_id,
        decided_at_ns=_ns(row.decided_at),
        decide_reason=row.decide_reason,
        **_bounds(row),
    )


def _bounds(row: DeskLimits | DeskLimitsProposal) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in DeskBounds.__struct_fields__}
    return {**values, "band_percent": _shown(row.band_percent)}


def _fill_view(fill: ProtectedFill) -> ProtectedFillView:
    return ProtectedFillView(
        rfq_id=fill.rfq_id,
        at_ns=clock.to_ns(fill.at),
        quantity=_shown(fill.quantity),
        delta=_shown(fill.delta),
        vega=_shown(fill.vega),
        is_pending=fill.is_pending,
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else _shown(amount)


def _shown(amount: Decimal) -> str:
    return format(plain(amount), "f")


def _ns(at: dt.datetime | None) -> int | None:
    return None if at is None else clock.to_ns(at)
