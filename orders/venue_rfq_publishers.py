"""Facts and audit records of block RFQs at other venues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit import services as audit
from orders import venue_rfq_selectors as selectors
from streams import services as streams
from wire.facts_venue_rfqs import VenueRfqChanged

if TYPE_CHECKING:
    import datetime as dt

    from common.actor import Actor
    from orders.models import VenueRfq
    from wire.facts_venue_rfqs import VenueAcceptanceView


def publish_venue_rfq(row: VenueRfq) -> None:
    streams.publish_fact(firm_id=row.firm_id, fact=VenueRfqChanged(venue_rfq=selectors.venue_rfq_view(row)))


def record_venue_rfq(
    row: VenueRfq, action: str, actor: Actor, at: dt.datetime, *, before: str | None = None, command_id: str = ""
) -> None:
    """The audit record, with the quotes that were shown; ``before``: the state it had, None where it is new."""
    view = selectors.venue_rfq_view(row)
    audit.record(
        stream=f"firm:{row.firm_id}",
        action=action,
        entity=f"venue_rfq:{row.pk}",
        actor=actor,
        at=at,
        before=None if before is None else {"state": before},
        after={
            "state": row.state,
            "venue": row.venue,
            "venue_reference": row.venue_reference,
            "account_id": row.account_id,
            "legs": [f"{leg.side.value} {leg.ratio} {leg.instrument_name}" for leg in view.legs],
            "quantity": view.quantity,
            "bid": view.bids[0].price if view.bids else None,
            "ask": view.asks[0].price if view.asks else None,
            "accepted_side": row.accepted_side,
            "accepted_price": view.accepted_price,
            "traded_price": view.traded_price,
            "route_ids": view.route_ids,
        },
        command_id=command_id,
        reason=row.reason,
    )


def record_acceptance(row: VenueRfq, view: VenueAcceptanceView, actor: Actor, at: dt.datetime) -> None:
    """The audit record of its end."""
    audit.record(
        stream=f"firm:{row.firm_id}",
        action=f"venue_rfq.acceptance_{view.state}",
        entity=f"venue_rfq:{row.pk}",
        actor=actor,
        at=at,
        before={"acceptance": view.number, "state": "accepting"},
        after={
            "acceptance": view.number,
            "state": view.state.value,
            "side": view.side.value,
            "price": view.price,
            "quoted_price": view.quoted_price,
            "traded_price": view.traded_price,
            "value": view.reason_value,
            "bound": view.reason_bound,
            "route_ids": [leg.route_id for leg in view.legs],
        },
        reason=view.reason,
    )
