"""Block RFQs at other venues as facts, snapshots and REST answers show them."""

import msgspec

from wire.fact_types import Fact
from wire.units import Side
from wire.venue_rfqs import VenueRfqLeg, VenueRfqState


class VenueQuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """``makers``: as far as the venue names them."""

    price: str
    quantity: str
    makers: list[str]
    is_all_or_none: bool
    updated_at_ns: int
    expires_at_ns: int


class VenueRfqView(msgspec.Struct, frozen=True, kw_only=True):
    """``venue_reference``: the venue's number of it. ``route_ids``: the legs of the latest acceptance, of which
    ``accepted_side`` and ``accepted_price`` (the worst that is taken) tell; ``is_accepting``: it is on its way.
    ``bids`` and ``asks``: the makers', best first.
    """

    venue_rfq_id: int
    command_id: str
    account_id: int
    user_id: int
    venue: str
    venue_reference: str
    legs: list[VenueRfqLeg]
    quantity: str
    state: VenueRfqState
    bids: list[VenueQuoteView]
    asks: list[VenueQuoteView]
    is_accepting: bool
    accepted_side: Side | None
    accepted_price: str | None
    traded_price: str | None
    route_ids: list[int]
    reason: str
    created_at_ns: int
    updated_at_ns: int
    expires_at_ns: int | None


class VenueRfqChanged(Fact, tag="venue_rfq.changed"):
    venue_rfq: VenueRfqView
