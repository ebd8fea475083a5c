"""The timers of the server: grace, lives of quotes and RFQs, pending fill. Each RFQ moves in its own unit of work."""

import datetime as dt

from django.db.models import Q

from common import db
from common.actor import TIMER
from rfq import publishers
from rfq.domain import execution, negotiation
from rfq.domain.records import RfqRecord
from rfq.models import QuoteVersion, Rfq
from rfq.services import changes, commands, last_looks, reservations
from rfq.services.batches import move_each
from wire.units import RfqState

BATCH_MAX = 200
"""RFQs that one run of the timers moves; the next run takes the rest."""


def expire_due(at: dt.datetime) -> int:
    """Move every RFQ for which a timer is due at ``at``, the most overdue first; returns how many moved.

    Raises like ``move_each``.
    """
    return move_each(_due(at), lambda rfq_id: _advance(rfq_id, at))


def _due(at: dt.datetime) -> list[int]:
    """Ids in order, pending fills before anything else: they hold risk."""
    pending = Rfq.objects.filter(state=RfqState.PENDING_FILL.value, pending_until__lte=at)
    is_open = Q(state=RfqState.OPEN.value)
    lives = Rfq.objects.filter(is_open & (Q(expires_at__lte=at) | Q(is_tradable=False, tradable_at__lte=at)))
    quotes = QuoteVersion.objects.filter(ended_at__isnull=True, expires_at__lte=at, quote__state="active")
    ids = [
        *pending.order_by("pending_until").values_list("id", flat=True)[:BATCH_MAX],
        *lives.order_by("expires_at").values_list("id", flat=True)[:BATCH_MAX],
        *quotes.order_by("expires_at").values_list("quote__rfq_id", flat=True)[:BATCH_MAX],
    ]
    return list(dict.fromkeys(ids))[:BATCH_MAX]


def _advance(rfq_id: int, at: dt.datetime) -> int:
    with db.unit_of_work():
        commands.set_lock_timeout()
        before = changes.lock(rfq_id, skip_locked=True)
        if before is None:
            return 0
        after = negotiation.advance(before, at=at)
        if after == before:
            return 0
        changes.write(before, after, publishers.Cause(action=_action(before, after), actor=TIMER, at=at))
        last_looks.close_silent(before, after, at)
        is_rejected = before.state is RfqState.PENDING_FILL and after.state is RfqState.REJECTED
        if is_rejected and not execution.is_awaiting_makers(before):
            reservations.void_all(after)
        return 1


def _action(before: RfqRecord, after: RfqRecord) -> str:
    if after.state is not before.state:
        return f"rfq.{after.state.value}"
    return "rfq.tradable" if after.is_tradable is not before.is_tradable else "quote.expired"
