"""An order past the control that rejected it: asked for by its firm, granted by another person, of the house, once.

The engine names the order that may pass, so granting places the same order anew, under the id that was granted.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from accounts import roles
from audit import services as audit
from common import clock, db
from common.actor import Actor
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from orders import publishers
from orders.models import Order, OverrideRequest
from orders.services import commands
from orders.services.admission import check_admission
from orders.services.canceling import lock_own
from orders.services.placing import check_may_trade, gateway_command
from streams import services as streams
from wire.client import ApproveOverride, RequestOverride
from wire.gateway_controls import GrantOverride
from wire.limits import COMMAND_VALID_MS
from wire.units import NANOSECONDS_PER_MS, OrderState, Side

if TYPE_CHECKING:
    from accounts.models import User

OVERRIDABLE = frozenset(
    {
        "max_order_quantity",
        "max_order_value",
        "price_collar",
        "position",
        "customer_credit",
        "firm_capital",
        "own_risk_threshold",
        "margin_headroom",
    }
)
"""Controls that the engine lets bend; see docs/risk-gate.md."""
_OWN = ("id", "command_id", "state", "reason", "reason_value", "reason_bound", "awaiting_since", "is_triggered")
"""Fields of an order that the one placed anew does not take over."""


def request_override(*, user: User, actor: Actor, message: RequestOverride, at: dt.datetime) -> OverrideRequest:
    """Ask that a rejected order of the user's firm may pass. Idempotent by (user, command_id).

    Raises Refusal: not_authorized, unknown_order, order_not_rejected, not_overridable, override_already_requested.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return OverrideRequest.objects.get(pk=taken.entity_id)
        order = lock_own(user, message.order_id)
        _check_overridable(order)
        row = OverrideRequest.objects.create(
            order=order,
            control=order.reason,
            requested_by_id=user.pk,
            requested_at=at,
            request_reason=message.reason.strip(),
        )
        commands.answer(taken, entity="override", entity_id=row.pk)
        _record(row, "order.override_requested", actor, at, message.command_id, row.request_reason)
        return row


def approve_override(*, user: User, actor: Actor, message: ApproveOverride, at: dt.datetime) -> Order:
    """Place the order anew, past the control that rejected it. Idempotent by (user, command_id).

    Raises Refusal: not_authorized, same_person, unknown_override, already_approved, and what keeps an order from being
    placed.
    """
    if not roles.sees_every_firm(user):
        why = "an override is granted by the house"
        raise NotAllowed("not_authorized", why, value=user.role, bound="admin, compliance")
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return Order.objects.select_related("instrument").get(pk=taken.entity_id)
        row = _lock(message.override_id)
        _check_second_person(row, user)
        check_admission(row.order.instrument, clock.to_ns(at))
        order = _place_anew(row, at)
        row.approved_by_id, row.approved_at, row.approve_reason = user.pk, at, message.reason.strip()
        row.placed = order
        row.save()
        commands.answer(taken, entity="order", entity_id=order.pk)
        _record(row, "order.override_approved", actor, at, message.command_id, row.approve_reason)
        publishers.record_change(order, "order.placed", actor, at, command_id=message.command_id)
        publishers.publish_change(order)
        streams.send_to_gateway(_grant(row, order, user, at))
        streams.send_to_gateway(gateway_command(order, at))
        return order


def _check_overridable(order: Order) -> None:
    if order.state != OrderState.REJECTED:
        why = f"order {order.pk} is {order.state}"
        raise Conflict("order_not_rejected", why, value=order.state, bound="rejected")
    if order.reason not in OVERRIDABLE:
        why = f"{order.reason} does not bend"
        raise Refusal("not_overridable", why, value=order.reason, bound=", ".join(sorted(OVERRIDABLE)))
    if OverrideRequest.objects.filter(order=order).exists():
        raise Conflict("override_already_requested", "this was asked for already", value=order.pk)


def _lock(override_id: int) -> OverrideRequest:
    rows = OverrideRequest.objects.select_related("order__instrument").select_for_update(of=("self",))
    row = rows.filter(pk=override_id).first()
    if row is None:
        raise NotFound("unknown_override", f"there is no override {override_id}", value=override_id)
    return row


def _check_second_person(row: OverrideRequest, user: User) -> None:
    if row.approved_by_id is not None:
        raise Conflict("already_approved", "this override was approved", value=row.approved_by_id)
    if user.pk in (row.requested_by_id, row.order.user_id):
        raise NotAllowed("same_person", "an override takes two people", value=user.pk, bound="another person")


def _place_anew(row: OverrideRequest, at: dt.datetime) -> Order:
    rejected = row.order
    if rejected.expires_at_ns and rejected.expires_at_ns <= clock.to_ns(at):
        raise Refusal("expiry_passed", "the expiry has passed", value=rejected.expires_at_ns, bound=clock.to_ns(at))
    kept = [field for field in Order._meta.concrete_fields if field.name not in _OWN]
    order = Order(**{field.attname: getattr(rejected, field.attname) for field in kept})
    order.command_id = f"override:{row.pk}"
    order.state, order.canceled_lots = OrderState.PENDING_NEW.value, 0
    order.awaiting_since = order.created_at = order.updated_at = at
    order.save(force_insert=True)
    return order


def _grant(row: OverrideRequest, order: Order, user: User, at: dt.datetime) -> GrantOverride:
    return GrantOverride(
        command_id=f"override-{row.pk}",
        order_id=order.pk,
        account_id=order.account_id,
        instrument_id=order.instrument_id,
        side=Side(order.side),
        max_quantity_lots=order.quantity_lots,
        control=row.control,
        valid_until_ns=clock.to_ns(at) + COMMAND_VALID_MS * NANOSECONDS_PER_MS,
        requested_by=order.user_id,
        granted_by=user.pk,
    )


def _record(row: OverrideRequest, action: str, actor: Actor, at: dt.datetime, command_id: str, reason: str) -> None:
    after = {"control": row.control, "override_id": row.pk, "placed_order_id": row.placed_id}
    audit.record(
        stream=f"firm:{row.order.firm_id}",
        action=action,
        entity=f"order:{row.order_id}",
        actor=actor,
        at=at,
        after=after,
        command_id=command_id,
        reason=reason,
    )
