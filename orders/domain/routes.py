"""What a route must satisfy before anything is written, and what it is called when its venue says no."""

import dataclasses
import re
from decimal import Decimal

from common.errors import Refusal
from orders.domain.ticket import Ticket, check_ticket
from wire.client import PlaceOrder, PlaceRoute
from wire.instruments import InstrumentTerms
from wire.units import TERMINAL_ORDER_STATES, OrderState, OrderType, TimeInForce
from wire.venue_reports import ExecutionReport, ReportKind

ORDER_TYPES = (OrderType.LIMIT, OrderType.MARKET)
TIMES_IN_FORCE = (TimeInForce.GTC, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK)
_NAMED = re.compile(r"(?:-?[0-9]+ )?([a-z][a-z0-9_]{2,60})")


@dataclasses.dataclass(frozen=True, kw_only=True)
class RouteStanding:
    """Quantities in contracts, as the venue counts them."""

    state: OrderState
    quantity: Decimal
    cumulative: Decimal
    leaves: Decimal
    is_cancel_requested: bool


def check_route(message: PlaceRoute, terms: InstrumentTerms, now_ns: int) -> Ticket:
    """The ticket in ticks and lots. Raises Refusal: order_type_not_routed, time_in_force_not_routed and the reasons of
    ``check_ticket``.
    """
    if message.order_type not in ORDER_TYPES:
        raise Refusal(
            "order_type_not_routed", "other venues take limit and market orders", value=message.order_type.value,
            bound=", ".join(ORDER_TYPES),
        )  # fmt: skip
    if message.time_in_force not in TIMES_IN_FORCE:
        raise Refusal(
            "time_in_force_not_routed", "no venue is asked for that", value=message.time_in_force.value,
            bound=", ".join(TIMES_IN_FORCE),
        )  # fmt: skip
    order = PlaceOrder(
        command_id=message.command_id,
        account_id=message.account_id,
        instrument_name=message.instrument_name,
        side=message.side,
        order_type=message.order_type,
        quantity=message.quantity,
        price=message.price,
        time_in_force=message.time_in_force,
        is_post_only=message.is_post_only,
        is_reduce_only=message.is_reduce_only,
        confirmed_soft_bound=message.confirmed_soft_bound,
    )
    return check_ticket(order, terms, now_ns)


def reported(before: RouteStanding, report: ExecutionReport) -> RouteStanding:
    """Where a route stands after a report. The venue is the truth; that a cancel was asked for is ours."""
    is_over = report.state in TERMINAL_ORDER_STATES
    is_asked = before.is_cancel_requested and not is_over and report.kind is not ReportKind.CANCEL_REJECTED
    state = report.state
    if is_asked and state in (OrderState.NEW, OrderState.PARTIALLY_FILLED):
        state = OrderState.PENDING_CANCEL
    return RouteStanding(
        state=state,
        quantity=report.quantity,
        cumulative=report.cumulative,
        leaves=Decimal(0) if is_over else report.leaves,
        is_cancel_requested=is_asked,
    )


def reason_of(report: ExecutionReport, asked: str) -> tuple[str, str]:
    """(name, the venue's own words) of why a route was rejected or canceled; both empty where nothing is to be said.

    ``asked``: why we asked for a cancel; empty: nobody did.
    """
    text = report.reason
    match = _NAMED.fullmatch(text)
    name = match[1] if match else ""
    if report.kind is ReportKind.REJECTED:
        return name or "rejected_by_venue", text
    if report.kind is ReportKind.CANCELED:
        return name or asked or "canceled_by_venue", text
    if report.kind is ReportKind.CANCEL_REJECTED:
        return f"cancel rejected: {name or 'by the venue'}", text
    if report.kind is ReportKind.AMEND_REJECTED:
        return f"amend rejected: {name or 'by the venue'}", text
    return asked, ""
