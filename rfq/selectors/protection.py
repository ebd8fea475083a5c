"""Protections, sessions and bounds of a firm, as itself may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from common import clock
from common.decimals import plain
from rfq.domain.bands import BandRule
from rfq.domain.protection import Exposure, Limits, WindowFill
from rfq.models import DeskLimits, DeskSession, MakerProtection, ProtectedFill
from wire.protection import DeskLimitsView, ProtectedFillView, ProtectionView, SessionView


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
    return [desk_limits_view(rows.get(firm_id) or DeskLimits(firm_id=firm_id)) for firm_id in wanted]


def list_desk_limits(firm_id: int) -> list[DeskLimitsView]:
    """The firm's bounds where an administrator set them, empty with the defaults."""
    return [desk_limits_view(row) for row in DeskLimits.objects.filter(firm_id=firm_id)]


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


def desk_limits_view(row: DeskLimits) -> DeskLimitsView:
    return DeskLimitsView(
        firm_id=row.firm_id,
        create_per_minute_max=row.create_per_minute_max,
        execute_per_minute_max=row.execute_per_minute_max,
        open_rfqs_max=row.open_rfqs_max,
        live_quotes_max=row.live_quotes_max,
        band_ticks=row.band_ticks,
        band_percent=str(plain(row.band_percent)),
        is_band_confirmable=row.is_band_confirmable,
    )


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
