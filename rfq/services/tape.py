"""Print a completed block trade on the public tape, and show the tape to whoever listens.

Lines are numbered without a gap: each transaction waits for the one before it, last of all. The frame in Valkey is a
projection: it is published again whenever the tape has grown, and now and then.
"""

import dataclasses
import datetime as dt

import msgspec
from django.db import connection

from common import clock, db, valkey
from market import oracle
from rfq.domain import tape
from rfq.domain.records import RfqRecord
from rfq.models import PrintKind, Sighting, SightingKind, TapePrint
from rfq.selectors import tape as tape_selectors
from wire import transport
from wire.market import BlockTape

TAPE_KEY = "tape.blocks"
SHOWN_MAX = 50
REPUBLISH_SECONDS = 5.0
_GATE = 0x7061_726C_7461_7065
"""Key of the advisory lock: 'parltape'."""
_encode = msgspec.json.Encoder().encode


@dataclasses.dataclass
class _Published:
    sequence: int = -1
    at: dt.datetime | None = None


_published = _Published()


def print_completed(before: RfqRecord, after: RfqRecord, at: dt.datetime) -> None:
    """A line for the trade, if this change completed it. Call it in the unit of work that did."""
    traded = tape.find_traded(after)
    if traded is not None and tape.find_traded(before) is None:
        print_line(after, traded, at, PrintKind.TRADE)


def print_line(
    rfq: RfqRecord, traded: tape.Traded, at: dt.datetime, kind: PrintKind, refers_to: int | None = None
) -> None:
    """Append a line when the unit of work commits."""
    row = TapePrint(
        rfq_id=rfq.rfq_id,
        kind=kind,
        refers_to=refers_to,
        at=at,
        structure=rfq.structure,
        quote_currency=rfq.quote_currency,
        side=traded.side.value,
        quantity=traded.quantity,
        price=traded.price,
        price_digits=tape.price_digits(rfq, traded.price),
        mark=_mark_at_accept(rfq.rfq_id),
        legs=msgspec.to_builtins(tape.to_legs(rfq)),
    )
    db.defer_item((db.FACTS_PRIORITY, "tape"), _append, row)


def publish_tape(at: dt.datetime) -> int:
    """Publish the newest lines where there are newer ones than last time; returns how often (0 or 1)."""
    newest = tape_selectors.newest_sequence()
    is_due = _published.at is None or (at - _published.at).total_seconds() >= REPUBLISH_SECONDS
    if newest == _published.sequence and not is_due:
        return 0
    frame = _encode(
        BlockTape(
            at_ns=clock.to_ns(at),
            market_time_ns=oracle.find_market_time_ns() or 0,
            prints=tape_selectors.list_newest(limit=SHOWN_MAX),
        )
    )
    pipeline = valkey.client().pipeline(transaction=False)
    pipeline.hset(transport.MARKET_LATEST, TAPE_KEY, frame)
    pipeline.publish(transport.MARKET_CHANNEL, msgspec.msgpack.encode([[TAPE_KEY, frame]]))
    pipeline.execute()
    _published.sequence, _published.at = newest, at
    return 1


def _mark_at_accept(rfq_id: int) -> float | None:
    seen = Sighting.objects.filter(rfq_id=rfq_id, kind=SightingKind.ACCEPTED).order_by("-id")
    return seen.values_list("mark_net", flat=True).first()


def _append(rows: list[TapePrint]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_GATE])
    sequence = tape_selectors.newest_sequence()
    for number, row in enumerate(rows, start=sequence + 1):
        row.sequence = number
    TapePrint.objects.bulk_create(rows)
