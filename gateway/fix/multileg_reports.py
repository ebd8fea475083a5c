"""What sessions are told of their multi-leg orders, as messages of FIX 4.4 and 5.0 SP2: a pure function, like
``gateway.fix.rfq_reports``.

An ExecutionReport is about the structure (442=3, at its net price) or about a fill of one of its legs (442=2).
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from gateway.fix import reports, values
from gateway.fix.dialect import FIX44, FIX50, Dialect
from gateway.fix.message import Field, Outgoing
from gateway.fix.multileg_messages import LIMIT, MULTILEG, NO_SYMBOL
from gateway.fix.order_messages import OTHER
from wire.fix_multileg import (
    EnterMultileg,
    MultilegEvent,
    MultilegLeg,
    MultilegLegFilled,
    MultilegOrder,
    MultilegRefused,
    MultilegRequestRefused,
    MultilegStatus,
    MultilegTold,
    NoMultilegs,
    multileg_name,
)
from wire.units import Side, TimeInForce

STATUSES = {
    MultilegStatus.PENDING_NEW: "A",
    MultilegStatus.NEW: "0",
    MultilegStatus.PARTIALLY_FILLED: "1",
    MultilegStatus.FILLED: "2",
    MultilegStatus.PENDING_CANCEL: "6",
    MultilegStatus.SUSPENDED: "9",
    MultilegStatus.CANCELED: "4",
    MultilegStatus.EXPIRED: "C",
    MultilegStatus.REJECTED: "8",
}
"""OrdStatus (39)."""
EVENTS = {
    MultilegEvent.PENDING_NEW: "A",
    MultilegEvent.NEW: "0",
    MultilegEvent.TRADE: "F",
    MultilegEvent.PENDING_CANCEL: "6",
    MultilegEvent.CANCELED: "4",
    MultilegEvent.REPLACED: "5",
    MultilegEvent.EXPIRED: "C",
    MultilegEvent.REJECTED: "8",
    MultilegEvent.SUSPENDED: "9",
    MultilegEvent.RESTATED: "D",
    MultilegEvent.STATUS: "I",
}
"""ExecType (150)."""
LEG, STRUCTURE = "2", "3"
"""MultiLegReportingType (442)."""
NO_REPORT = "0"
"""ExecID (17) of a report that is no event."""
REASONS = {
    "duplicate_order": reports.DUPLICATE_ID,
    "unknown_order": reports.UNKNOWN_ORDER,
    "too_late_to_cancel": 0,
    "expiry_passed": 4,
    "fok_not_legged": 11,
    "time_not_legged": 11,
    "quantity_off_grid": 13,
    "net_price_off_grid": 18,
    "unknown_account": 15,
}
"""OrdRejReason (103) of an order and CxlRejReason (102) of a request, beside those of ``gateway.fix.reports``."""
DISCONNECTED = "disconnected"


class MultilegReports:
    """Of one version of the standard."""

    def __init__(self, *, is_fix44: bool) -> None:
        self._dialect: Dialect = FIX44 if is_fix44 else FIX50
        self.by_type: dict[type, Callable[[Any], Iterable[Outgoing]]] = {
            MultilegTold: self._told,
            MultilegLegFilled: self._leg_filled,
            MultilegRefused: self._refused,
            MultilegRequestRefused: self._request_refused,
            NoMultilegs: self._none,
        }

    def _told(self, news: MultilegTold) -> Iterable[Outgoing]:
        order = news.order
        body: list[Field] = [(37, multileg_name(order.parent_order_id)), (17, news.execution_id)]
        body += [(150, EVENTS[news.event]), (39, STATUSES[order.status])]
        body.append((11, news.request_id or order.client_order_id))
        body += [(41, news.original)] if news.original else []
        body += [(797, "Y")] if news.is_copy else []
        body += [*_structure(order), *_amounts(order)]
        body += [(32, news.last_quantity), (31, news.last_price)] if news.last_quantity else []
        body += [(790, news.status_request_id)] if news.status_request_id else []
        if news.mass_id:
            body += [(584, news.mass_id), (911, str(news.total)), (912, "Y" if news.is_last else "N")]
        body += self._why(news)
        yield Outgoing("8", (*body, (442, STRUCTURE), (60, values.time_text(news.at_ns))))

    def _why(self, news: MultilegTold) -> list[Field]:
        fields: list[Field] = []
        if news.event is MultilegEvent.REJECTED:
            fields.append((103, self._reject_reason(news.reason)))
        if news.event is MultilegEvent.RESTATED:
            fields.append((378, str(self._dialect.restated_other)))
        if news.event is MultilegEvent.CANCELED and news.reason == DISCONNECTED:
            fields.append((378, str(self._dialect.disconnected)))
        text = _text(news.reason, news.text)
        return [*fields, *([(58, text)] if text else [])]

    def _leg_filled(self, news: MultilegLegFilled) -> Iterable[Outgoing]:
        order, fill, leg = news.order, news.fill, news.order.legs[news.leg]
        left = max(Decimal(0), Decimal(news.quantity) - Decimal(news.filled_quantity))
        status = MultilegStatus.PARTIALLY_FILLED if left else MultilegStatus.FILLED
        body: list[Field] = [
            (37, multileg_name(order.parent_order_id)),
            (17, f"T{fill.execution_id}-{values.SIDE_WORDS[fill.side]}"),
            (150, EVENTS[MultilegEvent.TRADE]),
            (39, STATUSES[status]),
            (11, order.client_order_id),
            (1, str(fill.account_id)),
            (55, fill.instrument_name),
            (54, values.SIDE_WORDS[fill.side]),
            (38, news.quantity),
            (32, fill.quantity),
            (31, fill.price),
            (151, values.plain(left)),
            (14, news.filled_quantity),
            (6, news.average_price),
            (851, "1" if fill.liquidity == "maker" else "2"),
            (555, "1"),
            *_leg(leg),
        ]
        body += [(58, news.text)] if news.text else []
        yield Outgoing("8", (*body, (442, LEG), (60, values.time_text(fill.at_ns))))

    def _refused(self, news: MultilegRefused) -> Iterable[Outgoing]:
        is_status = news.action is None
        fields: tuple[Field, ...] = ((11, news.client_order_id),) if news.client_order_id else ()
        if news.action is not None:
            fields += _entered(news.action)
        else:
            fields += ((55, NO_SYMBOL), (167, MULTILEG), (54, values.SIDE_WORDS[Side.BUY]))
        fields += ((790, news.status_request_id),) if news.status_request_id else ()
        reason = self._reject_reason("status_unknown" if is_status else news.reason)
        amounts: tuple[Field, ...] = ((151, "0"), (14, "0"), (6, "0"), (442, STRUCTURE))
        kind = EVENTS[MultilegEvent.STATUS if is_status else MultilegEvent.REJECTED]
        head: tuple[Field, ...] = ((37, reports.NONE), (17, news.execution_id), (150, kind), (39, "8"))
        why: tuple[Field, ...] = ((103, reason), (58, _text(news.reason, news.text)))
        yield Outgoing("8", (*head, *fields, *amounts, *why, (60, values.time_text(news.at_ns))))

    def _request_refused(self, news: MultilegRequestRefused) -> Iterable[Outgoing]:
        order = news.order
        number = REASONS.get(news.reason, reports.CANCEL_REASONS.get(news.reason, OTHER))
        body: tuple[Field, ...] = (
            (37, multileg_name(order.parent_order_id) if order else reports.NONE),
            (11, news.request_id),
            (41, news.original or reports.NONE),
            (39, STATUSES[order.status] if order else "8"),
            (434, reports.REPLACE_REQUEST if news.is_replacement else reports.CANCEL_REQUEST),
            (102, self._dialect.cancel_reason(number)),
            (58, _text(news.reason, news.text)),
            (60, values.time_text(news.at_ns)),
        )
        yield Outgoing("9", body)

    def _none(self, news: NoMultilegs) -> Iterable[Outgoing]:
        body: tuple[Field, ...] = (
            (37, reports.NONE),
            (17, NO_REPORT),
            (150, EVENTS[MultilegEvent.STATUS]),
            (39, "8"),
            (55, NO_SYMBOL),
            (167, MULTILEG),
            (54, values.SIDE_WORDS[Side.BUY]),
            (584, news.mass_id),
            (911, "0"),
            (912, "Y"),
            (151, "0"),
            (14, "0"),
            (6, "0"),
            (103, self._reject_reason("status_unknown")),
            (58, "no multi-leg order works"),
            (60, values.time_text(news.at_ns)),
        )
        yield Outgoing("8", body)

    def _reject_reason(self, name: str) -> str:
        known = {**reports.REJECT_REASONS, **REASONS, "status_unknown": reports.STATUS_UNKNOWN}
        return self._dialect.reject_reason(known.get(name, OTHER))


def _structure(order: MultilegOrder) -> list[Field]:
    fields: list[Field] = [
        (1, str(order.account_id)),
        (55, NO_SYMBOL),
        (167, MULTILEG),
        (54, values.SIDE_WORDS[order.side]),
        (38, order.quantity),
        (40, LIMIT),
        (44, order.net_price),
        (59, values.TIME_IN_FORCE_WORDS[order.time_in_force]),
    ]
    if order.time_in_force is TimeInForce.GTD:
        fields.append((126, values.time_text(order.expires_at_ns)))
    fields.append((555, str(len(order.legs))))
    return [*fields, *(field for leg in order.legs for field in _leg(leg))]


def _amounts(order: MultilegOrder) -> tuple[Field, ...]:
    return ((151, order.leaves_quantity), (14, order.filled_quantity), (6, order.average_price))


def _leg(leg: MultilegLeg) -> tuple[Field, ...]:
    reference = ((654, leg.reference),) if leg.reference else ()
    return ((600, leg.instrument_name), (623, str(leg.ratio)), (624, values.SIDE_WORDS[leg.side]), *reference)


def _entered(action: EnterMultileg) -> tuple[Field, ...]:
    """What the message of an order that was not taken said of itself."""
    return (
        (1, str(action.account_id)),
        (55, NO_SYMBOL),
        (167, MULTILEG),
        (54, values.SIDE_WORDS[action.side]),
        (38, action.quantity),
        (40, LIMIT),
        (44, action.parameters.net_price),
        (59, values.TIME_IN_FORCE_WORDS[action.parameters.time_in_force]),
    )


def _text(reason: str, text: str) -> str:
    return f"{reason}: {text}" if reason and text else reason or text
