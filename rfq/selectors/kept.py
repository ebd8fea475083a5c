"""What is kept of RFQs beside their state: structures, steps and sightings, as they were written."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from common.decimals import plain
from rfq.domain.records import LegRecord
from rfq.domain.replay import StoredStep
from rfq.models import Rfq, RfqLeg, RfqStep, Sighting
from rfq.selectors import leg_record


@dataclasses.dataclass(frozen=True, kw_only=True)
class Structure:
    legs: tuple[LegRecord, ...]
    quantity: Decimal


def load_structures(rfq_ids: Iterable[int]) -> dict[int, Structure]:
    """Legs and quantity by RFQ."""
    ids = set(rfq_ids)
    legs: dict[int, list[LegRecord]] = defaultdict(list)
    for row in RfqLeg.objects.filter(rfq_id__in=ids).select_related("instrument").order_by("rfq_id", "leg_index"):
        legs[row.rfq_id].append(leg_record(row))
    quantities = Rfq.objects.filter(id__in=ids).values_list("id", "quantity")
    return {rfq_id: Structure(legs=tuple(legs[rfq_id]), quantity=plain(quantity)) for rfq_id, quantity in quantities}


def list_leg_names(rfq_id: int) -> tuple[str, ...]:
    rows = RfqLeg.objects.filter(rfq_id=rfq_id).order_by("leg_index")
    return tuple(rows.values_list("instrument__name", flat=True))


def list_steps(rfq_id: int) -> list[StoredStep]:
    """Every step of the RFQ, in order."""
    return [
        StoredStep(sequence=row.sequence, kind=row.kind, arguments=row.arguments, state_sha256=bytes(row.state_sha256))
        for row in RfqStep.objects.filter(rfq_id=rfq_id).order_by("sequence")
    ]


def list_sightings(rfq_ids: Iterable[int]) -> list[Sighting]:
    """Sightings of the RFQs, oldest first."""
    return list(Sighting.objects.filter(rfq_id__in=list(rfq_ids)).order_by("at", "id"))
