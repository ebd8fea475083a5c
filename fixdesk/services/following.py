"""Whose facts are read for FIX sessions, and from where on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts import selectors as accounts
from fixdesk.models import FirmCursor, FixMultileg
from streams import selectors as streams

if TYPE_CHECKING:
    from accounts.models import FixSession


def positions(sessions: list[FixSession]) -> dict[int, int]:
    """The last fact that each firm was told of. One whose first session is new is told from now on.

    ``sessions``: of those that are told of RFQs and trades; firms with multi-leg orders of sessions are told, too.
    """
    firm_ids = {session.account.firm_id for session in sessions} | _with_multilegs()
    found = dict(FirmCursor.objects.filter(firm_id__in=firm_ids).values_list("firm_id", "sequence"))
    for firm_id in firm_ids - found.keys():
        row, _ = FirmCursor.objects.get_or_create(firm_id=firm_id, defaults={"sequence": streams.head(firm_id)})
        found[firm_id] = row.sequence
    return found


def follow(firm_id: int) -> None:
    """Before its first multi-leg order is there: of a firm whose facts nobody reads, those from now on are read."""
    followed = _with_multilegs() | {row.account.firm_id for row in accounts.list_sessions_told_of_rfqs()}
    if firm_id in followed and FirmCursor.objects.filter(firm_id=firm_id).exists():
        return
    FirmCursor.objects.update_or_create(firm_id=firm_id, defaults={"sequence": streams.head(firm_id)})


def _with_multilegs() -> set[int]:
    """Firms with orders of which there may be more to tell."""
    firms = FixMultileg.objects.filter(is_open=True).values_list("session__account__firm_id", flat=True)
    return set(firms.distinct())
