"""What the gateway says of parent orders, and what their children's fills add up to."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable

import msgspec

from common import clock, db, valkey
from common.actor import GATEWAY
from orders import parent_publishers as publishers
from orders.domain.brackets import is_for_the_parent
from orders.models import AlgoLogProgress, Order, ParentOrder, Route
from orders.services.multilegs import close_caps, take_standing
from orders.services.parents import STEER_PREFIX, lock_parent
from wire import gateway
from wire.algos import AlgoName, AlgoParameters, ParentState
from wire.gateway_algos import (
    ALGO_REPORTS,
    ALGO_REPORTS_STORED,
    AlgoAction,
    AlgoReport,
    AlgoReportKind,
    AlgoReportsStored,
    AlgoReportWindow,
)

log = logging.getLogger(__name__)

_STATES = {
    AlgoReportKind.STARTED: ParentState.WORKING,
    AlgoReportKind.RESUMED: ParentState.WORKING,
    AlgoReportKind.PAUSED: ParentState.PAUSED,
    AlgoReportKind.DONE: ParentState.DONE,
    AlgoReportKind.CANCELED: ParentState.CANCELED,
}
_ANSWERED = {
    AlgoReportKind.STARTED: AlgoAction.WORK,
    AlgoReportKind.RESUMED: AlgoAction.WORK,
    AlgoReportKind.PAUSED: AlgoAction.PAUSE,
}
"""The request that a report confirms; a newer one stays open."""
_NOT_KEPT = frozenset({"number", "parent_order_id", "plan", "kind", "reason"})


def take_algo_reports(at: dt.datetime) -> int:
    """Store what is new and show how far it is stored. Returns how many reports the window held."""
    del at
    client = valkey.client()
    try:
        shown = client.get(ALGO_REPORTS)
        if shown is None:
            return 0
        window = msgspec.json.decode(shown, type=AlgoReportWindow)
        number = store_algo_reports(log_name=window.log, reports=window.reports)
        client.set(ALGO_REPORTS_STORED, msgspec.json.encode(AlgoReportsStored(log=window.log, number=number)))
    except valkey.Unreachable as error:
        log.warning("algo reports: Valkey is unreachable (%s)", error)
        return 0
    except msgspec.DecodeError as error:
        log.warning("algo reports: what the gateway shows cannot be read: %s", error)
        return 0
    return len(window.reports)


def store_algo_reports(*, log_name: str, reports: Iterable[AlgoReport]) -> int:
    """Apply what is new of the gateway's log, each report once. Returns the last number that is stored."""
    reports = list(reports)
    stored = AlgoLogProgress.objects.filter(log=log_name).values_list("number", flat=True).first()
    if stored is not None and all(report.number <= stored for report in reports):
        return stored
    with db.unit_of_work():
        AlgoLogProgress.objects.get_or_create(log=log_name, defaults={"number": 0})
        progress = AlgoLogProgress.objects.select_for_update().get(log=log_name)
        before = progress.number
        for report in reports:
            if report.number > progress.number:
                _apply(report)
                progress.number = report.number
        if progress.number != before:
            progress.save(update_fields=["number"])
        return progress.number


def add_route_fill(route: Route, *, lots: int, price_ticks: int, at: dt.datetime) -> None:
    """A child at a venue traded, or (lots below zero) the venue took that back; in the caller's unit of work."""
    assert route.parent_id is not None, "only children come here"
    _add(lock_parent(route.parent_id), lots, price_ticks, at)


def add_fill(order: Order, *, lots: int, price_ticks: int, at: dt.datetime) -> None:
    """A child traded, in the caller's unit of work. Exits of a bracket and legs are told of by the gateway."""
    assert order.parent_id is not None, "only children come here"
    parent = lock_parent(order.parent_id)
    bracket = msgspec.convert(parent.parameters, AlgoParameters).bracket
    counts = parent.algo != AlgoName.MULTILEG and is_for_the_parent(order.client_order_id, bracket)
    _add(parent, lots if counts else 0, price_ticks, at)


def refuse_steering(envelope: gateway.EventEnvelope) -> None:
    """The gateway did not take a command: what was never started ends, everything else stays what it was."""
    event = envelope.event
    assert isinstance(event, gateway.CommandRefused)
    parent = lock_parent(int(event.command_id.removeprefix(STEER_PREFIX).split(":")[0]))
    if not parent.requested or parent.ended_at is not None:
        return
    at, before = clock.from_ns(envelope.at_ns), publishers.standing(parent)
    parent.requested, parent.reason = "", event.reason
    if parent.state in (ParentState.STAGED, ParentState.APPROVED):
        _end(parent, ParentState.CANCELED, at)
    parent.save()
    publishers.record_parent(parent, "refused", GATEWAY, at, before=before)
    publishers.publish_parent(parent)


def _add(parent: ParentOrder, lots: int, price_ticks: int, at: dt.datetime) -> None:
    parent.cumulative_lots += lots
    parent.traded_tick_lots += lots * price_ticks
    parent.updated_at = max(at, parent.updated_at)
    parent.save(update_fields=["cumulative_lots", "traded_tick_lots", "updated_at"])
    publishers.publish_parent(parent)


def _apply(report: AlgoReport) -> None:
    parent = ParentOrder.objects.select_related("instrument").select_for_update(of=("self",), no_key=True)
    found = parent.filter(id=report.parent_order_id).first()
    if found is None or found.ended_at is not None:
        return
    at, before = clock.from_ns(report.at_ns), publishers.standing(found)
    told = msgspec.to_builtins(report)
    found.progress = {name: value for name, value in told.items() if name not in _NOT_KEPT}
    if report.plan is not None:
        found.plan = [list(entry) for entry in report.plan]
    if report.multileg is not None:
        take_standing(found, report.multileg, report.number)
    found.started_at = clock.from_ns(report.started_at_ns)
    _move(found, report, at)
    found.updated_at = max(at, found.updated_at)
    found.save()
    if report.kind is not AlgoReportKind.PROGRESS:
        publishers.record_parent(found, report.kind.value, GATEWAY, at, before=before)
    publishers.publish_parent(found)


def _move(parent: ParentOrder, report: AlgoReport, at: dt.datetime) -> None:
    state = _STATES.get(report.kind)
    if state is None:
        return
    parent.state, parent.reason = state.value, report.reason
    if parent.requested == _ANSWERED.get(report.kind):
        parent.requested = ""
    if state in (ParentState.DONE, ParentState.CANCELED):
        _end(parent, state, at)


def _end(parent: ParentOrder, state: ParentState, at: dt.datetime) -> None:
    parent.state, parent.ended_at, parent.requested = state.value, at, ""
    close_caps(parent)
