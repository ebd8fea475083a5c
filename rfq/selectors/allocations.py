"""Stored accepts, against the rule that shares them out."""

from collections.abc import Iterator

from common import db
from common.decimals import plain
from rfq import selectors
from rfq.domain.verification import Accepted, StoredVersion, find_difference
from rfq.models import Acceptance, QuoteVersion
from wire.negotiation import AcceptKind, QuoteCondition
from wire.units import Side

IDS_AT_ONCE = 500


def find_allocation_difference(rfq_id: int) -> str | None:
    """Where the stored trades of an RFQ differ from what its stored quotes give, if they do. Raises NotFound."""
    with db.one_instant():
        rfq = selectors.get_record(rfq_id)
        row = Acceptance.objects.filter(rfq_id=rfq_id).first()
        rows = list(QuoteVersion.objects.filter(quote__rfq_id=rfq_id)) if row else []
    accepted = _accepted(row) if row else None
    side = accepted.side if accepted else Side.BUY
    return find_difference(rfq, accepted, {(each.quote_id, each.version): _version(each, side) for each in rows})


def iterate_accepted_ids() -> Iterator[int]:
    """RFQs that were ever accepted, oldest first."""
    ids = Acceptance.objects.order_by("rfq_id").values_list("rfq_id", flat=True)
    yield from ids.iterator(chunk_size=IDS_AT_ONCE)


def _accepted(row: Acceptance) -> Accepted:
    return Accepted(
        kind=AcceptKind(row.kind),
        side=Side(row.side),
        limit_price=None if row.limit_price is None else plain(row.limit_price),
        pool=tuple((quote_id, version) for quote_id, version in row.pool),
        left_out=tuple((quote_id, version) for quote_id, version, _ in row.left_out),
        accepted_at=row.accepted_at,
    )


def _version(row: QuoteVersion, side: Side) -> StoredVersion:
    price = row.ask_net if side is Side.BUY else row.bid_net
    return StoredVersion(
        price=None if price is None else plain(price),
        quantity=plain(row.quantity),
        is_all_or_none=row.condition == QuoteCondition.ALL_OR_NONE,
        made_at=row.created_at,
        expires_at=row.expires_at,
    )
