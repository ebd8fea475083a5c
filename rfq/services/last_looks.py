"""Makers' last looks: asked where two firms have agreed on one, answered by the maker, by a rule or by silence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from rfq.domain.execution import Plan
from rfq.domain.records import LastLookRecord, RfqRecord
from rfq.models import LastLook, LastLookAgreement
from rfq.services import structure_values

Looks = Mapping[int, tuple[LastLookAgreement, LastLookRecord]]
"""By quote id."""


def find_looks(rfq: RfqRecord, plan: Plan, at: dt.datetime) -> Looks:
    """The agreements in force between the taker and those whose quotes are taken, as terms of this trade."""
    makers = {quote.quote_id: quote.maker_firm_id for quote in rfq.quotes}
    agreements = {
        agreement.maker_firm_id: agreement
        for agreement in LastLookAgreement.objects.filter(
            taker_firm_id=rfq.taker_firm_id,
            maker_firm_id__in=[makers[fill.quote_id] for fill in plan.fills],
            maker_agreed_at__isnull=False,
            taker_agreed_at__isnull=False,
            ended_at__isnull=True,
        )
    }
    if not agreements:
        return {}
    value, unit = structure_values.find_value(rfq)
    return {
        fill.quote_id: (agreement, _terms(agreement, value, unit, at))
        for fill in plan.fills
        if (agreement := agreements.get(makers[fill.quote_id])) is not None
    }


def ask(looks: Looks, at: dt.datetime) -> None:
    """Store that each was asked, and on which terms."""
    LastLook.objects.bulk_create(
        LastLook(
            quote_id=quote_id,
            agreement=agreement,
            tolerance_basis_points=record.tolerance_basis_points,
            reference_value=record.reference_value,
            unit_value=record.unit_value,
            asked_at=at,
            due_at=record.due_at,
        )
        for quote_id, (agreement, record) in looks.items()
    )


def _terms(
    agreement: LastLookAgreement, value: Decimal | None, unit: Decimal | None, at: dt.datetime
) -> LastLookRecord:
    return LastLookRecord(
        due_at=at + dt.timedelta(milliseconds=agreement.window_ms),
        tolerance_basis_points=agreement.tolerance_basis_points,
        reference_value=value,
        unit_value=unit,
    )
