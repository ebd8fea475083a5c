"""Reads for compliance: search, timelines, and the state of the books and of the trail."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from accounts import selectors as accounts_selectors
from audit import selectors as audit_selectors
from common import clock
from compliance.domain.criteria import Criteria
from compliance.domain.desk_forms import DESK_FIELDS, changes_of
from compliance.domain.differences import Difference, differences
from orders import selectors as orders_selectors
from rfq import selectors as rfq_selectors
from rfq.selectors import protection as desk_protection
from settlement import selectors as settlement_selectors
from wire.facts import FillView, OrderView, RfqView
from wire.protection import DeskLimitsProposalView

ROWS_MAX = 100
SCOPES_MAX = 2_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    orders: list[OrderView]
    rfqs: list[RfqView]

    @property
    def is_empty(self) -> bool:
        return not self.orders and not self.rfqs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """One audit record, with its people named, its change field by field, and whether its place in the chain holds."""

    record: Any
    who: str
    firm: str
    differences: list[Difference]
    is_proven: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Timeline:
    entity: str
    entries: list[Entry]
    fills: list[FillView]
    order: OrderView | None = None
    rfq: RfqView | None = None
    events: list[Any] = dataclasses.field(default_factory=list)

    @property
    def unproven(self) -> int:
        return sum(not entry.is_proven for entry in self.entries)


def search(user: Any, criteria: Criteria) -> Found:
    """Orders and RFQs that match everything given, newest first, at most ``ROWS_MAX`` of each."""
    firm_ids = _firm_ids(criteria.firm)
    user_ids = _user_ids(criteria.user)
    return Found(
        orders=[] if criteria.rfq_id is not None else _orders(user, criteria, firm_ids, user_ids),
        rfqs=[] if criteria.order_id is not None or criteria.client_order_id else _rfqs(criteria, firm_ids, user_ids),
    )


def order_timeline(user: Any, order_id: int) -> Timeline:
    """Raises NotFound."""
    order = orders_selectors.get_order(user, order_id)
    return Timeline(
        entity=f"order:{order_id}",
        order=order,
        entries=list_entries([f"order:{order_id}"]),
        fills=list(settlement_selectors.list_fills(order_id=order_id)),
        events=list(orders_selectors.list_events(user, order_id)),
    )


def rfq_timeline(user: Any, rfq_id: int) -> Timeline:
    """The RFQ with its quotes and its trades. Raises NotFound."""
    record = rfq_selectors.get_record(rfq_id)
    entities = [f"rfq:{rfq_id}", *(f"quote:{quote.quote_id}" for quote in record.quotes)]
    entities += [f"trade:{trade.trade_id}" for trade in record.trades]
    return Timeline(
        entity=f"rfq:{rfq_id}",
        rfq=rfq_selectors.view_for(user, record),
        entries=list_entries(entities),
        fills=list(settlement_selectors.list_fills(rfq_id=rfq_id)),
    )


def list_entries(entities: Iterable[str]) -> list[Entry]:
    """The audit records of the entities, oldest first."""
    records = audit_selectors.list_timeline(entities)
    unproven = audit_selectors.list_unproven(records)
    users = get_user_model().objects.in_bulk({record.user_id for record in records if record.user_id})
    firms = {firm.pk: firm.name for firm in accounts_selectors.list_firms()}
    return [
        Entry(
            record=record,
            who=users[record.user_id].get_username() if record.user_id in users else record.via,
            firm=firms.get(record.firm_id or 0, ""),
            differences=differences(record.before, record.after),
            is_proven=record.pk not in unproven,
        )
        for record in records
    ]


def list_user_names() -> list[str]:
    return list(get_user_model().objects.order_by("username").values_list("username", flat=True)[:ROWS_MAX])


def names_of_accounts() -> dict[int, str]:
    """Firm and name by account id: every account, for whoever oversees all."""
    return {account.pk: f"{account.firm.name} · {account.name}" for account in accounts_selectors.list_accounts()}


def names_of_orders(orders: Iterable[OrderView]) -> dict[int, str]:
    return names_of_users(order.user_id for order in orders)


def names_of_users(user_ids: Iterable[int]) -> dict[int, str]:
    """User names by user id."""
    users = get_user_model().objects.in_bulk(set(user_ids))
    return {pk: user.get_username() for pk, user in users.items()}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Named:
    """What a control can be about: ``firm:1`` and the name that people know it by."""

    scope: str
    scope_id: int
    name: str

    @property
    def value(self) -> str:
        return self.scope if self.scope == "all" else f"{self.scope}:{self.scope_id}"


def list_scopes() -> list[Named]:
    """Everything, and every firm, desk, person and account; instruments, strategies and venues go by their number."""
    found = [Named(scope="all", scope_id=0, name="everything")]
    rows: list[tuple[str, Iterable[Any]]] = [
        ("firm", accounts_selectors.list_firms()),
        ("desk", accounts_selectors.list_desks()),
        ("user", accounts_selectors.list_people()),
        ("account", accounts_selectors.list_accounts()),
    ]
    found += [Named(scope=scope, scope_id=row.pk, name=str(row)) for scope, listed in rows for row in listed]
    return found[:SCOPES_MAX]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeskRow:
    """What a firm may do on the RFQ desk. ``values``: name, title and value of each bound.

    ``waiting``: what was proposed and waits for a second person; ``changes``: title, value and proposed value.
    """

    firm: Any
    values: list[tuple[str, str, Any]]
    is_band_confirmable: bool
    waiting: DeskLimitsProposalView | None
    changes: list[tuple[str, str, str]]


def list_desk_limits() -> list[DeskRow]:
    """Bounds of every firm on the RFQ desk, the defaults where nobody set any."""
    firms = accounts_selectors.list_firms()
    views = desk_protection.desk_limits_of_firms(firm.pk for firm in firms)
    proposals = {one.firm_id: one for one in desk_protection.list_desk_proposals()}
    return [
        DeskRow(
            firm=firm,
            values=[(name, title, getattr(view, name)) for name, title in DESK_FIELDS],
            is_band_confirmable=view.is_band_confirmable,
            waiting=proposals.get(firm.pk),
            changes=changes_of(view, proposals[firm.pk]) if firm.pk in proposals else [],
        )
        for firm, view in zip(firms, views, strict=True)
    ]


def _orders(user: Any, criteria: Criteria, firm_ids: list[int] | None, user_ids: list[int] | None) -> list[OrderView]:
    matches = {
        "id": criteria.order_id,
        "firm_id__in": firm_ids,
        "user_id__in": user_ids,
        "instrument__name": criteria.instrument or None,
        "client_order_id": criteria.client_order_id or None,
        "created_at__gte": criteria.after,
        "created_at__lt": criteria.before,
    }
    given = {name: value for name, value in matches.items() if value is not None}
    rows = orders_selectors.visible_orders(user).filter(**given).newest()[:ROWS_MAX]
    return [orders_selectors.order_view(row) for row in rows]


def _rfqs(criteria: Criteria, firm_ids: list[int] | None, user_ids: list[int] | None) -> list[RfqView]:
    return rfq_selectors.search_for_compliance(
        rfq_id=criteria.rfq_id,
        firm_ids=firm_ids,
        user_ids=user_ids,
        instrument_name=criteria.instrument,
        after=criteria.after,
        before=criteria.before,
        limit=ROWS_MAX,
    )


def _firm_ids(name: str) -> list[int] | None:
    """Firms whose name holds ``name``; None where none was given."""
    if not name:
        return None
    return [firm.pk for firm in accounts_selectors.list_firms() if name.lower() in firm.name.lower()]


def _user_ids(name: str) -> list[int] | None:
    if not name:
        return None
    return list(get_user_model().objects.filter(Q(username__iexact=name)).values_list("pk", flat=True))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Books:
    """The ledger's totals and breaks, and the latest netting cycles."""

    totals: list[Any]
    breaks: list[Any]
    cycles: list[Any]


def books() -> Books:
    return Books(
        totals=settlement_selectors.ledger_totals(),
        breaks=settlement_selectors.check_ledger(),
        cycles=settlement_selectors.list_cycles(limit=50),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint:
    at: dt.datetime
    root: str
    streams: int


def last_checkpoint() -> Checkpoint | None:
    found = audit_selectors.last_checkpoint()
    if found is None:
        return None
    return Checkpoint(at=found.at, root=bytes(found.root_sha256).hex(), streams=len(found.heads))


def export(timeline: Timeline) -> dict[str, Any]:
    """The timeline as JSON values: everything that the page shows, and the hashes that prove it."""
    return {
        "entity": timeline.entity,
        "exported_at": clock.now().isoformat(),
        "records": [_exported(entry) for entry in timeline.entries],
    }


def _exported(entry: Entry) -> dict[str, Any]:
    record = entry.record
    who = ("user_id", "firm_id", "via", "remote_address")
    what = ("stream", "sequence", "action", "entity", "command_id", "reason")
    return {
        **{name: getattr(record, name) for name in (*what, *who)},
        "at": record.at.isoformat(),
        "who": entry.who,
        "firm": entry.firm,
        "before": record.before,
        "after": record.after,
        "previous_sha256": bytes(record.previous_sha256).hex(),
        "sha256": bytes(record.sha256).hex(),
        "is_proven": entry.is_proven,
    }
