"""One order over several venues: the plan that was confirmed leaves at once, what it leaves open is routed anew.

The rows are the state machine: it goes on after any process was killed. Never more is out than was asked: counted here
under the lock of the split order, and once more by the engine (``orders_out_vs_orders_in``).
"""

from __future__ import annotations

import datetime as dt
import logging
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from accounts import selectors as accounts
from audit import services as audit
from common import clock, db, valkey
from common.actor import TIMER, Actor
from common.errors import Conflict, NotFound, Refusal
from market import oracle, routing
from market import selectors as market
from orders import publishers as order_publishers
from orders import route_publishers as publishers
from orders.domain import splits
from orders.domain.grid import steps
from orders.domain.lifecycle import placed
from orders.domain.splits import PartStanding
from orders.models import Order, Route, SplitOrder
from orders.services import commands
from orders.services.admission import check_admission
from orders.services.own_book import PART_PREFIX
from orders.services.placing import check_may_trade
from orders.services.placing import gateway_command as order_command
from orders.services.routing import SPLIT_PARENTS_FROM, check_venue, request_cancel, send_route
from orders.split_previews import own_fee_ppm
from streams import services as streams
from wire.algos import ParentState
from wire.client import CancelSplit, PlaceBest
from wire.gateway_controls import SetParentOrder
from wire.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.units import TERMINAL_ORDER_STATES, OrderState, OrderType, Side, TimeInForce
from wire.venue_reports import OWN_BOOK, client_order_id

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""What is open is routed anew at the latest so often."""
SPLITS_PER_TICK_MAX = 50
TERMINAL = [state.value for state in TERMINAL_ORDER_STATES]


def place_best(*, user: User, actor: Actor, message: PlaceBest, at: dt.datetime) -> SplitOrder:
    """Split an order as its plan says, which a person saw. Idempotent by (user, command_id).

    Raises Refusal: those of ``place_route``, plan_exceeds_order, plan_beyond_limit, venue_twice.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return SplitOrder.objects.select_related("instrument").get(id=taken.entity_id)
        account = accounts.get_account_for(user, message.account_id)
        instrument = market.get_instrument(message.instrument_name)
        ticker = check_admission(instrument, clock.to_ns(at))
        split = SplitOrder(
            command_id=message.command_id, user=user, desk_id=user.desk_id or account.desk_id,
            firm_id=account.firm_id, account=account, instrument=instrument, side=message.side.value,
            state=ParentState.WORKING.value, created_at=at, updated_at=at, next_look_at=_next_look(at),
            arrival_mid=oracle.mid_of(ticker),
        )  # fmt: skip
        parts = _check_plan(split, message, at)
        split.save()
        commands.answer(taken, entity="split", entity_id=split.pk)
        _admit(split)
        _record(split, "split.placed", actor, at, command_id=message.command_id)
        _send_parts(split, parts, actor, at)
        publishers.publish_split(split, list(split.routes.all()))
        return split


def cancel_split(*, user: User, actor: Actor, message: CancelSplit, at: dt.datetime) -> SplitOrder:
    """Nothing more leaves, and what works is canceled. Raises Refusal: not_authorized, unknown_split, split_ended."""
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return SplitOrder.objects.select_related("instrument").get(id=taken.entity_id)
        assert user.firm_id is not None, "who trades has a firm"
        routes = _lock_parts(user.firm_id, message.split_id)
        split = _locked().filter(id=message.split_id, firm_id=user.firm_id).first()
        if split is None:
            raise NotFound("unknown_split", f"you have no split order {message.split_id}", value=message.split_id)
        if split.ended_at is not None:
            raise Conflict("split_ended", "it has ended already", value=split.state, bound="working")
        commands.answer(taken, entity="split", entity_id=split.pk)
        for route in routes:
            if route.state not in TERMINAL and not route.is_cancel_requested:
                request_cancel(route, actor, at, command_id=message.command_id)
        _end(split, _routes_of(split), ParentState.CANCELED, "requested", actor, at)
        return split


def reroute_due(at: dt.datetime) -> int:
    """Look at split orders whose time has come; returns how many. A market that cannot be read puts them off."""
    with db.unit_of_work():
        due = _locked(skip_locked=True).filter(next_look_at__lte=at).order_by("next_look_at")
        found = list(due[:SPLITS_PER_TICK_MAX])
        for split in found:
            _look_at(split, at)
        return len(found)


def _look_at(split: SplitOrder, at: dt.datetime) -> None:
    routes, now_ns = _routes_of(split), clock.to_ns(at)
    parts = [_standing(split, route) for route in routes]
    free = splits.free_lots(split.quantity_lots, parts)
    is_working = any(not part.is_over for part in parts)
    if free and split.rounds < splits.ROUNDS_MAX and _route_anew(split, parts, free, at):
        split.rounds += 1
    elif not is_working and (not free or _is_given_up(split, routes, now_ns)):
        reason = "" if not free else "nothing_left_to_take"
        _end(split, routes, ParentState.DONE, reason, TIMER, at)
        return
    split.next_look_at, split.updated_at = _next_look(at), at
    split.save()
    publishers.publish_split(split, list(split.routes.all()))


def _route_anew(split: SplitOrder, standing: list[PartStanding], lots: int, at: dt.datetime) -> bool:
    """Whether anything left. The limit is the order's; what was confirmed is never exceeded."""
    terms, now_ns = split.instrument.terms, clock.to_ns(at)
    try:
        check_admission(split.instrument, now_ns)
        plan = routing.plan_split(
            terms, Side(split.side), lots, split.price_ticks, now_ns,
            own_fee_ppm=own_fee_ppm(terms, split.price_ticks),
            left_out=splits.left_out(standing, now_ns), penalized=splits.penalized(standing, now_ns),
        )  # fmt: skip
    except (Refusal, *valkey.Unreachable) as error:
        log.warning("split order %d is not routed anew now: %s", split.pk, error)
        return False
    parts = [(part.venue, part.quantity_lots, part.price_ticks) for part in plan.parts]
    assert sum(each for _, each, _ in parts) <= lots, "a plan never exceeds what is free"
    if not parts:
        return False
    _record(split, "split.rerouted", TIMER, at)
    _send_parts(split, parts, TIMER, at)
    return True


def _is_given_up(split: SplitOrder, routes: list[Route], now_ns: int) -> bool:
    last_ns = max((clock.to_ns(route.updated_at) for route in routes), default=clock.to_ns(split.created_at))
    return split.rounds >= splits.ROUNDS_MAX or now_ns - last_ns >= splits.GIVE_UP_NS


def _check_plan(split: SplitOrder, message: PlaceBest, at: dt.datetime) -> list[tuple[str, int, int]]:
    """(venue, lots, price in ticks) of each part."""
    terms, side = split.instrument.terms, message.side
    split.price = Decimal(message.price)
    split.price_ticks = steps("price", split.price, terms.tick_size, PRICE_TICKS_MAX)
    split.quantity_lots = steps("quantity", Decimal(message.quantity), terms.lot_size, QUANTITY_LOTS_MAX)
    parts = [
        (
            part.venue,
            steps("quantity", Decimal(part.quantity), terms.lot_size, QUANTITY_LOTS_MAX),
            steps("price", Decimal(part.price), terms.tick_size, PRICE_TICKS_MAX),
        )
        for part in message.parts
    ]
    if len({venue for venue, _, _ in parts}) < len(parts):
        raise Refusal("venue_twice", "a plan names each venue once", value=len(parts))
    planned = sum(lots for _, lots, _ in parts)
    if planned > split.quantity_lots:
        bound = split.quantity_lots * terms.lot_size
        value = planned * terms.lot_size
        raise Refusal("plan_exceeds_order", "the parts are more than the order", value=value, bound=bound)
    for venue, _, ticks in parts:
        if (ticks - split.price_ticks) * side.sign > 0:
            value = ticks * terms.tick_size
            why = f"the part at {venue} is beyond the limit"
            raise Refusal("plan_beyond_limit", why, value=value, bound=split.price)
        if venue != OWN_BOOK:
            check_venue(venue, clock.to_ns(at))
    return parts


def _admit(split: SplitOrder) -> None:
    """So much, and no more, may leave under its number."""
    streams.send_to_gateway(
        SetParentOrder(
            command_id=f"split-order:{split.pk}",
            parent_order_id=SPLIT_PARENTS_FROM + split.pk,
            quantity_lots=split.quantity_lots,
        )
    )


def _send_parts(split: SplitOrder, parts: list[tuple[str, int, int]], actor: Actor, at: dt.datetime) -> None:
    for venue, lots, price_ticks in parts:
        route = Route(
            split=split, command_id=split.command_id, user_id=split.user_id, desk_id=split.desk_id,
            firm_id=split.firm_id, account_id=split.account_id, instrument=split.instrument, venue=venue,
            side=split.side, order_type=OrderType.LIMIT.value, time_in_force=TimeInForce.IOC.value,
            price=price_ticks * split.instrument.tick_size, price_ticks=price_ticks,
            quantity=lots * split.instrument.lot_size, quantity_lots=lots,
        )  # fmt: skip
        if venue == OWN_BOOK:
            _place_in_own_book(split, route, actor, at)
        else:
            send_route(route, actor, at)


def _place_in_own_book(split: SplitOrder, route: Route, actor: Actor, at: dt.datetime) -> None:
    """An order as any other, which counts against the same parent."""
    token = secrets.token_hex(8)
    status = placed(route.quantity_lots)
    order = Order.objects.create(
        command_id=f"{PART_PREFIX}{token}", user_id=split.user_id, desk_id=split.desk_id, firm_id=split.firm_id,
        account_id=split.account_id, instrument=split.instrument, side=split.side, order_type=route.order_type,
        time_in_force=route.time_in_force, price=route.price, price_ticks=route.price_ticks, quantity=route.quantity,
        quantity_lots=route.quantity_lots, state=status.state.value, awaiting_since=at, created_at=at, updated_at=at,
    )  # fmt: skip
    route.order = order
    route.client_order_id = f"new-{token}"
    route.leaves_quantity, route.state = route.quantity, OrderState.PENDING_NEW.value
    route.created_at = route.updated_at = at
    route.save()
    route.client_order_id = client_order_id(route.pk, token[:6])
    route.save(update_fields=["client_order_id"])
    publishers.record_route(route, "route.placed", actor, at, command_id=split.command_id)
    order_publishers.record_change(order, "order.placed", actor, at, command_id=split.command_id)
    order_publishers.publish_change(order)
    publishers.publish_route(route)
    parent_order_id = SPLIT_PARENTS_FROM + split.pk
    streams.send_to_gateway(msgspec.structs.replace(order_command(order, at), parent_order_id=parent_order_id))


def _end(
    split: SplitOrder, routes: list[Route], state: ParentState, reason: str, actor: Actor, at: dt.datetime
) -> None:
    split.state, split.reason = state.value, reason
    split.ended_at, split.next_look_at, split.updated_at = at, None, at
    split.save()
    _record(split, f"split.{state.value}", actor, at)
    publishers.publish_split(split, routes)


def _standing(split: SplitOrder, route: Route) -> PartStanding:
    return PartStanding(
        venue=route.venue,
        state=OrderState(route.state),
        asked=route.quantity_lots,
        cumulative=route.cumulative_quantity,
        busted=route.busted_quantity,
        leaves=route.leaves_quantity,
        lot=split.instrument.lot_size,
        ended_at_ns=clock.to_ns(route.updated_at),
    )


def _locked(*, skip_locked: bool = False) -> QuerySet[SplitOrder]:
    rows = SplitOrder.objects.select_related("instrument")
    return rows.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)


def _routes_of(split: SplitOrder) -> list[Route]:
    """As they were last committed: what has ended meanwhile is free a moment later, and nothing is twice."""
    return list(Route.objects.select_related("instrument").filter(split=split).order_by("id"))


def _lock_parts(firm_id: int, split_id: int) -> list[Route]:
    """Orders in our own book first, as whoever projects their events takes them."""
    orders = Order.objects.select_for_update(no_key=True).filter(route__split_id=split_id, firm_id=firm_id)
    list(orders.order_by("id").values_list("id"))
    routes = Route.objects.select_related("instrument").select_for_update(of=("self",), no_key=True)
    return list(routes.filter(split_id=split_id, firm_id=firm_id).order_by("id"))


def _next_look(at: dt.datetime) -> dt.datetime:
    return at + dt.timedelta(seconds=LOOK_SECONDS)


def _record(split: SplitOrder, action: str, actor: Actor, at: dt.datetime, *, command_id: str = "") -> None:
    audit.record(
        stream=f"firm:{split.firm_id}",
        action=action,
        entity=f"split:{split.pk}",
        actor=actor,
        at=at,
        after={
            "state": split.state,
            "instrument": split.instrument.name,
            "side": split.side,
            "quantity_lots": split.quantity_lots,
            "price_ticks": split.price_ticks,
            "round": split.rounds,
        },
        command_id=command_id,
        reason=split.reason,
    )
