"""Apply the gateway's events to orders. Runs in the dispatcher's unit of work; the same event twice changes nothing."""

from collections.abc import Callable
from decimal import Decimal

from accounts import selectors as accounts
from common import clock
from common.actor import GATEWAY
from orders import publishers
from orders.domain import lifecycle
from orders.domain.lifecycle import OrderStatus
from orders.models import Order, OrderEvent
from orders.services import parent_reports
from orders.services.amending import AMEND_PREFIX
from orders.services.canceling import CANCEL_PREFIX
from orders.services.changes import store_status
from orders.services.parents import STEER_PREFIX
from orders.services.placing import PLACE_PREFIX
from risk import selectors as risk
from settlement import services as settlement
from streams import services as streams
from wire import facts, gateway
from wire.facts import FillView
from wire.measures import Steps, measured
from wire.units import ControlScope

MICRO_DOLLAR_DIGITS = 6


class UnknownOrder(RuntimeError):
    """The gateway speaks of an order that the database does not have: somebody restored one without the other."""


def apply_accepted(envelope: gateway.EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.OrderAccepted)
    _apply(envelope, event.order_id, "accepted", lifecycle.accept)


def apply_rejected(envelope: gateway.EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.OrderRejected)
    _apply(envelope, event.order_id, "rejected", _rejection(event.order_id, event))


def apply_canceled(envelope: gateway.EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.OrderCanceled)

    def cancel(status: OrderStatus) -> OrderStatus:
        return lifecycle.cancel(
            status,
            reason=event.reason,
            cumulative_lots=event.cumulative_lots,
            canceled_lots=status.quantity_lots - event.cumulative_lots,
        )

    _apply(envelope, event.order_id, "canceled", cancel)


def apply_cancel_rejected(envelope: gateway.EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.CancelRejected)
    _apply(
        envelope, event.order_id, "cancel_rejected", lambda status: lifecycle.reject_cancel(status, reason=event.reason)
    )


def apply_executed(envelope: gateway.EventEnvelope) -> None:
    """Move the order, book the fill, and tell the firm of both in one fact."""
    event = envelope.event
    assert isinstance(event, gateway.OrderExecuted)
    order = lock(event.order_id)
    if is_applied(envelope):
        return
    assert order.account_id == event.account_id, "an order keeps its account"
    assert order.instrument_id == event.instrument_id, "an order keeps its instrument"
    status = lifecycle.execute(order.status, cumulative_lots=event.cumulative_lots, leaves_lots=event.leaves_lots)
    order.traded_lots += event.quantity_lots
    order.traded_tick_lots += event.price_ticks * event.quantity_lots
    at = clock.from_ns(envelope.at_ns)
    before = store_status(order, status, at, also=("traded_lots", "traded_tick_lots"))
    fill = _book(order, event, envelope)
    remember(envelope, order, "executed", execution_id=event.execution_id)
    publishers.record_change(order, "order.executed", GATEWAY, at, before=before)
    publishers.publish_change(order, fill)
    if order.parent_id is not None:
        parent_reports.add_fill(order, lots=event.quantity_lots, price_ticks=event.price_ticks, at=at)


def apply_amended(envelope: gateway.EventEnvelope) -> None:
    """A new quantity, or price, or both."""
    event = envelope.event
    assert isinstance(event, gateway.OrderAmended)
    _restate(envelope, event.order_id, "amended", event.quantity_lots, event.price_ticks)


def apply_restated(envelope: gateway.EventEnvelope) -> None:
    """The engine took lots off the order."""
    event = envelope.event
    assert isinstance(event, gateway.OrderRestated)
    _restate(envelope, event.order_id, "restated", event.quantity_lots, None)


def apply_triggered(envelope: gateway.EventEnvelope) -> None:
    """A stop acts from now on; where the order stands does not change."""
    event = envelope.event
    assert isinstance(event, gateway.OrderTriggered)
    order = lock(event.order_id)
    if is_applied(envelope):
        return
    order.is_triggered = True
    at = clock.from_ns(envelope.at_ns)
    before = store_status(order, order.status, at, also=("is_triggered",))
    remember(envelope, order, "triggered")
    publishers.record_change(order, "order.triggered", GATEWAY, at, before=before)
    publishers.publish_change(order)


def apply_amend_rejected(envelope: gateway.EventEnvelope) -> None:
    """The order stays what it was, and says why."""
    event = envelope.event
    assert isinstance(event, gateway.AmendRejected)
    _apply(envelope, event.order_id, "amend_rejected", _amend_rejection(event.order_id, event))


def _restate(
    envelope: gateway.EventEnvelope, order_id: int, kind: str, quantity_lots: int, price_ticks: int | None
) -> None:
    order = lock(order_id)
    if is_applied(envelope):
        return
    status = lifecycle.restate(order.status, quantity_lots=quantity_lots)
    order.quantity_lots = status.quantity_lots
    order.quantity = status.quantity_lots * order.instrument.lot_size
    if price_ticks is not None:
        order.price_ticks = price_ticks
        order.price = price_ticks * order.instrument.tick_size
    at = clock.from_ns(envelope.at_ns)
    before = store_status(order, status, at, also=("quantity_lots", "quantity", "price_ticks", "price"))
    remember(envelope, order, kind)
    publishers.record_change(order, f"order.{kind}", GATEWAY, at, before=before)
    publishers.publish_change(order)


def apply_refused(envelope: gateway.EventEnvelope) -> None:
    """The gateway could not read a command: an order on its way is rejected, a cancel did not happen."""
    event = envelope.event
    assert isinstance(event, gateway.CommandRefused)
    if event.command_id.startswith(PLACE_PREFIX):
        order_id = int(event.command_id.removeprefix(PLACE_PREFIX))
        _apply(envelope, order_id, "rejected", _rejection(order_id, event))
    elif event.command_id.startswith(CANCEL_PREFIX):
        order_id = int(event.command_id.removeprefix(CANCEL_PREFIX))
        _apply(
            envelope, order_id, "cancel_rejected", lambda status: lifecycle.reject_cancel(status, reason=event.reason)
        )
    elif event.command_id.startswith(AMEND_PREFIX):
        order_id = int(event.command_id.removeprefix(AMEND_PREFIX).split(":")[0])
        _apply(envelope, order_id, "amend_rejected", _amend_rejection(order_id, event))
    elif event.command_id.startswith(STEER_PREFIX):
        parent_reports.refuse_steering(envelope)


def apply_cancel_all_done(envelope: gateway.EventEnvelope) -> None:
    """Tell the firm whose orders were canceled; a wider scope is told order by order."""
    event = envelope.event
    assert isinstance(event, gateway.CancelAllDone)
    firm_id = _firm_of(event.scope, event.scope_id)
    if firm_id is not None:
        streams.publish_fact(
            firm_id=firm_id,
            fact=facts.CancelAllDone(
                scope=event.scope.value, scope_id=event.scope_id, orders_canceled=event.orders_canceled
            ),
        )


def _firm_of(scope: ControlScope, scope_id: int) -> int | None:
    if scope is ControlScope.FIRM:
        return scope_id
    if scope is ControlScope.ACCOUNT:
        return accounts.get_account(scope_id).firm_id
    if scope is ControlScope.USER:
        return accounts.get_user(scope_id).firm_id
    return None


def _rejection(
    order_id: int, event: gateway.OrderRejected | gateway.CommandRefused
) -> Callable[[OrderStatus], OrderStatus]:
    value, bound = _measured(order_id, event)
    return lambda status: lifecycle.reject(status, reason=event.reason, value=value, bound=bound)


def _amend_rejection(
    order_id: int, event: gateway.AmendRejected | gateway.CommandRefused
) -> Callable[[OrderStatus], OrderStatus]:
    value, bound = _measured(order_id, event)
    return lambda status: lifecycle.reject_amend(status, reason=event.reason, value=value, bound=bound)


def _measured(
    order_id: int, event: gateway.OrderRejected | gateway.AmendRejected | gateway.CommandRefused
) -> tuple[str, str]:
    """What was compared is kept in the units of people: the terms of a contract never change."""
    order = lock(order_id)
    position_value_max = risk.position_value_max(order.account_id, order.instrument.base_currency)
    steps = Steps(
        tick_size=order.instrument.tick_size,
        lot_size=order.instrument.lot_size,
        position_value_max=position_value_max,
    )
    return measured(event.reason, event.value, event.bound, steps)


def _apply(
    envelope: gateway.EventEnvelope, order_id: int, kind: str, change: Callable[[OrderStatus], OrderStatus]
) -> None:
    order = lock(order_id)
    if is_applied(envelope):
        return
    status = change(order.status)
    is_news = status != order.status
    at = clock.from_ns(envelope.at_ns)
    before = order.state
    if is_news:
        store_status(order, status, at)
    remember(envelope, order, kind)
    if is_news:
        publishers.record_change(order, f"order.{kind}", GATEWAY, at, before=before)
        publishers.publish_change(order)


def lock(order_id: int) -> Order:
    """Raises UnknownOrder."""
    orders = Order.objects.select_related("instrument").select_for_update(of=("self",), no_key=True)
    order = orders.filter(id=order_id).first()
    if order is None:
        raise UnknownOrder(f"there is no order {order_id}")
    return order


def is_applied(envelope: gateway.EventEnvelope) -> bool:
    """Whether the order has taken the event before."""
    return OrderEvent.objects.filter(event_number=envelope.event_number).exists()


def remember(envelope: gateway.EventEnvelope, order: Order, kind: str, *, execution_id: int | None = None) -> None:
    """The order has taken the event."""
    OrderEvent.objects.create(
        order=order,
        event_number=envelope.event_number,
        journal_sequence=envelope.journal_sequence,
        at_ns=envelope.at_ns,
        kind=kind,
        execution_id=execution_id,
        state=order.state,
    )


def _book(order: Order, event: gateway.OrderExecuted, envelope: gateway.EventEnvelope) -> FillView:
    return settlement.book_fill(
        execution_id=event.execution_id,
        account_id=event.account_id,
        firm_id=order.firm_id,
        instrument=order.instrument,
        side=event.side,
        price=event.price_ticks * order.instrument.tick_size,
        quantity=event.quantity_lots * order.instrument.lot_size,
        liquidity=event.liquidity,
        counterparty_account_id=event.counterparty_account_id,
        at=clock.from_ns(envelope.at_ns),
        order_id=order.pk,
        reference_price=Decimal(event.reference_price_micros).scaleb(-MICRO_DOLLAR_DIGITS) or None,
    )
