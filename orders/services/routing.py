"""An order for another venue: row, audit record, fact and gateway command in one transaction."""

from __future__ import annotations

import datetime as dt
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING

from accounts import selectors as accounts
from common import clock, db
from common.actor import Actor
from common.errors import Conflict, Refusal
from market import oracle
from market import selectors as market
from orders import route_publishers as publishers
from orders import route_selectors as selectors
from orders.domain.grid import steps
from orders.domain.routes import check_route
from orders.models import Route, VenueRfq
from orders.services import commands
from orders.services.admission import check_admission
from orders.services.canceling import request_order_cancel
from orders.services.placing import check_may_trade
from orders.services.projecting import lock
from orders.services.venue_links import check_venue
from streams import services as streams
from wire import gateway_routes as gateway
from wire.client import AmendRoute, CancelRoute, PlaceRoute
from wire.limits import COMMAND_VALID_MS, PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.units import (
    NANOSECONDS_PER_MS,
    TERMINAL_ORDER_STATES,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from wire.venue_reports import OWN_BOOK, client_order_id
from wire.venue_rfqs import BlockLeg

if TYPE_CHECKING:
    from accounts.models import User

ROUTE_PREFIX = "place-route:"
"""Gateway command ids of routes: an answer that only names the command finds its route by it."""
CANCEL_ROUTE_PREFIX = "cancel-route:"
AMEND_ROUTE_PREFIX = "amend-route:"
TOKEN_BYTES = 3
SPLIT_PARENTS_FROM = 2**51
"""Ids under which the risk gate counts the parts of split orders; those of parent orders lie below."""


def place_route(*, user: User, actor: Actor, message: PlaceRoute, at: dt.datetime) -> Route:
    """Send an order to a venue for an account of the user's firm. It is pending_new until the venue says more.

    Idempotent by (user, command_id). Raises Refusal: those of ``place_order``, order_type_not_routed,
    time_in_force_not_routed, unknown_venue, venue_not_ready.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return Route.objects.select_related("instrument").get(id=taken.entity_id)
        account = accounts.get_account_for(user, message.account_id)
        instrument = market.get_instrument(message.instrument_name)
        ticket = check_route(message, instrument.terms, clock.to_ns(at))
        ticker = check_admission(instrument, clock.to_ns(at))
        check_venue(message.venue, clock.to_ns(at))
        route = Route(
            command_id=message.command_id,
            user=user,
            desk_id=user.desk_id or account.desk_id,
            firm_id=account.firm_id,
            account=account,
            instrument=instrument,
            venue=message.venue,
            side=message.side.value,
            order_type=message.order_type.value,
            time_in_force=ticket.time_in_force.value,
            is_post_only=message.is_post_only,
            is_reduce_only=message.is_reduce_only,
            confirmed_soft_bound_micros=ticket.terms.confirmed_soft_bound_micros,
            price=ticket.price,
            price_ticks=ticket.price_ticks,
            quantity=ticket.quantity,
            quantity_lots=ticket.quantity_lots,
            arrival_mid=oracle.mid_of(ticker),
        )
        send_route(route, actor, at)
        commands.answer(taken, entity="route", entity_id=route.pk)
        return route


def send_route(route: Route, actor: Actor, at: dt.datetime) -> None:
    """Store a new route and send it, in the caller's unit of work; whoever calls has checked what it asks for."""
    route.client_order_id = f"new-{secrets.token_hex(12)}"
    route.leaves_quantity = route.quantity
    route.state = OrderState.PENDING_NEW.value
    route.created_at = route.updated_at = route.awaiting_since = at
    route.save()
    route.client_order_id = client_order_id(route.pk, secrets.token_hex(TOKEN_BYTES))
    route.save(update_fields=["client_order_id"])
    publishers.record_route(route, "route.placed", actor, at, command_id=route.command_id)
    publishers.publish_route(route)
    streams.send_to_gateway(gateway_command(route, at))


def cancel_route(*, user: User, actor: Actor, message: CancelRoute, at: dt.datetime) -> Route:
    """Ask for a cancel of a route of the user's firm. Idempotent by (user, command_id).

    Raises Refusal: not_authorized, unknown_route, route_not_working, command_id_reused.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return Route.objects.select_related("instrument").get(id=taken.entity_id)
        route = lock_own_route(user, message.route_id)
        _check_working(route)
        commands.answer(taken, entity="route", entity_id=route.pk)
        request_cancel(route, actor, at, command_id=message.command_id)
        return route


def request_cancel(route: Route, actor: Actor, at: dt.datetime, *, command_id: str = "") -> None:
    """Of a route that works and is locked, in the caller's unit of work; in our own book its order is canceled."""
    if route.order_id is not None:
        request_order_cancel(lock(route.order_id), actor, at, command_id=command_id)
        return
    before = route.state
    route.is_cancel_requested, route.reason, route.reason_text = True, "requested", ""
    route.state = OrderState.PENDING_CANCEL.value
    route.awaiting_since = route.updated_at = at
    route.save(update_fields=["is_cancel_requested", "reason", "reason_text", "state", "awaiting_since", "updated_at"])
    publishers.record_route(route, "route.cancel_requested", actor, at, before=before, command_id=command_id)
    publishers.publish_route(route)
    streams.send_to_gateway(gateway.CancelRoute(command_id=f"{CANCEL_ROUTE_PREFIX}{route.pk}", route_id=route.pk))


def amend_route(*, user: User, actor: Actor, message: AmendRoute, at: dt.datetime) -> Route:
    """Ask for another quantity or price of a route that works. What it becomes, the venue says.

    Raises Refusal: not_authorized, unknown_route, route_not_working, nothing_to_amend, price_forbidden,
    quantity_executed, part_of_a_split, part_of_a_parent, the reasons of a quantity or a price off the grid,
    gateway_unavailable, stale_market, unknown_venue, venue_not_ready, command_id_reused.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return Route.objects.select_related("instrument").get(id=taken.entity_id)
        route = lock_own_route(user, message.route_id)
        _check_working(route)
        quantity_lots, price_ticks = _check_amendment(route, message)
        check_admission(route.instrument, clock.to_ns(at))
        check_venue(route.venue, clock.to_ns(at))
        commands.answer(taken, entity="route", entity_id=route.pk)
        publishers.record_route(
            route, "route.amend_requested", actor, at, before=route.state, command_id=message.command_id
        )
        streams.send_to_gateway(
            gateway.AmendRoute(
                command_id=f"{AMEND_ROUTE_PREFIX}{route.pk}:{taken.id}",
                valid_until_ns=clock.to_ns(at) + COMMAND_VALID_MS * NANOSECONDS_PER_MS,
                route_id=route.pk,
                quantity_lots=quantity_lots,
                price_ticks=price_ticks,
            )
        )
        return route


def lock_own_route(user: User, route_id: int) -> Route:
    """Raises NotFound. An order in our own book is locked before its route, as whoever projects its events takes
    them.
    """
    assert user.firm_id is not None, "who trades has a firm"
    order_id = Route.objects.filter(id=route_id, firm_id=user.firm_id).values_list("order_id", flat=True).first()
    if order_id is not None:
        lock(order_id)
    routes = Route.objects.select_related("instrument").select_for_update(of=("self",), no_key=True)
    route = routes.filter(id=route_id, firm_id=user.firm_id).first()
    if route is None:
        raise selectors.route_not_found(route_id)
    return route


def gateway_command(route: Route, at: dt.datetime) -> gateway.PlaceRoute:
    return gateway.PlaceRoute(
        command_id=f"{ROUTE_PREFIX}{route.pk}",
        valid_until_ns=clock.to_ns(at) + COMMAND_VALID_MS * NANOSECONDS_PER_MS,
        route_id=route.pk,
        venue=route.venue,
        client_order_id=route.client_order_id,
        account_id=route.account_id,
        user_id=route.user_id,
        desk_id=route.desk_id,
        firm_id=route.firm_id,
        instrument_id=route.instrument_id,
        side=Side(route.side),
        order_type=OrderType(route.order_type),
        time_in_force=TimeInForce(route.time_in_force),
        quantity_lots=route.quantity_lots,
        price_ticks=route.price_ticks,
        is_post_only=route.is_post_only,
        is_reduce_only=route.is_reduce_only,
        parent_order_id=route.parent_id or (SPLIT_PARENTS_FROM + route.split_id if route.split_id else 0),
        confirmed_soft_bound_micros=route.confirmed_soft_bound_micros,
        block=None if route.venue_rfq is None else _block_leg(route, route.venue_rfq),
    )


def _block_leg(route: Route, rfq: VenueRfq) -> BlockLeg:
    assert rfq.accepted_price is not None, "an acceptance has a price"
    return BlockLeg(
        label=rfq.label,
        acceptance=f"{rfq.label}:{route.acceptance}",
        legs=rfq.legs.count(),
        side=Side(rfq.accepted_side),
        price=rfq.accepted_price,
        quantity=rfq.quantity,
    )


def _check_working(route: Route) -> None:
    if OrderState(route.state) in TERMINAL_ORDER_STATES:
        raise Conflict(
            "route_not_working", f"route {route.pk} is {route.state} already", value=route.state, bound="working"
        )


def _check_amendment(route: Route, message: AmendRoute) -> tuple[int | None, int | None]:
    if message.quantity is None and message.price is None:
        raise Refusal("nothing_to_amend", "an amendment names a quantity, a price or both")
    if route.split_id is not None or route.venue == OWN_BOOK:
        raise Conflict("part_of_a_split", "a part of a split order is routed anew, not amended", value=route.split_id)
    if route.parent_id is not None:
        raise Conflict("part_of_a_parent", "an algorithm moves its own orders", value=route.parent_id)
    if message.price is not None and route.order_type == OrderType.MARKET:
        raise Refusal("price_forbidden", "a market order has no price", value=message.price)
    terms = route.instrument.terms
    quantity_lots = price_ticks = None
    if message.quantity is not None:
        quantity_lots = steps("quantity", Decimal(message.quantity), terms.lot_size, QUANTITY_LOTS_MAX)
        if Decimal(message.quantity) <= route.cumulative_quantity:
            raise Refusal(
                "quantity_executed", "that much has traded already", value=message.quantity,
                bound=route.cumulative_quantity,
            )  # fmt: skip
    if message.price is not None:
        price_ticks = steps("price", Decimal(message.price), terms.tick_size, PRICE_TICKS_MAX)
    return quantity_lots, price_ticks
