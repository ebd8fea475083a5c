"""A ticket becomes an order: row, audit record, fact and gateway command in one transaction."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from accounts import roles
from accounts import selectors as accounts
from common import clock, db
from common.actor import Actor
from common.errors import NotAllowed
from market import oracle
from market import selectors as market
from orders import publishers
from orders.domain.lifecycle import placed
from orders.domain.ticket import Ticket, check_ticket
from orders.models import Order
from orders.services import commands
from orders.services.admission import check_admission
from streams import services as streams
from wire import gateway
from wire.client import PlaceOrder
from wire.limits import COMMAND_VALID_MS
from wire.units import (
    NANOSECONDS_PER_MS,
    OrderType,
    PegReference,
    SelfMatch,
    Side,
    StopTrigger,
    TimeInForce,
)

if TYPE_CHECKING:
    from accounts.models import Account, User
    from market.models import Instrument


def place_order(*, user: User, actor: Actor, message: PlaceOrder, at: dt.datetime) -> Order:
    """Place an order for an account of the user's firm. Its state is pending_new until the gateway says more.

    Idempotent by (user, command_id). Raises Refusal: not_authorized, unknown_account, unknown_instrument,
    instrument_not_trading, the reasons of ``check_ticket``, gateway_unavailable, stale_market, command_id_reused.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return Order.objects.select_related("instrument").get(id=taken.entity_id)
        account = accounts.get_account_for(user, message.account_id)
        instrument = market.get_instrument(message.instrument_name)
        ticket = check_ticket(message, instrument.terms, clock.to_ns(at))
        ticker = check_admission(instrument, clock.to_ns(at))
        order = _new(user, account, instrument, message, ticket, at)
        order.arrival_mid = oracle.mid_of(ticker)
        order.save()
        commands.answer(taken, entity="order", entity_id=order.pk)
        publishers.record_change(order, "order.placed", actor, at, command_id=message.command_id)
        publishers.publish_change(order)
        streams.send_to_gateway(gateway_command(order, at))
        return order


def check_may_trade(user: User) -> None:
    """Raises NotAllowed where the user's role places no orders."""
    if not roles.may_trade(user):
        raise NotAllowed("not_authorized", "your role places no orders", value=user.role, bound="trader, client")


def _new(
    user: User, account: Account, instrument: Instrument, message: PlaceOrder, ticket: Ticket, at: dt.datetime
) -> Order:
    status = placed(ticket.quantity_lots)
    return Order(
        command_id=message.command_id,
        user=user,
        desk_id=user.desk_id or account.desk_id,
        firm_id=account.firm_id,
        account=account,
        instrument=instrument,
        side=message.side.value,
        order_type=message.order_type.value,
        time_in_force=ticket.time_in_force.value,
        is_post_only=message.is_post_only,
        is_reduce_only=ticket.terms.is_reduce_only,
        expires_at_ns=ticket.terms.expires_at_ns,
        display_lots=ticket.terms.display_lots,
        minimum_lots=ticket.terms.minimum_lots,
        stop_ticks=ticket.terms.stop_ticks,
        trigger=ticket.terms.trigger.value,
        peg_reference=ticket.terms.peg_reference.value,
        peg_offset_ticks=ticket.terms.peg_offset_ticks,
        self_match=ticket.terms.self_match.value,
        confirmed_soft_bound_micros=ticket.terms.confirmed_soft_bound_micros,
        price=ticket.price,
        quantity=ticket.quantity,
        price_ticks=ticket.price_ticks,
        quantity_lots=ticket.quantity_lots,
        state=status.state.value,
        awaiting_since=at,
        created_at=at,
        updated_at=at,
    )


def gateway_command(order: Order, at: dt.datetime) -> gateway.PlaceOrder:
    return gateway.PlaceOrder(
        command_id=f"{PLACE_PREFIX}{order.pk}",
        valid_until_ns=clock.to_ns(at) + COMMAND_VALID_MS * NANOSECONDS_PER_MS,
        order_id=order.pk,
        account_id=order.account_id,
        user_id=order.user_id,
        desk_id=order.desk_id,
        firm_id=order.firm_id,
        instrument_id=order.instrument_id,
        side=Side(order.side),
        order_type=OrderType(order.order_type),
        time_in_force=TimeInForce(order.time_in_force),
        quantity_lots=order.quantity_lots,
        price_ticks=order.price_ticks,
        is_post_only=order.is_post_only,
        is_reduce_only=order.is_reduce_only,
        expires_at_ns=order.expires_at_ns,
        display_lots=order.display_lots,
        minimum_lots=order.minimum_lots,
        stop_ticks=order.stop_ticks,
        trigger=StopTrigger(order.trigger),
        peg_reference=PegReference(order.peg_reference),
        peg_offset_ticks=order.peg_offset_ticks,
        self_match=SelfMatch(order.self_match),
        confirmed_soft_bound_micros=order.confirmed_soft_bound_micros,
    )


PLACE_PREFIX = "place-order:"
"""Gateway command ids of orders: an answer that only names the command finds its order by it."""
