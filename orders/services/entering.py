"""Orders that a session of the gateway entered: their rows, audit records and facts, written when its events come."""

from common import clock
from common.actor import Actor
from orders import publishers
from orders.domain import lifecycle
from orders.domain.ticket import Amendment
from orders.models import Order, OrderOrigin
from orders.selectors import steps_of
from orders.services.changes import store_status
from orders.services.projecting import is_applied, lock, remember
from wire import gateway
from wire.gateway_algos import ALGO_SESSION
from wire.gateway_entered import AmendEntered, CancelEntered, OrderEntered
from wire.multileg import parent_of_leg

ENTERED_PREFIX = "fix:"
"""Command ids of entered orders, which no client of the terminal gives: followed by the order."""
DISCONNECTED = "the session was disconnected"


def apply_entered(envelope: gateway.EventEnvelope) -> None:
    """The order's row, in the same transaction as the cursor: the event twice changes nothing."""
    event = envelope.event
    assert isinstance(event, OrderEntered)
    if is_applied(envelope):
        return
    at = clock.from_ns(envelope.at_ns)
    order = _store(event, envelope)
    remember(envelope, order, "entered")
    actor = _actor(event.user_id, event.firm_id, event.session)
    publishers.record_change(order, "order.placed", actor, at, command_id=event.client_order_id)
    publishers.publish_change(order)


def apply_cancel_entered(envelope: gateway.EventEnvelope) -> None:
    """Who asked for the cancel; what the engine says of it follows."""
    event = envelope.event
    assert isinstance(event, CancelEntered)
    order = lock(event.order_id)
    if is_applied(envelope):
        return
    at = clock.from_ns(envelope.at_ns)
    before = store_status(order, lifecycle.request_cancel(order.status), at)
    remember(envelope, order, "cancel_entered")
    publishers.record_change(
        order,
        "order.cancel_requested",
        _actor(event.user_id, order.firm_id, event.session),
        at,
        before=before,
        command_id=event.client_order_id,
        reason=DISCONNECTED if event.is_disconnect else "",
    )
    publishers.publish_change(order)


def apply_amend_entered(envelope: gateway.EventEnvelope) -> None:
    """Who asked for the amendment; what the engine says of it follows."""
    event = envelope.event
    assert isinstance(event, AmendEntered)
    order = lock(event.order_id)
    if is_applied(envelope):
        return
    remember(envelope, order, "amend_entered")
    publishers.record_amendment(
        order,
        Amendment(quantity_lots=event.quantity_lots, price_ticks=event.price_ticks),
        _actor(event.user_id, order.firm_id, event.session),
        clock.from_ns(envelope.at_ns),
        command_id=event.client_order_id,
    )


def _actor(user_id: int, firm_id: int, session: str) -> Actor:
    if session == ALGO_SESSION:
        return Actor(user_id=user_id, firm_id=firm_id, via="algo")
    return Actor(user_id=user_id, firm_id=firm_id, via="fix", remote_address=session, session=f"fix:{session}")


def _store(event: OrderEntered, envelope: gateway.EventEnvelope) -> Order:
    at, is_algo = clock.from_ns(envelope.at_ns), event.session == ALGO_SESSION
    tick, lot = steps_of(event.instrument_id)
    Order.objects.create(
        id=event.order_id,
        command_id=f"{ENTERED_PREFIX}{event.order_id}",
        origin=(OrderOrigin.ALGO if is_algo else OrderOrigin.FIX).value,
        parent_id=parent_of_leg(event.parent_order_id) if is_algo else None,
        session=event.session,
        client_order_id=event.client_order_id,
        user_id=event.user_id,
        desk_id=event.desk_id,
        firm_id=event.firm_id,
        account_id=event.account_id,
        instrument_id=event.instrument_id,
        side=event.side.value,
        order_type=event.order_type.value,
        time_in_force=event.time_in_force.value,
        is_post_only=event.is_post_only,
        is_reduce_only=event.is_reduce_only,
        expires_at_ns=event.expires_at_ns,
        display_lots=event.display_lots,
        minimum_lots=event.minimum_lots,
        stop_ticks=event.stop_ticks,
        trigger=event.trigger.value,
        peg_reference=event.peg_reference.value,
        peg_offset_ticks=event.peg_offset_ticks,
        self_match=event.self_match.value,
        confirmed_soft_bound_micros=event.confirmed_soft_bound_micros,
        arrival_mid=event.arrival_mid_half_ticks * tick / 2 or None,
        price=None if event.price_ticks is None else event.price_ticks * tick,
        quantity=event.quantity_lots * lot,
        price_ticks=event.price_ticks,
        quantity_lots=event.quantity_lots,
        state=lifecycle.placed(event.quantity_lots).state.value,
        awaiting_since=at,
        created_at=at,
        updated_at=at,
    )
    return lock(event.order_id)
