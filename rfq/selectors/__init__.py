"""Reads of RFQs: whole records for the services, each party's own view for everybody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from common import db
from common.decimals import plain
from common.errors import NotFound
from rfq.domain import views
from rfq.domain.records import LegRecord, RfqRecord
from rfq.models import Quote, QuoteVersion, Rfq, RfqInvitation, RfqLeg
from rfq.selectors import last_looks, protection
from rfq.selectors.audience import get_maker_group, list_drafts, list_maker_groups
from rfq.selectors.records import load_records
from wire.facts import RfqView
from wire.units import RfqState, Side

if TYPE_CHECKING:
    from accounts.models import User

__all__ = ["get_maker_group", "list_drafts", "list_maker_groups"]

SNAPSHOT_ENDED_RFQS_MAX = 100
"""A snapshot holds every live RFQ of the firm and this many of those that ended, newest first."""
LIST_MAX = 500

_LIVE = [RfqState.OPEN.value, RfqState.PENDING_FILL.value]
_OVERSEERS = ("compliance", "admin")


def get_record(rfq_id: int) -> RfqRecord:
    """The RFQ with everything that belongs to it. Raises NotFound."""
    records = load_records([rfq_id])
    if not records:
        raise not_found(rfq_id)
    return records[0]


def get_rfq_id_of_quote(quote_id: int) -> int:
    """Raises NotFound."""
    rfq_id = Quote.objects.filter(id=quote_id).values_list("rfq_id", flat=True).first()
    if rfq_id is None:
        raise NotFound("quote_not_found", "There is no such quote.", value=quote_id)
    return rfq_id


def not_found(rfq_id: int) -> NotFound:
    return NotFound("rfq_not_found", "There is no such RFQ.", value=rfq_id)


def get_view(user: User, rfq_id: int) -> RfqView:
    """The view of the user's firm. Raises NotFound for an outsider: the two are not told apart."""
    view = view_for(user, get_record(rfq_id))
    if view is None:
        raise not_found(rfq_id)
    return view


def view_for(user: User, record: RfqRecord) -> RfqView | None:
    """Compliance and admin see everything; the others what their firm may know."""
    if user.role in _OVERSEERS:
        return views.compliance_view(record)
    return views.view_for_firm(record, user.firm_id) if user.firm_id is not None else None


def list_views(
    user: User, *, state: RfqState | None = None, before_id: int | None = None, limit: int = 100
) -> list[RfqView]:
    """Newest first; ``before_id`` pages on from the last one seen."""
    rfqs = Rfq.objects.filter(visible_to(user))
    if state is not None:
        rfqs = rfqs.filter(state=state.value)
    if before_id is not None:
        rfqs = rfqs.filter(id__lt=before_id)
    records = load(rfqs.order_by("-id")[: max(1, min(limit, LIST_MAX))])
    return [view for view in (view_for(user, record) for record in records) if view is not None]


def list_for_compliance(*, before_id: int | None = None, limit: int = 100) -> list[RfqView]:
    """Every RFQ with all quotes and the reasons of both sides, newest first."""
    rfqs = Rfq.objects.all() if before_id is None else Rfq.objects.filter(id__lt=before_id)
    return [views.compliance_view(record) for record in load(rfqs.order_by("-id")[: max(1, min(limit, LIST_MAX))])]


def list_versions(rfq_id: int) -> list[QuoteVersion]:
    """Every version of every quote of the RFQ, as they were made."""
    versions = QuoteVersion.objects.filter(quote__rfq_id=rfq_id).select_related("quote", "quote__maker_firm")
    return list(versions.order_by("created_at", "id"))


def snapshot(firm_id: int, role: str) -> dict[str, list[Any]]:
    """The firm's part of a client's snapshot: what its facts amount to. The house has no facts of RFQs."""
    mine = Rfq.objects.filter(_of_firm(firm_id))
    ended = mine.exclude(state__in=_LIVE).order_by("-id").values_list("id", flat=True)[:SNAPSHOT_ENDED_RFQS_MAX]
    live = mine.filter(state__in=_LIVE).values_list("id", flat=True)
    records = load(Rfq.objects.filter(id__in=[*live, *ended]).order_by("id"))
    found = [views.view_for_firm(record, firm_id) for record in records]
    return {
        "rfqs": [view for view in found if view is not None],
        "drafts": list_drafts(firm_id),
        "maker_groups": list_maker_groups(firm_id),
        "protections": protection.list_protections(firm_id),
        "sessions": protection.list_sessions(firm_id),
        "desk_limits": protection.list_desk_limits(firm_id),
        "last_looks": last_looks.list_of_firm(firm_id),
    }


def visible_to(user: User) -> Q:
    """RFQs that the user may read something of: overseers all, the others their firm's, as taker or asked maker."""
    return Q() if user.role in _OVERSEERS else _of_firm(user.firm_id or 0)


def _of_firm(firm_id: int) -> Q:
    invited = RfqInvitation.objects.filter(maker_firm_id=firm_id).values("rfq_id")
    return Q(taker_firm_id=firm_id) | Q(id__in=invited)


def load(rfqs: QuerySet[Rfq]) -> list[RfqRecord]:
    """Records in the order of the query, as they stood at one instant; two statements whatever their number."""
    with db.one_instant():
        return load_records(list(rfqs.values_list("id", flat=True)))


def leg_record(row: RfqLeg) -> LegRecord:
    return LegRecord(
        instrument_id=row.instrument_id,
        instrument_name=row.instrument.name,
        side=Side(row.side),
        ratio=row.ratio,
        tick_size=plain(row.instrument.tick_size),
        lot_size=plain(row.instrument.lot_size),
        is_hedge=row.is_hedge,
        fixed_price=None if row.fixed_price is None else plain(row.fixed_price),
    )


def search_for_compliance(
    *,
    rfq_id: int | None = None,
    firm_ids: Iterable[int] | None = None,
    user_ids: Iterable[int] | None = None,
    instrument_name: str = "",
    after: dt.datetime | None = None,
    before: dt.datetime | None = None,
    limit: int = 100,
) -> list[RfqView]:
    """RFQs that match all of it, newest first. firm_ids: as taker or asked maker; user_ids: who asked or quoted."""
    rfqs = Rfq.objects.all()
    if rfq_id is not None:
        rfqs = rfqs.filter(id=rfq_id)
    if firm_ids is not None:
        firms = list(firm_ids)
        invited = RfqInvitation.objects.filter(maker_firm_id__in=firms).values("rfq_id")
        rfqs = rfqs.filter(Q(taker_firm_id__in=firms) | Q(id__in=invited))
    if user_ids is not None:
        users = list(user_ids)
        quoted = QuoteVersion.objects.filter(user_id__in=users).values("quote__rfq_id")
        rfqs = rfqs.filter(Q(user_id__in=users) | Q(id__in=quoted))
    if instrument_name:
        rfqs = rfqs.filter(id__in=RfqLeg.objects.filter(instrument__name=instrument_name).values("rfq_id"))
    if after is not None:
        rfqs = rfqs.filter(created_at__gte=after)
    if before is not None:
        rfqs = rfqs.filter(created_at__lt=before)
    return [views.compliance_view(record) for record in load(rfqs.order_by("-id")[: max(1, min(limit, LIST_MAX))])]


def count_pending() -> int:
    """RFQs that still wait for takers, makers or the gateway."""
    return Rfq.objects.filter(state__in=[RfqState.OPEN, RfqState.PENDING_FILL]).count()
