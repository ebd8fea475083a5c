"""Put together what a best-execution pack is made of, for one reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.decimals import plain_text
from common.errors import Conflict, NotAllowed
from rfq import selectors
from rfq.domain import pack, views
from rfq.domain.pack import PackFacts, PackSighting, PackVersion
from rfq.domain.records import RfqRecord
from rfq.domain.transitions import TERMINAL_STATES
from rfq.models import QuoteVersion, Sighting, TradeCorrection
from rfq.selectors import history
from settlement import selectors as settlement
from wire.facts import RfqView

if TYPE_CHECKING:
    from accounts.models import User

READERS = (views.TAKER, views.COMPLIANCE)


def build_pack(user: User, rfq_id: int) -> dict[str, Any]:
    """The pack of an RFQ that has ended. Raises NotFound, NotAllowed ``not_the_taker``, Conflict ``rfq_not_ended``."""
    record = selectors.get_record(rfq_id)
    view = selectors.view_for(user, record)
    if view is None:
        raise selectors.not_found(rfq_id)
    if view.role not in READERS:
        raise NotAllowed("not_the_taker", "The pack is the taker's and compliance's.", value=view.role)
    return build_for(record, view.role)


def build_for(record: RfqRecord, reader: str) -> dict[str, Any]:
    """The pack as the taker or compliance gets it, whoever asks."""
    if record.state not in TERMINAL_STATES:
        raise Conflict("rfq_not_ended", "The RFQ has not ended.", value=record.state.value)
    told = history.tell(record, lambda each: _view(each, reader))
    firm_id = record.taker_firm_id if reader == views.TAKER else None
    facts = PackFacts(
        view=told.view,
        versions=_versions(record, told.view),
        sightings=[to_pack_sighting(row) for row in told.sightings],
        timeline=[(entry.at, entry.words) for entry in told.entries],
        fills=list(settlement.list_fills(rfq_id=record.rfq_id, firm_id=firm_id)),
        corrections=corrections_of(record.rfq_id),
    )
    return pack.build(facts)


def corrections_of(rfq_id: int) -> list[dict[str, str]]:
    """Busts and amendments that were booked, oldest first; who asked and who decided is compliance's."""
    rows = TradeCorrection.objects.filter(trade__rfq_id=rfq_id, state="done").order_by("id")
    return [
        {
            "correction_id": str(row.pk),
            "trade_id": str(row.trade_id),
            "kind": row.kind,
            "leg_prices": " ".join(plain_text(price) for price in row.leg_prices or []),
            "done_at": row.done_at.isoformat(timespec="microseconds") if row.done_at else "",
        }
        for row in rows
    ]


def to_pack_sighting(row: Sighting) -> PackSighting:
    nets = {
        "mark": row.mark_net,
        "model": row.model_net,
        "lit_bid": row.lit_bid,
        "lit_ask": row.lit_ask,
        "index": row.index_price,
    }
    return PackSighting(
        kind=row.kind,
        quote_id=row.quote_id,
        version=row.version,
        offset_ms=row.offset_ms,
        at=row.at,
        nets=nets,
        content=row.content,
    )


def _view(record: RfqRecord, reader: str) -> RfqView:
    return views.taker_view(record) if reader == views.TAKER else views.compliance_view(record)


def _versions(record: RfqRecord, view: RfqView) -> list[PackVersion]:
    """Versions of the quotes in the view; the taker was never shown one that ended in the grace."""
    shown = {quote.quote_id for quote in view.quotes}
    rows = QuoteVersion.objects.filter(quote_id__in=shown).order_by("quote_id", "version")
    if view.role == views.TAKER:
        rows = rows.exclude(ended_at__lt=record.tradable_at)
    return [_version(row) for row in rows]


def _version(row: QuoteVersion) -> PackVersion:
    return PackVersion(
        quote_id=row.quote_id,
        version=row.version,
        bid=None if row.bid_net is None else plain_text(row.bid_net),
        ask=None if row.ask_net is None else plain_text(row.ask_net),
        created_at=row.created_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        more={"quantity": plain_text(row.quantity), "condition": row.condition},
    )
