"""What a venue's report of a child means to its algorithm."""

from strategies.algos import CancelRefused, ChildBusted, ChildEnded, ChildFilled, ChildRestated, ChildShown, Input
from wire.gateway_routes import RouteReported
from wire.venue_reports import ReportKind

REASON_MAX = 120


def inputs_of_report(event: RouteReported, *, child: int, at_ns: int) -> list[Input]:
    """In their order. A report that leaves everything as it was, as one of doubt, means nothing: the child is counted
    as working until the venue has said otherwise.
    """
    report, inputs = event.report, list[Input]()
    if event.lots > 0:
        inputs.append(ChildFilled(at_ns=at_ns, child=child, lots=event.lots, price_ticks=event.price_ticks))
    elif event.lots < 0:
        inputs.append(ChildBusted(at_ns=at_ns, child=child, lots=-event.lots, price_ticks=event.price_ticks))
    reason = report.reason[:REASON_MAX] or report.kind.value
    if event.leaves_lots == 0:
        is_rejected = report.kind is ReportKind.REJECTED
        inputs.append(ChildEnded(at_ns=at_ns, child=child, reason=reason, is_rejected=is_rejected))
    elif report.kind is ReportKind.NEW:
        inputs.append(ChildShown(at_ns=at_ns, child=child))
    elif report.kind is ReportKind.REPLACED:
        inputs.append(ChildRestated(at_ns=at_ns, child=child, leaves_lots=event.leaves_lots, reason=reason))
    elif report.kind is ReportKind.CANCEL_REJECTED:
        inputs.append(CancelRefused(at_ns=at_ns, child=child))
    return inputs
