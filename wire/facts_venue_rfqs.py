"""Block RFQs at other venues as facts, snapshots and REST answers show them."""

import msgspec

from wire.fact_types import Fact
from wire.units import OrderState, Side
from wire.venue_rfqs import AcceptanceState, VenueRfqLeg, VenueRfqState


class VenueQuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """``makers``: as far as the venue names them."""

    price: str
    quantity: str
    makers: list[str]
    is_all_or_none: bool
    updated_at_ns: int
    expires_at_ns: int


class VenueAcceptedLegView(msgspec.Struct, frozen=True, kw_only=True):
    """``side`` and ``quantity``: of its route, in contracts."""

    route_id: int
    instrument_name: str
    side: Side
    quantity: str
    state: OrderState
    average_price: str | None


class VenueAcceptanceView(msgspec.Struct, frozen=True, kw_only=True):
    """``price``: the worst net price that it takes; ``quoted_price``: the best quote when it was sent. ``reason``: why
    it did not trade, of the leg ``reason_leg`` that was refused, with the value and the bound that were compared;
    ``reason_text``: in the venue's words; ``is_sent``: it left for the venue, so that not our risk gate refused it.
    """

    number: int
    user_id: int
    side: Side
    price: str
    quoted_price: str
    state: AcceptanceState
    traded_price: str | None
    is_sent: bool
    reason: str
    reason_leg: str
    reason_text: str
    reason_value: str
    reason_bound: str
    created_at_ns: int
    ended_at_ns: int | None
    legs: list[VenueAcceptedLegView]


class VenueRfqView(msgspec.Struct, frozen=True, kw_only=True):
    """``venue_reference``: the venue's number of it. ``route_ids``: the legs of the latest acceptance, of which
    ``accepted_side`` and ``accepted_price`` (the worst that is taken) tell; ``is_accepting``: it is on its way.
    ``bids`` and ``asks``: the makers', best first. ``acceptances``: the newest ones, oldest first.
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
    acceptances: list[VenueAcceptanceView]
    reason: str
    created_at_ns: int
    updated_at_ns: int
    expires_at_ns: int | None


class VenueRfqChanged(Fact, tag="venue_rfq.changed"):
    venue_rfq: VenueRfqView
