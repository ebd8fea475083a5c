"""ExecutionReport, OrderCancelReject and OrderMassCancelReport, written from what an order is and what became of it."""

import dataclasses
from typing import Any

from gateway.fix import values
from gateway.fix.dialect import Dialect
from gateway.fix.message import Field, Outgoing
from gateway.fix.order_book import Change, ChangeKind
from gateway.fix.order_record import OrderRecord
from gateway.registry import Contract
from wire.measures import Steps, measured
from wire.units import Liquidity, OrderState, OrderType

NONE = "NONE"
STATUSES = {
    OrderState.PENDING_NEW: "A",
    OrderState.NEW: "0",
    OrderState.PARTIALLY_FILLED: "1",
    OrderState.FILLED: "2",
    OrderState.CANCELED: "4",
    OrderState.REJECTED: "8",
    OrderState.EXPIRED: "C",
}
"""OrdStatus (39)."""
NEW, CANCELED, REPLACED, REJECTED, EXPIRED, RESTATED = "0", "4", "5", "8", "C", "D"
"""ExecType (150)."""
CANCEL_REQUEST, REPLACE_REQUEST = "1", "2"
"""CxlRejResponseTo (434)."""
UNKNOWN_ORDER, DUPLICATE_ID = 1, 6
STATUS_UNKNOWN = 5
"""OrdRejReason (103) of the answer to a status request about an order that nobody knows."""
REJECT_REASONS = {
    "unknown_instrument": 1,
    "instrument_not_trading": 2,
    "instrument_phase": 2,
    "trading_state": 2,
    "max_order_quantity": 3,
    "max_order_value": 3,
    "position": 3,
    "margin_headroom": 25,
    "customer_credit": 25,
    "firm_capital": 25,
    "command_expired": 4,
    "duplicate_order": 6,
    "reduce_only": 11,
    "post_only_would_trade": 11,
    "post_only_not_combinable": 11,
    "terms_not_combinable": 11,
    "invalid_terms": 11,
    "invalid_quantity": 13,
    "no_limits": 15,
    "price_collar": 16,
    "price_band": 16,
    "invalid_price": 18,
    "stale_or_jumped_market": 19,
}
"""OrdRejReason (103) of a control's name; 99 for the others."""
CANCEL_REASONS = {"too_late_to_cancel": 0, "unknown_order": 1, "duplicate_order": 6}
"""CxlRejReason (102)."""
RESTATEMENT_PARTIAL_DECLINE = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes for one session: its dialect, and whether what it gets is a drop copy."""

    dialect: Dialect
    is_copy: bool = False

    def of_change(self, change: Change, contract: Contract) -> Outgoing | None:
        """None where the session is told nothing."""
        if change.kind is ChangeKind.ENTERED:
            return None
        if change.kind in (ChangeKind.CANCEL_REJECTED, ChangeKind.REPLACE_REJECTED):
            return self._refusal(change, contract) if change.request and not self.is_copy else None
        execution_type, extra = self._what(change, contract)
        return self.report(
            change.order,
            contract,
            execution_id=change.execution_id,
            execution_type=execution_type,
            at_ns=change.envelope.at_ns,
            request=change.request,
            before=change.before,
            extra=extra,
        )

    def report(
        self,
        order: OrderRecord,
        contract: Contract,
        *,
        execution_id: str,
        execution_type: str | None,
        at_ns: int,
        request: str = "",
        before: str = "",
        extra: tuple[Field, ...] = (),
    ) -> Outgoing:
        """``execution_type`` None: the status of the order, as OrderStatusRequest asks."""
        status = self._status(order, execution_type)
        if execution_type is None:
            execution_type = self.dialect.status_type or status
            transaction = "3"
        else:
            transaction = "0"
        head: list[Field] = [(37, str(order.order_id)), (17, execution_id)]
        if self.dialect.has_transaction_type:
            head.append((20, transaction))
        head += [(150, execution_type), (39, status)]
        if own := request or order.client_order_id:
            head.append((11, own))
        if request and before and before != request:
            head.append((41, before))
        if self.is_copy and self.dialect.has_copy_indicator:
            head.append((797, "Y"))
        return Outgoing(
            "8",
            (
                *head,
                *_terms(order, contract, self.dialect),
                *_quantities(order, contract),
                *extra,
                (60, values.time_text(at_ns)),
            ),
        )

    def _status(self, order: OrderRecord, execution_type: str | None) -> str:
        if execution_type == REPLACED and self.dialect.replaced_status and order.state is OrderState.NEW:
            return self.dialect.replaced_status
        return STATUSES[order.state]

    def _what(self, change: Change, contract: Contract) -> tuple[str, tuple[Field, ...]]:
        kind, event, dialect = change.kind, change.event, self.dialect
        if kind is ChangeKind.CANCELED:
            return self._canceled(change)
        if kind is ChangeKind.REJECTED:
            reason = REJECT_REASONS.get(event.reason, 99)
            return REJECTED, ((103, dialect.reject_reason(reason)), (58, said(event, contract)))
        if kind is ChangeKind.TRADED:
            is_full = change.order.state is OrderState.FILLED
            return (dialect.trade_full if is_full else dialect.trade_partial), _fill(event, contract, dialect)
        if kind is ChangeKind.REPLACED and not change.request:
            return RESTATED, ((378, str(dialect.restated_other)), (58, "amended"))
        return self._plain(kind, event)

    def _plain(self, kind: ChangeKind, event: Any) -> tuple[str, tuple[Field, ...]]:
        other = (378, str(self.dialect.restated_other))
        triggered = self.dialect.triggered_type
        said_so: dict[ChangeKind, tuple[str, tuple[Field, ...]]] = {
            ChangeKind.NEW: (NEW, ()),
            ChangeKind.REPLACED: (REPLACED, ()),
            ChangeKind.TRIGGERED: (triggered, ((other,) if triggered == RESTATED else ()) + ((58, "triggered"),)),
        }
        if kind in said_so:
            return said_so[kind]
        return RESTATED, ((378, str(RESTATEMENT_PARTIAL_DECLINE)), (58, event.reason))

    def _canceled(self, change: Change) -> tuple[str, tuple[Field, ...]]:
        extra: list[Field] = []
        if change.event.reason == "disconnected" and self.dialect.disconnected is not None:
            extra.append((378, str(self.dialect.disconnected)))
        if not change.request:
            extra.append((58, change.event.reason))
        return (EXPIRED if change.order.state is OrderState.EXPIRED else CANCELED), tuple(extra)

    def _refusal(self, change: Change, contract: Contract) -> Outgoing:
        to = CANCEL_REQUEST if change.kind is ChangeKind.CANCEL_REJECTED else REPLACE_REQUEST
        return self.cancel_reject(
            order=change.order,
            request=change.request,
            original=change.before,
            response_to=to,
            reason=CANCEL_REASONS.get(change.event.reason, 99),
            text=said(change.event, contract) if hasattr(change.event, "value") else change.event.reason,
            at_ns=change.envelope.at_ns,
        )

    def cancel_reject(
        self,
        *,
        order: OrderRecord | None,
        request: str,
        original: str,
        response_to: str,
        reason: int,
        text: str,
        at_ns: int,
    ) -> Outgoing:
        """``order`` None: nobody knows it."""
        return Outgoing(
            "9",
            (
                (37, str(order.order_id) if order else NONE),
                (11, request),
                (41, original),
                (39, STATUSES[order.state] if order else "8"),
                (434, response_to),
                (102, self.dialect.cancel_reason(reason)),
                (58, text),
                (60, values.time_text(at_ns)),
            ),
        )

    def rejection(
        self, *, execution_id: str, fields: tuple[Field, ...], reason: int, text: str, at_ns: int
    ) -> Outgoing:
        """Of an order that was never entered; ``fields``: what its message said of itself."""
        is_status = reason == STATUS_UNKNOWN
        transaction: tuple[Field, ...] = ()
        if self.dialect.has_transaction_type:
            transaction = ((20, "3" if is_status else "0"),)
        kind = (self.dialect.status_type or REJECTED) if is_status else REJECTED
        head = ((37, NONE), (17, execution_id), *transaction, (150, kind), (39, "8"))
        amounts = ((151, "0"), (14, "0"), (6, "0"))
        why = ((103, self.dialect.reject_reason(reason)), (58, text), (60, values.time_text(at_ns)))
        return Outgoing("8", (*head, *fields, *amounts, *why))


def said(event: Any, contract: Contract) -> str:
    """A control's name with what it compared, in the units of people."""
    steps = Steps(tick_size=contract.terms.tick_size, lot_size=contract.terms.lot_size)
    value, bound = measured(event.reason, event.value, event.bound, steps)
    parts = [event.reason, *([f"value {value}"] if value else []), *([f"bound {bound}"] if bound else [])]
    return ": ".join([parts[0], ", ".join(parts[1:])]) if len(parts) > 1 else parts[0]


def _terms(order: OrderRecord, contract: Contract, dialect: Dialect) -> list[Field]:
    terms = order.terms
    fields: list[Field] = [
        (1, str(terms.account_id)),
        (55, order.symbol or contract.name),
        (54, values.SIDE_WORDS[terms.side]),
        (38, contract.quantity_text(order.quantity_lots)),
        (40, values.ORDER_TYPE_WORDS[terms.order_type]),
        (59, values.TIME_IN_FORCE_WORDS[terms.time_in_force]),
    ]
    if order.price_ticks is not None:
        fields.append((44, contract.price_text(order.price_ticks)))
    if terms.stop_ticks:
        fields.append((99, contract.price_text(terms.stop_ticks)))
    if terms.expires_at_ns:
        fields.append((126, values.time_text(terms.expires_at_ns)))
    if terms.display_lots:
        fields.append((dialect.display_tag, contract.quantity_text(terms.display_lots)))
    if terms.minimum_lots:
        fields.append((110, contract.quantity_text(terms.minimum_lots)))
    if terms.order_type is OrderType.PEG and terms.peg_offset_ticks:
        fields.append((211, contract.price_text(terms.peg_offset_ticks)))
    return fields


def _quantities(order: OrderRecord, contract: Contract) -> tuple[Field, ...]:
    return (
        (151, contract.quantity_text(order.leaves_lots)),
        (14, contract.quantity_text(order.cumulative_lots)),
        (6, order.average_price(contract.terms.tick_size)),
    )


def _fill(event: Any, contract: Contract, dialect: Dialect) -> tuple[Field, ...]:
    fields: tuple[Field, ...] = (
        (32, contract.quantity_text(event.quantity_lots)),
        (31, contract.price_text(event.price_ticks)),
    )
    if dialect.has_liquidity:
        fields += ((851, "1" if event.liquidity is Liquidity.MAKER else "2"),)
    return fields
