"""What the socket and the gateway's events do to routes; ``orders.handlers`` offers it with the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from accounts import selectors as accounts
from common import clock
from common.actor import Actor
from market import selectors as market
from orders import services, split_previews
from wire import gateway
from wire import gateway_routes as events
from wire.client import (
    AmendRoute,
    CancelRoute,
    CancelSplit,
    ClientMessage,
    CommandAccepted,
    PlaceBest,
    PlaceRoute,
    PreviewBest,
)

if TYPE_CHECKING:
    from accounts.models import User


def place_route(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, PlaceRoute)
    route = services.place_route(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="route", entity_id=route.pk)


def cancel_route(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, CancelRoute)
    route = services.cancel_route(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="route", entity_id=route.pk)


def amend_route(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, AmendRoute)
    route = services.amend_route(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="route", entity_id=route.pk)


def preview_best(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, PreviewBest)
    del actor
    accounts.get_account_for(user, message.account_id)
    plan = split_previews.preview_best(market.get_instrument(message.instrument_name), message, clock.now_ns())
    return CommandAccepted(command_id=message.command_id, result=msgspec.Raw(msgspec.json.encode(plan)))


def place_best(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, PlaceBest)
    split = services.place_best(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="split", entity_id=split.pk)


def cancel_split(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, CancelSplit)
    split = services.cancel_split(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="split", entity_id=split.pk)


SOCKET_HANDLERS: dict[type[ClientMessage], Callable[[User, Actor, ClientMessage], CommandAccepted]] = {
    PlaceRoute: place_route,
    CancelRoute: cancel_route,
    AmendRoute: amend_route,
    PreviewBest: preview_best,
    PlaceBest: place_best,
    CancelSplit: cancel_split,
}

GATEWAY_HANDLERS: dict[type[gateway.GatewayEvent], Callable[[gateway.EventEnvelope], None]] = {
    events.RouteAdmitted: services.apply_admitted,
    events.RouteRefused: services.apply_route_refused,
    events.RouteCancelRequested: services.apply_cancel_requested,
    events.RouteAmendAdmitted: services.apply_amend_admitted,
    events.RouteAmendRefused: services.apply_amend_refused,
    events.RouteReported: services.apply_reported,
}

TIMERS = [services.mark_unanswered_routes, services.reroute_due]
