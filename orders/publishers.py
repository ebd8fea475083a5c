"""Facts and audit records of orders."""

import datetime as dt

from audit import services as audit
from common.actor import Actor
from orders import selectors
from orders.domain.ticket import Amendment
from orders.models import Order
from streams import services as streams
from wire import facts
from wire.facts import FillView
from wire.units import SelfMatch


def publish_change(order: Order, fill: FillView | None = None) -> None:
    """The order's new view, with the fill that changed it where there is one."""
    view = selectors.order_view(order)
    fact = facts.OrderChanged(order=view) if fill is None else facts.OrderFilled(order=view, fill=fill)
    streams.publish_fact(firm_id=order.firm_id, fact=fact)


def record_change(
    order: Order,
    action: str,
    actor: Actor,
    at: dt.datetime,
    *,
    before: str | None = None,
    command_id: str = "",
    reason: str = "",
) -> None:
    """The audit record; ``before``: the state that the order had, ``reason``: where it is not the order's."""
    audit.record(
        stream=f"firm:{order.firm_id}",
        action=action,
        entity=f"order:{order.pk}",
        actor=actor,
        at=at,
        before=None if before is None else {"state": before},
        after=_ticket(order) if before is None else _standing(order),
        command_id=command_id,
        reason=reason or order.reason,
    )


def record_amendment(order: Order, amendment: Amendment, actor: Actor, at: dt.datetime, *, command_id: str) -> None:
    """What an amendment asks for, beside what the order was."""
    audit.record(
        stream=f"firm:{order.firm_id}",
        action="order.amend_requested",
        entity=f"order:{order.pk}",
        actor=actor,
        at=at,
        before={"quantity_lots": order.quantity_lots, "price_ticks": order.price_ticks},
        after={"quantity_lots": amendment.quantity_lots, "price_ticks": amendment.price_ticks},
        command_id=command_id,
    )


def _standing(order: Order) -> dict[str, object]:
    """With what a control compared, where one refused."""
    compared = {"reason_value": order.reason_value, "reason_bound": order.reason_bound}
    return {
        "state": order.state,
        "cumulative_lots": order.cumulative_lots,
        "canceled_lots": order.canceled_lots,
        "leaves_lots": order.leaves_lots,
        **{name: text for name, text in compared.items() if text},
    }


def _ticket(order: Order) -> dict[str, object]:
    view = selectors.order_view(order)
    return {
        "state": order.state,
        "account_id": order.account_id,
        "desk_id": order.desk_id,
        "user_id": order.user_id,
        "instrument": view.instrument_name,
        "side": view.side.value,
        "order_type": view.order_type.value,
        "time_in_force": view.time_in_force.value,
        "is_post_only": view.is_post_only,
        "price": view.price,
        "quantity": view.quantity,
        **_terms(view),
    }


def _terms(view: facts.OrderView) -> dict[str, object]:
    """What is asked for beyond the usual."""
    terms = {
        "is_reduce_only": view.is_reduce_only,
        "expires_at_ns": view.expires_at_ns,
        "display_quantity": view.display_quantity,
        "minimum_quantity": view.minimum_quantity,
        "stop_price": view.stop_price,
        "trigger": view.trigger and view.trigger.value,
        "peg_reference": view.peg_reference and view.peg_reference.value,
        "peg_offset": view.peg_offset,
    }
    asked: dict[str, object] = {name: value for name, value in terms.items() if value}
    if view.self_match is not SelfMatch.CANCEL_NEWEST:
        asked["self_match"] = view.self_match.value
    return asked
