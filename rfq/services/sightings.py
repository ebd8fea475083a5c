"""Keep what the market showed at the instants of an RFQ that somebody will ask about later.

The frames are read before the RFQ is locked; what is reckoned from them is written in the transaction of the change.
What lies ahead (marks after a trade, instants that have nothing to do with the RFQ) is taken by a timer when it is due.
"""

import datetime as dt
import functools
import json
import random
import threading
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction

from common import clock
from rfq.domain.records import LegRecord, RfqRecord, accepted_at
from rfq.domain.transitions import TERMINAL_STATES
from rfq.models import Sighting, SightingDue, SightingKind
from rfq.selectors import kept
from rfq.services.rows import Rows
from risk import selectors as risk
from wire.units import RfqState

MARK_OUT_OFFSETS_MS = (1_000, 10_000, 60_000, 300_000)
BASELINE_WINDOWS = 4
BASELINE_AFTER_MS = (60_000, 600_000)
"""When baseline windows begin, after the RFQ ended."""
LATE_MAX = dt.timedelta(milliseconds=500)
"""What is taken later than this after it was due is stored as missing."""
DUE_AT_ONCE_MAX = 20
LOOK_AGE_MAX_MS = 250
"""Who waited longer for the RFQ's lock looks at the market again."""
_LEGS_KEPT = 4_096
_FIGURES = ("index_price", "mark_net", "model_net", "lit_bid", "lit_ask")
_TAKE = """
INSERT INTO rfq_sighting (rfq_id, kind, quote_id, version, offset_ms, "window", at, index_price, mark_net, model_net,
    lit_bid, lit_ask, content)
SELECT %(rfq_id)s, item.kind, item.quote_id, item.version, 0, 0, %(sight_at)s, %(sight_index_price)s::float8,
    %(sight_mark_net)s::float8, %(sight_model_net)s::float8, %(sight_lit_bid)s::float8, %(sight_lit_ask)s::float8,
    %(sight_content)s::jsonb
FROM unnest(%(sight_kinds)s::text[], %(sight_quote_ids)s::bigint[], %(sight_versions)s::integer[])
    AS item (kind, quote_id, version)
"""


class _Seen(threading.local):
    """The look of this thread's transaction: of one RFQ, replaced by the next one."""

    rfq_id = 0
    look: risk.Look | None = None
    sight: risk.Sight | None = None


_seen = _Seen()


def look_before_lock(rfq_id: int) -> None:
    """Read the frames that ``get_sight`` may need; call it before the RFQ is locked."""
    names = _names_of(rfq_id)
    _seen.rfq_id, _seen.look, _seen.sight = rfq_id, risk.look(names) if names else None, None


def forget_old_look() -> None:
    """After the RFQ is locked: what was seen before a wait of more than LOOK_AGE_MAX_MS is no longer the market."""
    if _seen.look is not None and clock.now_ns() - _seen.look.at_ns > LOOK_AGE_MAX_MS * 1_000_000:
        _seen.look = None


def take_first(rfq: RfqRecord) -> None:
    """The market as the RFQ was created."""
    Sighting.objects.bulk_create([_row(rfq.rfq_id, SightingKind.CREATED, look_at(rfq))])


def get_sight(rfq: RfqRecord) -> risk.Sight:
    """The market as it was seen just before the RFQ was locked, or after a long wait; reckoned once for each lock."""
    if _seen.rfq_id != rfq.rfq_id or _seen.look is None:
        _seen.rfq_id, _seen.look, _seen.sight = rfq.rfq_id, _look_at(rfq), None
    if _seen.sight is None:
        _seen.sight = _reckon(rfq, _seen.look)
    return _seen.sight


def look_at(rfq: RfqRecord) -> risk.Sight:
    """The market now, for whoever holds no lock."""
    return _reckon(rfq, _look_at(rfq))


def add(rows: Rows, before: RfqRecord, after: RfqRecord) -> None:
    """The market at each new version of a quote, at the accept and at the end."""
    wanted = _wanted(before, after)
    if wanted:
        sight = get_sight(after)
        kinds, quote_ids, versions = zip(*wanted, strict=True)
        rows.add(
            {"sightings": _TAKE},
            sight_kinds=[kind.value for kind in kinds],
            sight_quote_ids=list(quote_ids),
            sight_versions=list(versions),
            sight_content=json.dumps(risk.sight_content(sight)),
            sight_at=clock.from_ns(sight.at_ns),
            **{f"sight_{name}": getattr(sight, name) for name in _FIGURES},
        )


def plan_ahead(before: RfqRecord, after: RfqRecord) -> None:
    """What is to be looked at after the RFQ has ended."""
    if _has_ended(before, after):
        SightingDue.objects.bulk_create(_due_rows(after))


def take_due_sightings(at: dt.datetime) -> int:
    """Take what is due at ``at``, the most overdue first; returns how many."""
    due = list(SightingDue.objects.filter(due_at__lte=at).order_by("due_at", "id")[:DUE_AT_ONCE_MAX])
    if due:
        structures = kept.load_structures({row.rfq_id for row in due})
        names = {leg.instrument_name for one in structures.values() for leg in one.legs}
        look = risk.look(sorted(names))
        with transaction.atomic():
            for row in due:
                _take_due(row, structures[row.rfq_id], look)
    return len(due)


def _take_due(row: SightingDue, structure: kept.Structure, look: risk.Look) -> None:
    late = clock.from_ns(look.at_ns) - row.due_at
    if late > LATE_MAX:
        look = risk.Look(at_ns=look.at_ns, raw={}, problem=f"late, {late // dt.timedelta(milliseconds=1)} ms")
    sight = risk.reckon(look, _sighted(structure.legs, structure.quantity))
    taken = _row(row.rfq_id, SightingKind(row.kind), sight, offset_ms=row.offset_ms, window=row.window)
    Sighting.objects.bulk_create([taken], ignore_conflicts=True)
    row.delete()


def _wanted(before: RfqRecord, after: RfqRecord) -> list[tuple[SightingKind, int, int]]:
    """(kind, quote, version) of what this change is worth a look."""
    wanted = [
        (SightingKind.QUOTED, quote.quote_id, quote.version)
        for quote in after.quotes
        if quote.version != _version_of(before, quote.quote_id)
    ]
    if before.state is RfqState.OPEN and after.state not in (*TERMINAL_STATES, RfqState.OPEN):
        wanted.append((SightingKind.ACCEPTED, 0, 0))
    if _has_ended(before, after):
        wanted.append((SightingKind.ENDED, 0, 0))
    return wanted


def _version_of(rfq: RfqRecord, quote_id: int) -> int:
    quote = rfq.find_quote(quote_id)
    return quote.version if quote else 0


def _has_ended(before: RfqRecord, after: RfqRecord) -> bool:
    return before.state not in TERMINAL_STATES and after.state in TERMINAL_STATES


def _due_rows(rfq: RfqRecord) -> list[SightingDue]:
    """Marks after the trade, counted from the accept, and the edges of the baseline windows of an RFQ with answers."""
    ended_at = rfq.updated_at
    rows = []
    traded_at = accepted_at(rfq) if rfq.state is RfqState.FILLED else None
    if traded_at is not None:
        rows += [_due(rfq, SightingKind.AFTER_TRADE, offset, traded_at) for offset in MARK_OUT_OFFSETS_MS]
    if rfq.quotes:
        answered = max(quote.created_at for quote in rfq.quotes) - rfq.created_at
        width_ms = max(answered // dt.timedelta(milliseconds=1), 1)
        chance = random.Random(rfq.rfq_id)  # noqa: S311 - which instants are looked at is no secret
        for window in range(BASELINE_WINDOWS):
            start = chance.randrange(*BASELINE_AFTER_MS)
            rows += [_due(rfq, SightingKind.BASELINE, offset, ended_at, window) for offset in (start, start + width_ms)]
    return rows


def _due(rfq: RfqRecord, kind: SightingKind, offset_ms: int, since: dt.datetime, window: int = 0) -> SightingDue:
    due_at = since + dt.timedelta(milliseconds=offset_ms)
    return SightingDue(rfq_id=rfq.rfq_id, kind=kind, offset_ms=offset_ms, window=window, due_at=due_at)


def _look_at(rfq: RfqRecord) -> risk.Look:
    return risk.look([leg.instrument_name for leg in rfq.legs])


def _reckon(rfq: RfqRecord, look: risk.Look) -> risk.Sight:
    return risk.reckon(look, _sighted(rfq.legs, rfq.quantity))


def _sighted(legs: Sequence[LegRecord], quantity: Decimal) -> list[risk.SightedLeg]:
    return [
        risk.SightedLeg(
            instrument_name=leg.instrument_name,
            side=leg.side,
            ratio=leg.ratio,
            quantity=quantity * leg.ratio,
            is_hedge=leg.is_hedge,
        )
        for leg in legs
    ]


def _row(
    rfq_id: int,
    kind: SightingKind,
    sight: risk.Sight,
    *,
    quote_id: int = 0,
    version: int = 0,
    offset_ms: int = 0,
    window: int = 0,
) -> Sighting:
    return Sighting(
        rfq_id=rfq_id,
        kind=kind,
        quote_id=quote_id,
        version=version,
        offset_ms=offset_ms,
        window=window,
        at=clock.from_ns(sight.at_ns),
        index_price=sight.index_price,
        mark_net=sight.mark_net,
        model_net=sight.model_net,
        lit_bid=sight.lit_bid,
        lit_ask=sight.lit_ask,
        content=risk.sight_content(sight),
    )


@functools.lru_cache(maxsize=_LEGS_KEPT)
def _cached_names(rfq_id: int) -> tuple[str, ...]:
    names = kept.list_leg_names(rfq_id)
    if not names:
        raise LookupError(rfq_id)
    return names


def _names_of(rfq_id: int) -> tuple[str, ...]:
    """Instruments of the RFQ's legs, which never change; nothing where there is no such RFQ."""
    try:
        return _cached_names(rfq_id)
    except LookupError:
        return ()
