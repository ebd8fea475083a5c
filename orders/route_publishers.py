"""Facts and audit records of orders at other venues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit import services as audit
from orders import route_selectors as selectors
from orders.venue_rfq_publishers import publish_venue_rfq
from streams import services as streams
from wire.facts_routes import RouteChanged, RouteFilled, SplitChanged
from wire.units import TERMINAL_ORDER_STATES, OrderState

if TYPE_CHECKING:
    import datetime as dt

    from common.actor import Actor
    from orders.models import Route, SplitOrder
    from wire.facts import FillView


def publish_route(route: Route, fill: FillView | None = None) -> None:
    """The route's new view, with the fill that changed it where there is one."""
    view = selectors.route_view(route)
    fact = RouteChanged(route=view) if fill is None else RouteFilled(route=view, fill=fill)
    streams.publish_fact(firm_id=route.firm_id, fact=fact)
    if route.venue_rfq is not None and OrderState(route.state) in TERMINAL_ORDER_STATES:
        publish_venue_rfq(route.venue_rfq)


def publish_split(split: SplitOrder, routes: list[Route]) -> None:
    streams.publish_fact(firm_id=split.firm_id, fact=SplitChanged(split=selectors.split_view(split, routes)))


def record_route(
    route: Route, action: str, actor: Actor, at: dt.datetime, *, before: str | None = None, command_id: str = ""
) -> None:
    """The audit record; ``before``: the state that the route had, None where it is new."""
    audit.record(
        stream=f"firm:{route.firm_id}",
        action=action,
        entity=f"route:{route.pk}",
        actor=actor,
        at=at,
        before=None if before is None else {"state": before},
        after=_ticket(route) if before is None else _standing(route),
        command_id=command_id,
        reason=route.reason,
    )


def _ticket(route: Route) -> dict[str, object]:
    view = selectors.route_view(route)
    return {
        "state": route.state,
        "venue": view.venue,
        "account_id": view.account_id,
        "desk_id": route.desk_id,
        "user_id": view.user_id,
        "instrument": view.instrument_name,
        "side": view.side.value,
        "order_type": view.order_type.value,
        "time_in_force": view.time_in_force.value,
        "price": view.price,
        "quantity": view.quantity,
        "client_order_id": view.client_order_id,
        "split_id": view.split_id,
        "parent_order_id": view.parent_order_id,
    }


def _standing(route: Route) -> dict[str, object]:
    view = selectors.route_view(route)
    compared = {
        "reason_value": view.reason_value, "reason_bound": view.reason_bound, "reason_text": view.reason_text,
        "venue_order_id": view.venue_order_id,
    }  # fmt: skip
    return {
        "state": route.state,
        "filled": view.filled_quantity,
        "leaves": view.leaves_quantity,
        **{name: text for name, text in compared.items() if text},
    }
