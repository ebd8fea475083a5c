"""Live risk of every account, and a margin fact where what it holds has changed."""

import datetime as dt
import logging
import math
from collections.abc import Sequence

from common import clock, db
from risk import publishers
from risk.domain import MODEL_VERSION
from risk.domain.margin import AccountRisk, to_dollars
from risk.models import AccountMargin
from risk.selectors.margins import AccountBook, account_books, marks_for
from risk.selectors.marks import MarkSet, MarksUnavailable
from streams import services as streams
from wire.facts import MarginChanged

log = logging.getLogger(__name__)


def refresh_accounts(*, account_ids: Sequence[int] | None = None, at: dt.datetime) -> int:
    """Publish a risk frame of each account that can be valued; returns how many.

    A margin fact is written where the holdings differ from those of the last one and every mark is fresh.
    """
    frames = []
    for book in account_books(account_ids):
        found = _value(book)
        if found is None:
            continue
        risk, marks = found
        market_time_ns = marks.market_time_ns or clock.to_ns(at)
        frames.append(
            publishers.risk_frame(book.account_id, risk, at_ns=clock.to_ns(at), market_time_ns=market_time_ns)
        )
        if not risk.is_stale:
            _publish_change(book, risk, at, market_time_ns)
    publishers.publish_risk(frames)
    return len(frames)


def _value(book: AccountBook) -> tuple[AccountRisk, MarkSet] | None:
    """The book at its marks, or None where that is no number: then nothing is said, and screens call it old."""
    try:
        marks = marks_for([book])
    except MarksUnavailable as error:
        log.warning("account %d is not valued: %s", book.account_id, error.message)
        return None
    risk = book.risk(marks)
    if not all(math.isfinite(value) for value in (risk.equity, risk.initial, risk.maintenance)):
        log.error("account %d is not valued: a figure is not finite", book.account_id)
        return None
    return risk, marks


def _publish_change(book: AccountBook, risk: AccountRisk, at: dt.datetime, market_time_ns: int) -> None:
    sha256 = book.sha256()
    if AccountMargin.objects.filter(account_id=book.account_id, holdings_sha256=sha256).exists():
        return
    with db.unit_of_work():
        row = AccountMargin.objects.select_for_update().filter(account_id=book.account_id).first()
        row = row or AccountMargin(account_id=book.account_id)
        if row.holdings_sha256 == sha256:
            return
        row.equity = to_dollars(risk.equity)
        row.initial_margin = to_dollars(risk.initial)
        row.maintenance_margin = to_dollars(risk.maintenance)
        row.holdings_sha256, row.at, row.market_time = sha256, at, clock.from_ns(market_time_ns)
        row.is_stale, row.model_version = risk.is_stale, MODEL_VERSION
        row.save()
        streams.publish_fact(
            firm_id=book.firm_id,
            fact=MarginChanged(
                account_id=book.account_id,
                equity=str(row.equity),
                initial_margin=str(row.initial_margin),
                maintenance_margin=str(row.maintenance_margin),
            ),
        )
