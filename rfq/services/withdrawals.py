"""Withdraw all that a maker firm has standing: it asked, its protection was hit, it was cut off, or it was stopped."""

import datetime as dt

import structlog
from django.db import OperationalError
from django.db.models import QuerySet

from common import db
from common.actor import Actor
from rfq import publishers
from rfq.domain import negotiation
from rfq.domain.records import RfqRecord
from rfq.models import Quote
from rfq.services import changes, commands
from rfq.services.batches import Failures, move_inside

log = structlog.get_logger(__name__)

ROUNDS_MAX = 3
"""How often what could not be locked is tried."""
SWEEP_MAX = 200
"""Quotes that one unit of work of a timer withdraws; the next one takes the rest."""


def withdraw(standing: QuerySet[Quote], reason: str, actor: Actor, at: dt.datetime, failures: Failures) -> int:
    """End these quotes, inside a unit of work, where nobody holds the RFQ; returns how many.

    One that was replaced since it was read is another quote, of another session perhaps, and is left. An RFQ that
    cannot be written is noted in ``failures`` and holds up no other. The timers look again in a moment.
    """
    cause = publishers.Cause(action="quote.canceled", actor=actor, at=at, reason=reason)

    def end(row: tuple[int, int, int]) -> int:
        rfq_id, maker_firm_id, version = row
        before = changes.lock(rfq_id, skip_locked=True)
        quote = None if before is None else before.find_quote_of(maker_firm_id)
        if before is None or quote is None or quote.version != version:
            return 0
        return _end(before, maker_firm_id, cause)

    rows = standing.order_by("rfq_id").values_list("rfq_id", "maker_firm_id", "version")
    return move_inside(list(rows[:SWEEP_MAX]), end, failures)


def cancel_all_quotes(*, maker_firm_id: int, reason: str, actor: Actor, at: dt.datetime, command_id: str = "") -> int:
    """End every active quote of the firm, each RFQ in its own unit of work; returns how many ended.

    reason: ``requested``, ``mmp``, ``disconnect``, ``dead_man`` or ``kill``, as it is stored and shown. What was
    accepted stays. Call it outside of a transaction: it locks one RFQ after the other. Raises the database's error for
    an RFQ that stayed locked, after all others are done.
    """
    left = _standing(maker_firm_id)
    ended = 0
    failed: OperationalError | None = None
    for _ in range(ROUNDS_MAX):
        locked = []
        for rfq_id in left:
            try:
                ended += _cancel(
                    rfq_id,
                    maker_firm_id,
                    publishers.Cause(action="quote.canceled", actor=actor, at=at, command_id=command_id, reason=reason),
                )
            except OperationalError as error:
                log.warning("cancel_all_blocked", rfq_id=rfq_id, maker_firm_id=maker_firm_id)
                locked.append(rfq_id)
                failed = error
        if not locked:
            return ended
        left = locked
    assert failed is not None, "what is left was locked"
    raise failed


def _standing(maker_firm_id: int) -> list[int]:
    rows = Quote.objects.filter(maker_firm_id=maker_firm_id, state="active").order_by("rfq_id")
    return list(rows.values_list("rfq_id", flat=True))


def _cancel(rfq_id: int, maker_firm_id: int, cause: publishers.Cause) -> int:
    with db.unit_of_work():
        commands.set_lock_timeout()
        return _end(changes.get_locked(rfq_id), maker_firm_id, cause)


def _end(before: RfqRecord, maker_firm_id: int, cause: publishers.Cause) -> int:
    after = negotiation.cancel_quotes_of(before, maker_firm_id=maker_firm_id, reason=cause.reason, at=cause.at)
    if after == before:
        return 0
    changes.write(before, after, cause)
    return 1
