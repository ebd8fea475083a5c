"""Facts and audit records of parent orders."""

import datetime as dt

from audit import services as audit
from common.actor import Actor
from orders.models import ParentOrder
from orders.parent_selectors import parent_view
from streams import services as streams
from wire.parent_views import ParentChanged


def publish_parent(parent: ParentOrder) -> None:
    streams.publish_fact(firm_id=parent.firm_id, fact=ParentChanged(parent=parent_view(parent)))


def record_parent(
    parent: ParentOrder,
    action: str,
    actor: Actor,
    at: dt.datetime,
    *,
    before: dict[str, object] | None = None,
    command_id: str = "",
    reason: str = "",
) -> None:
    audit.record(
        stream=f"firm:{parent.firm_id}",
        action=f"parent.{action}",
        entity=f"parent:{parent.pk}",
        actor=actor,
        at=at,
        before=before,
        after=standing(parent),
        command_id=command_id,
        reason=reason or parent.reason,
    )


def standing(parent: ParentOrder) -> dict[str, object]:
    """What a change of it is compared by."""
    return {
        "state": parent.state,
        "requested": parent.requested,
        "account_id": parent.account_id,
        "instrument_id": parent.instrument_id,
        "side": parent.side,
        "quantity_lots": parent.quantity_lots,
        "cumulative_lots": parent.cumulative_lots,
        "algo": parent.algo,
        "venue": parent.venue,
        "parameters": parent.parameters,
        "limits": parent.limits,
        "approved_by": parent.approved_by_id,
    }
