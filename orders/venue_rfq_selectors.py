"""Reads of block RFQs at other venues. What belongs to another firm does not exist for the asker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from accounts import roles
from common import clock
from common.decimals import plain_text
from common.errors import NotFound
from orders.models import VenueRfq
from orders.venue_acceptance_selectors import acceptance_views
from wire.facts_venue_rfqs import VenueQuoteView, VenueRfqView
from wire.units import TERMINAL_ORDER_STATES, OrderState, Side
from wire.venue_rfqs import VenueQuote, VenueRfqLeg, VenueRfqState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

ROWS_MAX = 200


def venue_rfq_not_found(venue_rfq_id: int) -> NotFound:
    return NotFound("unknown_venue_rfq", f"you have no request {venue_rfq_id} at a venue", value=venue_rfq_id)


def list_venue_rfqs(user: User, *, before: int | None = None, limit: int = ROWS_MAX) -> list[VenueRfqView]:
    """Newest first: of the user's firm; of all firms for compliance and admin."""
    rows = _visible(user)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return _views(rows, min(limit, ROWS_MAX))


def get_venue_rfq(user: User, venue_rfq_id: int) -> VenueRfqView:
    """Raises NotFound."""
    found = _views(_visible(user).filter(id=venue_rfq_id), 1)
    if not found:
        raise venue_rfq_not_found(venue_rfq_id)
    return found[0]


def snapshot(firm_id: int) -> dict[str, list[object]]:
    """The firm's part of a client snapshot."""
    return {"venue_rfqs": list(_views(VenueRfq.objects.filter(firm_id=firm_id), ROWS_MAX))}


def venue_rfq_view(row: VenueRfq) -> VenueRfqView:
    routes = [route for route in row.routes.all() if route.acceptance == row.acceptances]
    return VenueRfqView(
        venue_rfq_id=row.pk,
        command_id=row.command_id,
        account_id=row.account_id,
        user_id=row.user_id,
        venue=row.venue,
        venue_reference=row.venue_reference,
        legs=[
            VenueRfqLeg(instrument_name=leg.instrument.name, side=Side(leg.side), ratio=leg.ratio)
            for leg in sorted(row.legs.all(), key=lambda leg: leg.number)
        ],
        quantity=plain_text(row.quantity),
        state=VenueRfqState(row.state),
        bids=[_quote_view(quote) for quote in read_quotes(row.bids)],
        asks=[_quote_view(quote) for quote in read_quotes(row.asks)],
        is_accepting=any(OrderState(route.state) not in TERMINAL_ORDER_STATES for route in routes),
        accepted_side=Side(row.accepted_side) if row.accepted_side else None,
        accepted_price=None if row.accepted_price is None else plain_text(row.accepted_price),
        traded_price=None if row.traded_price is None else plain_text(row.traded_price),
        route_ids=sorted(route.pk for route in routes),
        acceptances=acceptance_views(row),
        reason=row.reason,
        created_at_ns=clock.to_ns(row.created_at),
        updated_at_ns=clock.to_ns(row.updated_at),
        expires_at_ns=None if row.expires_at is None else clock.to_ns(row.expires_at),
    )


def read_quotes(stored: list[object]) -> list[VenueQuote]:
    """Quotes as the row keeps them."""
    return msgspec.convert(stored, list[VenueQuote])


def _visible(user: User) -> QuerySet[VenueRfq]:
    rows = VenueRfq.objects.all()
    if roles.sees_every_firm(user):
        return rows
    if user.firm_id is None or not roles.may_trade(user):
        return rows.none()
    return rows.filter(firm_id=user.firm_id)


def _views(rows: QuerySet[VenueRfq], limit: int) -> list[VenueRfqView]:
    found = rows.prefetch_related("legs__instrument", "routes", "taken").order_by("-id")[:limit]
    return [venue_rfq_view(row) for row in found]


def _quote_view(quote: VenueQuote) -> VenueQuoteView:
    return VenueQuoteView(
        price=plain_text(quote.price),
        quantity=plain_text(quote.quantity),
        makers=quote.makers,
        is_all_or_none=quote.is_all_or_none,
        updated_at_ns=quote.updated_at_ns,
        expires_at_ns=quote.expires_at_ns,
    )
