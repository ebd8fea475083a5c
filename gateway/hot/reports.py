"""What the engine journals of the hot path: each record of its log once, by its number. A function of the record."""

from decimal import Decimal

import msgspec

from wire.pairs import TICKS_PER_DOLLAR, AnyPairTold, PairOrderTold, StrategyOwner, StrategyReport
from wire.units import OrderState, Side
from wire.venue_reports import REPORT_BYTES_MAX, ExecutionReport, ReportKind

EngineReport = tuple[str, int, int, bool, int, int, int, str]
"""As ``gateway.venues.route_reports.EngineReport``; route 0: the path's own gate has counted it."""
TEXT_LENGTH_MAX = 300
NOTHING = Decimal(0)
_encode = msgspec.json.Encoder().encode


def engine_report(venue: str, owner: StrategyOwner, number: int, told: AnyPairTold) -> EngineReport:
    """Arguments of ``Engine.report_route``."""
    order = told if isinstance(told, PairOrderTold) else None
    report = ExecutionReport(
        number=number,
        venue=venue,
        kind=ReportKind.STRATEGY,
        client_order_id=str(order.order_id) if order else "",
        venue_order_id="",
        name=order.symbol if order else "",
        side=order.side if order else Side.BUY,
        state=OrderState.NEW if order and order.leaves_lots else OrderState.CANCELED,
        quantity=Decimal(order.lots) if order else NOTHING,
        price=Decimal(order.price_ticks) / TICKS_PER_DOLLAR if order else None,
        cumulative=NOTHING,
        leaves=Decimal(order.leaves_lots) if order else NOTHING,
        canceled=NOTHING,
        received_at_ns=told.at_ns,
        strategy=StrategyReport(owner=owner, told=_short(told)),
    )
    encoded = _encode(report)
    assert len(encoded) <= REPORT_BYTES_MAX, "texts were cut"
    return venue, number, 0, False, 0, 0, 0, encoded.decode()


def _short(told: AnyPairTold) -> AnyPairTold:
    """What others wrote may be long."""
    fields = {
        name: value[:TEXT_LENGTH_MAX]
        for name in ("why", "content", "reason")
        if isinstance(value := getattr(told, name, None), str)
    }
    return msgspec.structs.replace(told, **fields) if fields else told
