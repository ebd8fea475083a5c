"""Read the public tape."""

import msgspec

from common import clock
from common.decimals import plain, plain_text
from rfq.domain import tape
from rfq.models import TapePrint as Row
from wire.market import TapeLeg, TapePrint
from wire.units import Side

READ_MAX = 500


def list_after(sequence: int, *, limit: int = 100) -> list[TapePrint]:
    """Lines after ``sequence``, oldest first, without a gap."""
    rows = Row.objects.filter(sequence__gt=sequence).order_by("sequence")
    return [to_print(row) for row in rows[: _bounded(limit)]]


def list_newest(*, before: int | None = None, limit: int = 50) -> list[TapePrint]:
    """The newest lines first, those before ``before`` where it is given."""
    rows = Row.objects.all() if before is None else Row.objects.filter(sequence__lt=before)
    return [to_print(row) for row in rows.order_by("-sequence")[: _bounded(limit)]]


def newest_sequence() -> int:
    return Row.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0


def find_sequence_of(rfq_id: int) -> int | None:
    """The line of an RFQ's trade; for those who may know of both."""
    rows = Row.objects.filter(rfq_id=rfq_id, kind="trade")
    return rows.values_list("sequence", flat=True).first()


def to_print(row: Row) -> TapePrint:
    return TapePrint(
        sequence=row.sequence,
        at_ns=clock.to_ns(row.at),
        kind=row.kind,
        structure=row.structure,
        legs=msgspec.convert(row.legs, list[TapeLeg]),
        side=Side(row.side),
        quantity=plain_text(row.quantity),
        price=f"{row.price:.{row.price_digits}f}",
        quote_currency=row.quote_currency,
        mark=tape.mark_text(row.mark),
        price_against_mark=tape.against_mark_text(plain(row.price), row.mark),
        refers_to=row.refers_to,
    )


def _bounded(limit: int) -> int:
    return max(1, min(limit, READ_MAX))
