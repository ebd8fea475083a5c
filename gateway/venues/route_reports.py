"""What of a venue's report the engine counts: lots of ours, which may be coarser than the venue's steps."""

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

import msgspec

from gateway.venues.execution import ExecutionReport, ReportKind
from wire.instruments import InstrumentTerms, UnknownInstrumentName, parse_instrument_name
from wire.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.units import TERMINAL_ORDER_STATES
from wire.venue_reports import REPORT_BYTES_MAX, find_route_id

REASON_LENGTH_MAX = 200
EngineReport = tuple[str, int, int, bool, int, int, int, str]
"""venue, number, route, is an execution, lots, price in ticks, leaves in lots, all of it as JSON"""
_encode = msgspec.json.Encoder().encode


def engine_report(report: ExecutionReport) -> EngineReport:
    """Arguments of ``Engine.report_route``. A function of the report alone: the same again gives the same.

    Raises ValueError for one that no venue should make: of too many bytes, lots or ticks.
    """
    encoded = _encode(msgspec.structs.replace(report, reason=report.reason[:REASON_LENGTH_MAX]))
    _check("bytes", len(encoded), REPORT_BYTES_MAX)
    text = encoded.decode()
    terms = _find_terms(report.name)
    route_id = find_route_id(report.client_order_id)
    if route_id == 0 or terms is None:
        return report.venue, report.number, 0, False, 0, 0, 0, text
    execution = report.execution if report.kind in (ReportKind.TRADE, ReportKind.BUST) else None
    lots = price_ticks = 0
    if execution is not None:
        moved = -execution.quantity if report.kind is ReportKind.BUST else execution.quantity
        lots = _lots(report.cumulative, terms) - _lots(report.cumulative - moved, terms)
        price_ticks = max(0, int((execution.price / terms.tick_size).to_integral_value(ROUND_HALF_EVEN)))
    leaves_lots = int((max(report.leaves, Decimal(0)) / terms.lot_size).to_integral_value(ROUND_CEILING))
    if report.state not in TERMINAL_ORDER_STATES:
        leaves_lots = max(leaves_lots, 1)
    _check("lots", max(abs(lots), leaves_lots), QUANTITY_LOTS_MAX)
    _check("ticks", price_ticks, PRICE_TICKS_MAX)
    return report.venue, report.number, route_id, execution is not None, lots, price_ticks, leaves_lots, text


def _check(what: str, value: int, most: int) -> None:
    if value > most:
        raise ValueError(f"{value} {what} in a report, at most {most}")


def _lots(quantity: Decimal, terms: InstrumentTerms) -> int:
    """The nearest whole number: of a sum, so that parts of lots never add up to a lot too many."""
    return int((quantity / terms.lot_size).to_integral_value(ROUND_HALF_EVEN))


def _find_terms(name: str) -> InstrumentTerms | None:
    try:
        return parse_instrument_name(name)
    except UnknownInstrumentName:
        return None
