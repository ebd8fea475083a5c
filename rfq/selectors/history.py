"""RFQs that are over and how they went, each reader with its own view."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from django.db.models import Q

from rfq import selectors
from rfq.domain import replay, timeline
from rfq.domain.records import RfqRecord
from rfq.models import Rfq, RfqInvitation, RfqLeg, RfqStep, Sighting
from rfq.selectors import kept
from wire.facts import RfqView
from wire.units import RfqState

if TYPE_CHECKING:
    from accounts.models import User

PAGE = 50


@dataclasses.dataclass(frozen=True, kw_only=True)
class Filters:
    """Everything given must match. firm_ids: for overseers, as taker or asked maker."""

    state: RfqState | None = None
    structure: str = ""
    instrument: str = ""
    firm_ids: tuple[int, ...] | None = None
    after: dt.datetime | None = None
    before: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class History:
    """``problem``: why no timeline can be told; then ``entries`` is what could be."""

    view: RfqView
    entries: list[timeline.Entry]
    sightings: list[Sighting]
    problem: str = ""


def list_history(user: User, filters: Filters, *, before_id: int | None = None, limit: int = PAGE) -> list[RfqView]:
    """The reader's views, newest first; ``before_id`` pages on from the last one seen."""
    rows = Rfq.objects.filter(selectors.visible_to(user), _matching(filters))
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    records = selectors.load(rows.order_by("-id")[: max(1, min(limit, selectors.LIST_MAX))])
    return [view for view in (selectors.view_for(user, record) for record in records) if view is not None]


def get_history(user: User, rfq_id: int) -> History:
    """One RFQ from its first step on, as the reader's firm saw it. Raises NotFound for an outsider."""
    record = selectors.get_record(rfq_id)
    if selectors.view_for(user, record) is None:
        raise selectors.not_found(rfq_id)
    return tell(record, lambda each: selectors.view_for(user, each))


def tell(record: RfqRecord, view_of: timeline.ViewOf) -> History:
    """The RFQ as whoever has these views saw it."""
    view = view_of(record)
    assert view is not None, "a reader of a history has a view"
    times = dict(RfqStep.objects.filter(rfq_id=record.rfq_id).values_list("sequence", "at"))
    records, difference = replay.replay(kept.list_steps(record.rfq_id))
    taken = [(number, times[number], after) for number, after in enumerate(records, start=1)]
    return History(
        view=view,
        entries=timeline.entries(taken, view_of),
        sightings=_visible_sightings(record, view),
        problem=str(difference) if difference else "",
    )


def _visible_sightings(record: RfqRecord, view: RfqView) -> list[Sighting]:
    """The market at the instants that the reader knows of: of quotes, those in its view."""
    shown = {quote.quote_id for quote in view.quotes}
    return [
        row for row in kept.list_sightings([record.rfq_id]) if row.kind != "baseline" and row.quote_id in {0, *shown}
    ]


def _matching(filters: Filters) -> Q:
    given = {
        "state": filters.state.value if filters.state else None,
        "structure__icontains": filters.structure or None,
        "created_at__gte": filters.after,
        "created_at__lt": filters.before,
    }
    wanted = Q(**{name: value for name, value in given.items() if value is not None})
    if filters.instrument:
        wanted &= Q(id__in=RfqLeg.objects.filter(instrument__name=filters.instrument).values("rfq_id"))
    if filters.firm_ids is not None:
        invited = RfqInvitation.objects.filter(maker_firm_id__in=filters.firm_ids).values("rfq_id")
        wanted &= Q(taker_firm_id__in=filters.firm_ids) | Q(id__in=invited)
    return wanted
