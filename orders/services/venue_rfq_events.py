"""Apply what venues say of block RFQs. Runs in the dispatcher's unit of work; once more changes nothing."""

from __future__ import annotations

import datetime as dt

import msgspec

from common import clock
from common.actor import GATEWAY
from orders import venue_rfq_publishers as publishers
from orders import venue_rfq_selectors as selectors
from orders.domain.venue_rfqs import best_price
from orders.models import Route, VenueAcceptance, VenueRfq
from orders.services.venue_rfqs import ASK_PREFIX, CANCEL_PREFIX
from wire import gateway
from wire.units import Side
from wire.venue_reports import ExecutionReport
from wire.venue_rfqs import ENDED_RFQ_STATES, VenueRfqReport, VenueRfqState


class UnknownVenueRfq(RuntimeError):
    """The gateway speaks of a request that the database does not have: somebody restored one without the other."""


def apply_venue_rfq(report: ExecutionReport, at: dt.datetime) -> None:
    """Quotes are facts; what changes the state, or explains it, is in the audit trail too."""
    told = report.block_rfq
    assert told is not None, "a report of a request says how it stands"
    row = VenueRfq.objects.select_for_update(no_key=True).filter(label=told.label).first()
    if row is None:
        raise UnknownVenueRfq(f"there is no request {told.label}")
    if report.number <= row.report_number:
        return
    before, reason = row.state, row.reason
    _take(row, told, at)
    row.report_number = report.number
    row.save()
    if (row.state, row.reason) != (before, reason):
        publishers.record_venue_rfq(row, f"venue_rfq.{row.state}", GATEWAY, at, before=before)
    publishers.publish_venue_rfq(row)


def apply_ask_refused(envelope: gateway.EventEnvelope) -> None:
    """The gateway did not take the command: nothing was sent."""
    event = envelope.event
    assert isinstance(event, gateway.CommandRefused)
    at = clock.from_ns(envelope.at_ns)
    for prefix in (ASK_PREFIX, CANCEL_PREFIX):
        if not event.command_id.startswith(prefix):
            continue
        row_id = int(event.command_id.removeprefix(prefix).split(":")[0])
        row = VenueRfq.objects.select_for_update(no_key=True).get(id=row_id)
        if row.state in ENDED_RFQ_STATES:
            continue
        before = row.state
        row.state = VenueRfqState.REJECTED.value if prefix == ASK_PREFIX else row.state
        row.reason, row.updated_at = event.reason, at
        row.save(update_fields=["state", "reason", "updated_at"])
        publishers.record_venue_rfq(row, "venue_rfq.refused", GATEWAY, at, before=before)
        publishers.publish_venue_rfq(row)


def settle_acceptance(route: Route, at: dt.datetime) -> None:
    """A leg has ended. With the last one its acceptance has: what was quoted by then stays beside it, on record."""
    if Route.objects.working().filter(venue_rfq=route.venue_rfq_id, acceptance=route.acceptance).exists():
        return
    waiting = VenueAcceptance.objects.select_for_update(no_key=True, of=("self",)).select_related("venue_rfq")
    taken = waiting.filter(venue_rfq=route.venue_rfq_id, number=route.acceptance, ended_at__isnull=True).first()
    if taken is None:
        return
    row, side = taken.venue_rfq, Side(taken.side)
    taken.left_price = best_price(selectors.read_quotes(row.asks if side is Side.BUY else row.bids), side)
    taken.ended_at = at
    taken.save(update_fields=["left_price", "ended_at"])
    view = next(each for each in selectors.venue_rfq_view(row).acceptances if each.number == taken.number)
    publishers.record_acceptance(row, view, GATEWAY, at)


def _take(row: VenueRfq, told: VenueRfqReport, at: dt.datetime) -> None:
    row.state, row.reason, row.updated_at = told.state.value, told.reason, at
    row.venue_reference = str(told.venue_rfq_id) if told.venue_rfq_id else ""
    row.bids, row.asks = msgspec.to_builtins(told.bids), msgspec.to_builtins(told.asks)
    row.expires_at = clock.from_ns(told.expires_at_ns) if told.expires_at_ns else None
    row.traded_price = told.traded_price
