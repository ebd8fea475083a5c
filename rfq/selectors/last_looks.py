"""Agreements on last look, and how makers use them: the rates are published to everybody."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from django.db.models import Count, Q

from accounts import roles
from rfq.models import LastLook, LastLookAgreement
from wire.last_looks import LastLookAgreementView
from wire.negotiation import LastLookState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

AGREEMENTS_MAX = 500
RATE_DIGITS = 4
_SILENT = "timeout"


class LastLookRateView(msgspec.Struct, frozen=True, kw_only=True):
    """Of one maker, over all that it was ever asked and that was decided by it or by a rule.

    reject_rate: (rejected + silent) / asked; looks that ended because another maker of the same trade rejected count
    nowhere.
    """

    maker_firm_id: int
    maker_name: str
    asked: int
    confirmed: int
    rejected: int
    silent: int
    reject_rate: str


def list_agreements(user: User) -> list[LastLookAgreementView]:
    """Of the user's firm; of all firms for whoever oversees them. Newest first."""
    rows = _rows() if roles.sees_every_firm(user) else _rows().filter(_of_firm(user.firm_id))
    return [agreement_view(row) for row in rows[:AGREEMENTS_MAX]]


def list_of_firm(firm_id: int) -> list[LastLookAgreementView]:
    """What its facts amount to: its newest agreements and offers, newest first."""
    return [agreement_view(row) for row in _rows().filter(_of_firm(firm_id))[:AGREEMENTS_MAX]]


def list_own_asks(user: User) -> set[int]:
    """Agreements that wait for a second person of the house, and this one was the first."""
    asked = Q(proposed_by_id=user.pk, end_asked_by__isnull=True) | Q(end_asked_by_id=user.pk)
    return set(LastLookAgreement.objects.filter(asked, ended_at__isnull=True).values_list("id", flat=True))


def _rows() -> QuerySet[LastLookAgreement]:
    return LastLookAgreement.objects.select_related("maker_firm", "taker_firm", "proposed_by").order_by("-id")


def _of_firm(firm_id: int | None) -> Q:
    return Q(maker_firm_id=firm_id) | Q(taker_firm_id=firm_id)


def list_rates() -> list[LastLookRateView]:
    """One line per maker that was ever asked, by name."""
    decided = LastLook.objects.exclude(state=LastLookState.PENDING.value).exclude(reason="pool_rejected")
    is_rejected = Q(state=LastLookState.REJECTED.value)
    rows = (
        decided.values("quote__maker_firm_id", "quote__maker_firm__name")
        .annotate(
            asked=Count("id"),
            confirmed=Count("id", filter=Q(state=LastLookState.CONFIRMED.value)),
            silent=Count("id", filter=is_rejected & Q(reason=_SILENT)),
            rejected=Count("id", filter=is_rejected & ~Q(reason=_SILENT)),
        )
        .order_by("quote__maker_firm__name")
    )
    return [
        LastLookRateView(
            maker_firm_id=row["quote__maker_firm_id"],
            maker_name=row["quote__maker_firm__name"],
            asked=row["asked"],
            confirmed=row["confirmed"],
            rejected=row["rejected"],
            silent=row["silent"],
            reject_rate=str(round(Decimal(row["rejected"] + row["silent"]) / row["asked"], RATE_DIGITS)),
        )
        for row in rows
    ]


def agreement_view(row: LastLookAgreement) -> LastLookAgreementView:
    is_agreed = row.maker_agreed_at is not None and row.taker_agreed_at is not None
    return LastLookAgreementView(
        agreement_id=row.id,
        maker_firm_id=row.maker_firm_id,
        maker_name=row.maker_firm.name,
        taker_firm_id=row.taker_firm_id,
        taker_name=row.taker_firm.name,
        window_ms=row.window_ms,
        tolerance_basis_points=str(row.tolerance_basis_points),
        state="ended" if row.ended_at else "in_force" if is_agreed else "proposed",
        has_maker_agreed=row.maker_agreed_at is not None,
        has_taker_agreed=row.taker_agreed_at is not None,
        is_of_house=roles.sees_every_firm(row.proposed_by),
        is_end_asked=row.end_asked_by_id is not None and row.ended_at is None,
    )
