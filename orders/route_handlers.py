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
from orders.command_handlers import Handler, accepting
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


def preview_best(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, PreviewBest)
    del actor
    accounts.get_account_for(user, message.account_id)
    plan = split_previews.preview_best(market.get_instrument(message.instrument_name), message, clock.now_ns())
    return CommandAccepted(command_id=message.command_id, result=msgspec.Raw(msgspec.json.encode(plan)))


place_route = accepting("route", services.place_route)
cancel_route = accepting("route", services.cancel_route)
amend_route = accepting("route", services.amend_route)
place_best = accepting("split", services.place_best)
cancel_split = accepting("split", services.cancel_split)

SOCKET_HANDLERS: dict[type[ClientMessage], Handler] = {
    PlaceRoute: place_route,
    CancelRoute: cancel_route,
    AmendRoute: amend_route,
    PreviewBest: preview_best,
    PlaceBest: place_best,
    CancelSplit: cancel_split,
}

GATEWAY_HANDLERS: dict[type[gateway.GatewayEvent], Callable[[gateway.EventEnvelope], None]] = {
    events.RouteEntered: services.apply_route_entered,
    events.RouteAdmitted: services.apply_admitted,
    events.RouteRefused: services.apply_route_refused,
    events.RouteCancelRequested: services.apply_cancel_requested,
    events.RouteAmendAdmitted: services.apply_amend_admitted,
    events.RouteAmendRefused: services.apply_amend_refused,
    events.RouteReported: services.apply_reported,
}

TIMERS = [services.mark_unanswered_routes, services.reroute_due]
