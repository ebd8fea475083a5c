"""Apply what the gateway and the venues say of routes. Runs in the dispatcher's unit of work; once more changes
nothing.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from audit import services as audit
from common import clock, db
from common.actor import GATEWAY, TIMER
from orders import route_publishers as publishers
from orders.domain.routes import RouteStanding, reason_of, reported
from orders.models import ExternalOrder, Route, RouteFill, SplitOrder, VenueBreak
from orders.services import parent_reports
from orders.services.routing import AMEND_ROUTE_PREFIX, CANCEL_ROUTE_PREFIX, ROUTE_PREFIX
from orders.services.venue_rfq_events import apply_ask_refused, apply_venue_rfq, settle_acceptance
from risk import selectors as risk
from settlement import services as settlement
from wire import gateway
from wire import gateway_routes as events
from wire.facts import FillView
from wire.limits import UNKNOWN_AFTER_MS
from wire.measures import Steps, measured
from wire.units import ASSET_DECIMALS, TERMINAL_ORDER_STATES, OrderState, Side, to_smallest_units
from wire.venue_reports import Execution, ExecutionReport, ReportKind

MICRO_DOLLAR_DIGITS = 6
ROUTES_PER_TICK_MAX = 200
ANSWERS = frozenset({ReportKind.NEW, ReportKind.TRADE, ReportKind.CANCELED, ReportKind.REPLACED})
"""Reports that the venue has the order."""


class UnknownRoute(RuntimeError):
    """The gateway speaks of a route that the database does not have: somebody restored one without the other."""


def apply_admitted(envelope: gateway.EventEnvelope) -> None:
    """It leaves for its venue now."""
    event = envelope.event
    assert isinstance(event, events.RouteAdmitted)
    route = lock_route(event.route_id)
    publishers.record_route(route, "route.admitted", GATEWAY, clock.from_ns(envelope.at_ns), before=route.state)


def apply_route_refused(envelope: gateway.EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, events.RouteRefused)
    _reject(event.route_id, event, envelope)


def apply_cancel_requested(envelope: gateway.EventEnvelope) -> None:
    """A client's own request is known; one of a control is news."""
    event = envelope.event
    assert isinstance(event, events.RouteCancelRequested)
    route = lock_route(event.route_id)
    if route.is_cancel_requested or OrderState(route.state) in TERMINAL_ORDER_STATES:
        return
    before = route.state
    route.is_cancel_requested, route.reason = True, event.reason
    if before != OrderState.UNKNOWN:
        route.state = OrderState.PENDING_CANCEL.value
    at = clock.from_ns(envelope.at_ns)
    _save(route, at, awaiting_since=at)
    publishers.record_route(route, "route.cancel_requested", GATEWAY, at, before=before)
    publishers.publish_route(route)


def apply_amend_admitted(envelope: gateway.EventEnvelope) -> None:
    """The venue is asked now."""
    event = envelope.event
    assert isinstance(event, events.RouteAmendAdmitted)
    route = lock_route(event.route_id)
    publishers.record_route(route, "route.amend_admitted", GATEWAY, clock.from_ns(envelope.at_ns), before=route.state)


def apply_amend_refused(envelope: gateway.EventEnvelope) -> None:
    """The route stays what it was, and says why."""
    event = envelope.event
    assert isinstance(event, events.RouteAmendRefused)
    _keep(event.route_id, event, envelope)


def apply_command_refused(envelope: gateway.EventEnvelope) -> None:
    """The gateway could not take a command about a route."""
    event = envelope.event
    assert isinstance(event, gateway.CommandRefused)
    if event.command_id.startswith(ROUTE_PREFIX):
        _reject(int(event.command_id.removeprefix(ROUTE_PREFIX)), event, envelope)
    for prefix in (CANCEL_ROUTE_PREFIX, AMEND_ROUTE_PREFIX):
        if event.command_id.startswith(prefix):
            _keep(int(event.command_id.removeprefix(prefix).split(":")[0]), event, envelope)
    apply_ask_refused(envelope)


def apply_reported(envelope: gateway.EventEnvelope) -> None:
    """A venue's report: of a route, of an order that is none of ours, or of a position. Those of the hot path are of
    ``pairs``.
    """
    event = envelope.event
    assert isinstance(event, events.RouteReported)
    at = clock.from_ns(envelope.at_ns)
    if event.report.kind is ReportKind.STRATEGY:
        return
    if event.report.kind is ReportKind.POSITION:
        _note_position(event.report, at)
    elif event.report.kind is ReportKind.RFQ:
        apply_venue_rfq(event.report, at)
    elif event.route_id == 0:
        _note_external(event.report, at)
    else:
        _apply_report(event, envelope, at)


def mark_unanswered_routes(at: dt.datetime) -> int:
    """Routes whose answer is due for ``UNKNOWN_AFTER_MS`` become unknown; returns how many did."""
    asked_before = at - dt.timedelta(milliseconds=UNKNOWN_AFTER_MS)
    with db.unit_of_work():
        due = Route.objects.filter(awaiting_since__lte=asked_before, order__isnull=True)
        due = due.select_for_update(of=("self",), no_key=True, skip_locked=True).select_related("instrument")
        routes = list(due.order_by("id")[:ROUTES_PER_TICK_MAX])
        for route in routes:
            before, route.state = route.state, OrderState.UNKNOWN.value
            _save(route, at)
            publishers.record_route(route, "route.unanswered", TIMER, at, before=before)
            publishers.publish_route(route)
        return len(routes)


def lock_route(route_id: int) -> Route:
    """Raises UnknownRoute."""
    routes = Route.objects.select_related("instrument").select_for_update(of=("self",), no_key=True)
    route = routes.filter(id=route_id).first()
    if route is None:
        raise UnknownRoute(f"there is no route {route_id}")
    return route


def _apply_report(event: events.RouteReported, envelope: gateway.EventEnvelope, at: dt.datetime) -> None:
    route, report = lock_route(event.route_id), event.report
    if event.report_number <= route.report_number:
        return
    before = route.state
    asked = route.reason if route.is_cancel_requested else ""
    standing = reported(
        RouteStanding(
            state=OrderState(route.state),
            quantity=route.quantity,
            cumulative=route.cumulative_quantity,
            leaves=route.leaves_quantity,
            is_cancel_requested=route.is_cancel_requested,
        ),
        report,
    )
    route.report_number = event.report_number
    route.state, route.quantity = standing.state.value, standing.quantity
    route.cumulative_quantity, route.leaves_quantity = standing.cumulative, standing.leaves
    route.is_cancel_requested = standing.is_cancel_requested
    _take_terms(route, report)
    _take_times(route, report)
    route.reason, route.reason_text = (text[:200] for text in reason_of(report, asked))
    fill = None if report.execution is None else _book(route, event, envelope, report.execution)
    is_due = route.is_cancel_requested and standing.state is OrderState.PENDING_CANCEL
    _save(route, at, awaiting_since=at if is_due else None)
    publishers.record_route(route, f"route.{report.kind.value}", GATEWAY, at, before=before)
    publishers.publish_route(route, fill)
    if fill is not None and route.parent_id is not None:
        parent_reports.add_route_fill(route, lots=event.lots, price_ticks=event.price_ticks, at=at)


def _take_terms(route: Route, report: ExecutionReport) -> None:
    """What an amendment made of it, and what the venue calls it. A venue that names no limit, or one of a market order,
    changes none.
    """
    route.venue_order_id = (report.venue_order_id or route.venue_order_id)[:64]
    if report.kind is ReportKind.REPLACED:
        tick, lot = route.instrument.tick_size, route.instrument.lot_size
        if report.price is not None and route.price is not None:
            route.price, route.price_ticks = report.price, int((report.price / tick).to_integral_value())
        route.quantity_lots = max(1, int((report.quantity / lot).to_integral_value()))


def _take_times(route: Route, report: ExecutionReport) -> None:
    received_at = clock.from_ns(report.received_at_ns)
    if route.sent_at is None and report.sent_at_ns:
        route.sent_at = clock.from_ns(report.sent_at_ns)
    if route.acknowledged_at is None and (report.kind in ANSWERS or (report.sent_at_ns and report.reason)):
        route.acknowledged_at = received_at
    route.last_report_at = received_at


def _book(route: Route, event: events.RouteReported, envelope: gateway.EventEnvelope, execution: Execution) -> FillView:
    """A bust is booked as a fill the other way round, which takes the fee back too."""
    is_bust = event.report.kind is ReportKind.BUST
    side = Side(route.side).opposite if is_bust else Side(route.side)
    sign = -1 if is_bust else 1
    asset = execution.fee_currency
    is_money = asset in ASSET_DECIMALS
    route.busted_quantity += execution.quantity if is_bust else 0
    route.traded_quantity += sign * execution.quantity
    route.traded_value += sign * execution.quantity * execution.price
    if execution.fee:
        total = Decimal(route.fees.get(asset, "0")) + sign * execution.fee
        route.fees = {**route.fees, asset: f"{total:f}"}
    _remember_fill(route, event, execution, side)
    return settlement.book_fill(
        execution_id=event.execution_id,
        account_id=route.account_id,
        firm_id=route.firm_id,
        instrument=route.instrument,
        side=side,
        price=execution.price,
        quantity=execution.quantity,
        liquidity=execution.liquidity,
        counterparty_account_id=0,
        at=clock.from_ns(envelope.at_ns),
        elsewhere=settlement.Elsewhere(
            venue=route.venue,
            route_id=route.pk,
            fee=to_smallest_units(sign * execution.fee, asset) if is_money else 0,
            fee_asset=asset if is_money else route.instrument.terms.settlement_currency,
        ),
        reference_price=Decimal(event.reference_price_micros).scaleb(-MICRO_DOLLAR_DIGITS) or None,
    )


def _remember_fill(route: Route, event: events.RouteReported, execution: Execution, side: Side) -> None:
    is_bust = event.report.kind is ReportKind.BUST
    RouteFill.objects.create(
        route=route,
        venue=route.venue,
        venue_execution_id=execution.execution_id[:64],
        execution_id=event.execution_id,
        report_number=event.report_number,
        side=side.value,
        price=execution.price,
        quantity=execution.quantity,
        liquidity=execution.liquidity.value,
        fee=-execution.fee if is_bust else execution.fee,
        fee_asset=execution.fee_currency[:12],
        is_bust=is_bust,
        at=clock.from_ns(execution.at_ns),
    )


def _reject(
    route_id: int, event: events.RouteRefused | gateway.CommandRefused, envelope: gateway.EventEnvelope
) -> None:
    """Nothing left the gateway."""
    route = lock_route(route_id)
    if OrderState(route.state) in TERMINAL_ORDER_STATES:
        return
    before = route.state
    route.state, route.leaves_quantity = OrderState.REJECTED.value, Decimal(0)
    route.reason, (route.reason_value, route.reason_bound) = event.reason, _measured(route, event)
    at = clock.from_ns(envelope.at_ns)
    _save(route, at)
    publishers.record_route(route, "route.rejected", GATEWAY, at, before=before)
    publishers.publish_route(route)


def _keep(
    route_id: int, event: events.RouteAmendRefused | gateway.CommandRefused, envelope: gateway.EventEnvelope
) -> None:
    """A cancel or an amendment came to nothing: what it was asked of works on, or has ended."""
    route = lock_route(route_id)
    if OrderState(route.state) in TERMINAL_ORDER_STATES:
        return
    before = route.state
    route.reason, (route.reason_value, route.reason_bound) = f"refused: {event.reason}", _measured(route, event)
    at = clock.from_ns(envelope.at_ns)
    _save(route, at, awaiting_since=route.awaiting_since)
    publishers.record_route(route, "route.request_refused", GATEWAY, at, before=before)
    publishers.publish_route(route)


def _measured(
    route: Route, event: events.RouteRefused | events.RouteAmendRefused | gateway.CommandRefused
) -> tuple[str, str]:
    """What was compared, in the units of people."""
    steps = Steps(
        tick_size=route.instrument.tick_size,
        lot_size=route.instrument.lot_size,
        position_value_max=risk.position_value_max(route.account_id, route.instrument.base_currency),
    )
    return measured(event.reason, event.value, event.bound, steps)


def _save(route: Route, at: dt.datetime, *, awaiting_since: dt.datetime | None = None) -> None:
    """``awaiting_since``: from when an answer is due. A split order looks at what its part has become, a request's
    acceptance ends with its legs.
    """
    route.awaiting_since = awaiting_since
    route.updated_at = max(at, route.updated_at)
    route.save()
    if route.venue_rfq_id is not None and OrderState(route.state) in TERMINAL_ORDER_STATES:
        settle_acceptance(route, at)
    if route.split_id is not None:
        SplitOrder.objects.filter(id=route.split_id, ended_at__isnull=True).update(next_look_at=at)


def _note_position(report: ExecutionReport, at: dt.datetime) -> None:
    """A break is opened, moved or ended; each is a record of the house."""
    assert report.expected is not None, "such a report names both positions"
    assert report.held is not None, "such a report names both positions"
    open_break = VenueBreak.objects.select_for_update().filter(
        venue=report.venue, instrument_name=report.name, resolved_at__isnull=True
    ).first()  # fmt: skip
    agrees = report.expected == report.held
    if agrees and open_break is None:
        return
    row = open_break or VenueBreak(venue=report.venue, instrument_name=report.name, since=at)
    if not agrees:
        row.expected, row.held = report.expected, report.held
    row.updated_at = at
    row.resolved_at = max(at, row.since) if agrees else None
    row.save()
    audit.record(
        stream="house",
        action="venue.position_agrees" if agrees else "venue.position_break",
        entity=f"venue:{report.venue}",
        actor=GATEWAY,
        at=at,
        after={"instrument": report.name, "expected": f"{row.expected:f}", "held": f"{row.held:f}"},
    )


def _note_external(report: ExecutionReport, at: dt.datetime) -> None:
    """An order at a venue that Parley did not send is known, and never touched."""
    row = ExternalOrder.objects.select_for_update().filter(
        venue=report.venue, venue_order_id=report.venue_order_id
    ).first()  # fmt: skip
    is_new = row is None
    row = row or ExternalOrder(venue=report.venue, venue_order_id=report.venue_order_id[:64], found_at=at)
    row.instrument_name, row.side = report.name[:64], report.side.value
    row.price, row.quantity, row.cumulative_quantity = report.price, report.quantity, report.cumulative
    row.state, row.updated_at = report.state.value, at
    row.save()
    if is_new:
        audit.record(
            stream="house",
            action="venue.external_order",
            entity=f"venue:{report.venue}",
            actor=GATEWAY,
            at=at,
            after={"venue_order_id": report.venue_order_id, "instrument": report.name, "side": report.side.value,
                   "quantity": f"{report.quantity:f}"},
        )  # fmt: skip
