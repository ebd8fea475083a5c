"""Every order that FIX sessions may hear of, kept up from the engine's events: a projection of the journal.

It remembers the ClOrdIDs of each session, those of finished orders up to ``FINISHED_ORDERS_MAX``, so that a repeat gets
the same answer. Orders of the terminal are here too, for drop copies.
"""

import dataclasses
import enum
from collections import OrderedDict
from typing import Any

from gateway.engine import RawEvent
from gateway.events import EVENT_TYPES, decode_event
from gateway.fix.order_record import OrderRecord, OrderTerms
from gateway.registry import Registry
from wire import gateway, gateway_entered
from wire.units import OrderState

FINISHED_ORDERS_MAX = 65_536
"""Finished orders whose ids and standing are still known; as many as the engine knows."""
CLIENT_ORDER_IDS_MAX = 1_000
"""Ids that one order keeps, its own and those of its newest requests."""


_ENTERED = EVENT_TYPES.index(gateway_entered.OrderEntered)


class ChangeKind(enum.Enum):
    ENTERED = enum.auto()
    NEW = enum.auto()
    REJECTED = enum.auto()
    TRADED = enum.auto()
    CANCELED = enum.auto()
    CANCEL_REJECTED = enum.auto()
    REPLACED = enum.auto()
    REPLACE_REJECTED = enum.auto()
    TRIGGERED = enum.auto()
    RESTATED = enum.auto()


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What an event did to an order. ``request``: ClOrdID of the request that it answers, empty where there was none;
    ``before``: the ClOrdID that the order had. ``order`` is as it stands after the event.
    """

    kind: ChangeKind
    order: OrderRecord
    envelope: gateway.EventEnvelope
    request: str = ""
    before: str = ""

    @property
    def event(self) -> Any:
        return self.envelope.event

    @property
    def execution_id(self) -> str:
        """Unique for ever: the event's place in the journal."""
        return f"{self.envelope.journal_sequence}-{self.envelope.index}"


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What a ClOrdID of a session was given to."""

    order_id: int
    is_request: bool


class OrderBook:
    """``touched``: ids of orders that changed since whoever keeps them looked; ``forgotten``: those no longer kept."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.orders: dict[int, OrderRecord] = {}
        self._known: dict[tuple[str, str], Known] = {}
        self._by_session: dict[str, dict[int, OrderRecord]] = {}
        self._finished: OrderedDict[int, None] = OrderedDict()
        self.touched: set[int] = set()
        self.forgotten: set[int] = set()
        self._request: tuple[int, int, str] = (0, 0, "")
        """(journal sequence, order, ClOrdID) of the request whose answer follows it."""
        self._appliers: dict[int, Any] = {
            EVENT_TYPES.index(kind): apply
            for kind, apply in {
                gateway_entered.OrderEntered: self._entered,
                gateway_entered.CancelEntered: self._requested,
                gateway_entered.AmendEntered: self._requested,
                gateway.OrderAccepted: self._accepted,
                gateway.OrderRejected: self._rejected,
                gateway.OrderExecuted: self._executed,
                gateway.OrderCanceled: self._canceled,
                gateway.CancelRejected: self._cancel_rejected,
                gateway.OrderAmended: self._amended,
                gateway.AmendRejected: self._amend_rejected,
                gateway.OrderTriggered: self._triggered,
                gateway.OrderRestated: self._restated,
            }.items()
        }

    def find(self, session: str, client_order_id: str) -> OrderRecord | None:
        known = self._known.get((session, client_order_id))
        return None if known is None else self.orders.get(known.order_id)

    def find_known(self, session: str, client_order_id: str) -> Known | None:
        return self._known.get((session, client_order_id))

    def working(self, session: str) -> list[OrderRecord]:
        """By order id."""
        found = self._by_session.get(session, {})
        return [found[order_id] for order_id in sorted(found) if not found[order_id].is_ended]

    def kept(self, session: str) -> list[OrderRecord]:
        """Working and finished, by order id."""
        found = self._by_session.get(session, {})
        return [found[order_id] for order_id in sorted(found)]

    def sessions(self) -> list[str]:
        return list(self._by_session)

    def take(self, record: OrderRecord) -> None:
        """An order on its way to the engine, or one that was kept on disk."""
        self.orders[record.order_id] = record
        if record.session:
            self._by_session.setdefault(record.session, {})[record.order_id] = record
            for at, client_order_id in enumerate(record.client_order_ids):
                self._known[record.session, client_order_id] = Known(record.order_id, is_request=at > 0)
        self.touched.add(record.order_id)
        if record.is_ended:
            self._finish(record)

    def take_request(self, record: OrderRecord, client_order_id: str) -> None:
        """A request on its way to the engine: its id is taken from now on."""
        if not client_order_id or (record.session, client_order_id) in self._known:
            return
        record.client_order_ids.append(client_order_id)
        self._known[record.session, client_order_id] = Known(record.order_id, is_request=True)
        if len(record.client_order_ids) > CLIENT_ORDER_IDS_MAX:
            self._known.pop((record.session, record.client_order_ids.pop(1)), None)
        self.touched.add(record.order_id)

    def take_command(self, command: gateway.PlaceOrder) -> OrderRecord:
        """An order of the terminal is on its way to the engine."""
        record = self._record(command, session="", client_order_id="")
        self.take(record)
        return record

    def apply(self, raw: RawEvent) -> Change | None:
        """What the event says of an order; None where it is about something else, or an order that is not known."""
        applier = self._appliers.get(raw[5])
        if applier is None:
            return None
        if raw[5] == _ENTERED:
            return self._entered(decode_event(raw))
        order = self.orders.get(raw[6][0])  # type: ignore[call-overload]  # the first field of these events is the order
        if order is None:
            return None
        envelope = decode_event(raw)
        self.touched.add(order.order_id)
        change: Change | None = applier(order, envelope)
        if order.is_ended:
            self._finish(order)
        return change

    def _record(self, placed: Any, *, session: str, client_order_id: str) -> OrderRecord:
        contract = self._registry.find(placed.instrument_id)
        fields = {name: getattr(placed, name) for name in OrderTerms.__struct_fields__}
        return OrderRecord(
            order_id=placed.order_id,
            session=session,
            client_order_id=client_order_id,
            firm_id=placed.firm_id,
            user_id=placed.user_id,
            symbol=contract.name if contract else "",
            terms=OrderTerms(**fields),
            quantity_lots=placed.quantity_lots,
            price_ticks=placed.price_ticks,
            client_order_ids=[client_order_id] if client_order_id else [],
        )

    def _entered(self, envelope: gateway.EventEnvelope) -> Change:
        event = envelope.event
        assert isinstance(event, gateway_entered.OrderEntered)
        order = self.orders.get(event.order_id)
        if order is None:
            order = self._record(event, session=event.session, client_order_id=event.client_order_id)
            self.take(order)
        return Change(ChangeKind.ENTERED, order, envelope)

    def _requested(self, order: OrderRecord, envelope: gateway.EventEnvelope) -> None:
        event: Any = envelope.event
        self._request = (envelope.journal_sequence, order.order_id, event.client_order_id)
        if event.session == order.session:
            self.take_request(order, event.client_order_id)

    def _answered(self, order: OrderRecord, envelope: gateway.EventEnvelope) -> str:
        sequence, order_id, client_order_id = self._request
        is_answer = (sequence, order_id) == (envelope.journal_sequence, order.order_id)
        return client_order_id if is_answer else ""

    def _accepted(self, order: OrderRecord, envelope: gateway.EventEnvelope) -> Change:
        order.state = OrderState.NEW
        return Change(ChangeKind.NEW, order, envelope)

    def _rejected(self, order: OrderRecord, envelope: gateway.EventEnvelope) -> Change | None:
        if order.state is not OrderState.PENDING_NEW:
            return None
        event: Any = envelope.event
        order.state, order.reason, order.canceled_lots = OrderState.REJECTED, event.reason, order.quantity_lots
        return Change(ChangeKind.REJECTED, order, envelope)

    def _executed(self, order: OrderRecord, envelope: gateway.EventEnvelope) -> Change:
        event: Any = envelope.event
        order.cumulative_lots = event.cumulative_lots
        order.traded_tick_lots += event.price_ticks * event.quantity_lots
        is_filled = event.cumulative_lots == order.quantity_lots
        order.state = OrderState.FILLED if is_filled else OrderState.PARTIALLY_FILLED
        return Change(ChangeKind.TRADED, order, envelope)

    def _canceled(self, order: OrderRecord, envelope: gateway.EventEnvelope) -> Change:
        event: Any = envelope.event
        order.state = OrderState.EXPIRED if event.reason == "expired" else OrderState.CANCELED
        order.reason = event.reason
        order.canceled_lots = order.quantity_lots - event.cumulative_lots
        return Change(ChangeKind.CANCELED, order, envelope, self._answered(order, envelope), order.client_order_id)

    def _cancel_rejected(self, order: OrderRecord, envelope: gateway.EventEnvelope) -> Change:
        answered = self._answered(order, envelope)
        return Change(ChangeKind.CANCEL_REJECTED, order, envelope, answered, order.client_order_id)

    def _amended(self, order: OrderRecord, envelope: gateway.EventEnvelope) -> Change:
        event: Any = envelope.event
        before, answered = order.client_order_id, self._answered(order, envelope)
        order.quantity_lots = event.quantity_lots
        if event.price_ticks is not None:
            order.price_ticks = event.price_ticks
        order.client_order_id = answered or before
        return Change(ChangeKind.REPLACED, order, envelope, answered, before)

    def _amend_rejected(self, order: OrderRecord, envelope: gateway.EventEnvelope) -> Change:
        answered = self._answered(order, envelope)
        return Change(ChangeKind.REPLACE_REJECTED, order, envelope, answered, order.client_order_id)

    def _triggered(self, order: OrderRecord, envelope: gateway.EventEnvelope) -> Change:
        return Change(ChangeKind.TRIGGERED, order, envelope)

    def _restated(self, order: OrderRecord, envelope: gateway.EventEnvelope) -> Change:
        event: Any = envelope.event
        order.quantity_lots = event.quantity_lots
        return Change(ChangeKind.RESTATED, order, envelope)

    def _finish(self, order: OrderRecord) -> None:
        self._finished[order.order_id] = None
        while len(self._finished) > FINISHED_ORDERS_MAX:
            oldest, _ = self._finished.popitem(last=False)
            self._forget(self.orders.pop(oldest))

    def _forget(self, order: OrderRecord) -> None:
        self._by_session.get(order.session, {}).pop(order.order_id, None)
        for client_order_id in order.client_order_ids:
            self._known.pop((order.session, client_order_id), None)
        self.touched.discard(order.order_id)
        self.forgotten.add(order.order_id)
