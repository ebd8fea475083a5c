"""What became of each acceptance of a block RFQ at another venue, from its routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from common import clock
from common.decimals import plain_text
from orders.domain.venue_rfqs import acceptance_state
from orders.models import Route, VenueAcceptance, VenueRfq, VenueRfqLeg
from wire.facts_venue_rfqs import VenueAcceptanceView, VenueAcceptedLegView
from wire.units import OrderState, Side
from wire.venue_rfqs import AcceptanceState

SHOWN_MAX = 10
"""Of a request, the newest ones."""
FOLLOWS = "leg_refused"
"""Of a leg that another one kept here: that one says why."""


def acceptance_views(row: VenueRfq) -> list[VenueAcceptanceView]:
    """Oldest first."""
    legs = {leg.instrument_id: leg for leg in row.legs.all()}
    taken = sorted(row.taken.all(), key=lambda each: each.number)[-SHOWN_MAX:]
    routes = sorted(row.routes.all(), key=lambda route: route.pk)
    return [
        acceptance_view(each, [route for route in routes if route.acceptance == each.number], legs) for each in taken
    ]


def acceptance_view(
    taken: VenueAcceptance, routes: Sequence[Route], legs: Mapping[int, VenueRfqLeg]
) -> VenueAcceptanceView:
    """``routes``: its legs'. ``legs``: the request's, by instrument."""
    state = acceptance_state([(OrderState(route.state), route.cumulative_quantity) for route in routes])
    refused = None if state is AcceptanceState.FILLED else _refused(routes)
    value, bound = ("", "") if refused is None else _compared(refused, taken)
    return VenueAcceptanceView(
        number=taken.number,
        user_id=taken.user_id,
        side=Side(taken.side),
        price=plain_text(taken.price),
        quoted_price=plain_text(taken.quoted_price),
        state=state,
        traded_price=_net_price(routes, legs) if state is AcceptanceState.FILLED else None,
        is_sent=any(route.sent_at is not None for route in routes),
        reason="" if refused is None else refused.reason,
        reason_leg="" if refused is None else legs[refused.instrument_id].instrument.name,
        reason_text="" if refused is None else refused.reason_text,
        reason_value=value,
        reason_bound=bound,
        created_at_ns=clock.to_ns(taken.created_at),
        ended_at_ns=None if taken.ended_at is None else clock.to_ns(taken.ended_at),
        legs=[_leg_view(route, legs[route.instrument_id].instrument.name) for route in routes],
    )


def _refused(routes: Sequence[Route]) -> Route | None:
    """The leg that says why."""
    said = [route for route in routes if route.reason]
    return next((route for route in said if route.reason != FOLLOWS), next(iter(said), None))


def _compared(refused: Route, taken: VenueAcceptance) -> tuple[str, str]:
    """What the gate compared, or, where the venue says nothing of it, the best quote by then and our bound."""
    left = taken.left_price
    if refused.reason_value or left is None or Side(taken.side).sign * (taken.price - left) >= 0:
        return refused.reason_value, refused.reason_bound
    return plain_text(left), plain_text(taken.price)


def _net_price(routes: Sequence[Route], legs: Mapping[int, VenueRfqLeg]) -> str | None:
    """Of one unit of the structure as it is bought; None where a fill was taken back."""
    net = Decimal(0)
    for route in routes:
        if route.average_price is None:
            return None
        leg = legs[route.instrument_id]
        net += Side(leg.side).sign * leg.ratio * route.average_price
    return plain_text(net)


def _leg_view(route: Route, name: str) -> VenueAcceptedLegView:
    return VenueAcceptedLegView(
        route_id=route.pk,
        instrument_name=name,
        side=Side(route.side),
        quantity=plain_text(route.quantity),
        state=OrderState(route.state),
        average_price=None if route.average_price is None else plain_text(route.average_price),
    )
