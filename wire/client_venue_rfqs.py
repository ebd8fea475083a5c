"""Commands about block RFQs at other venues; ``wire.client`` offers them with all the others."""

from typing import Annotated

import msgspec

from wire.client_rfq import RfqLeg
from wire.client_routes import VenueText
from wire.client_types import Command, DecimalText, EntityId, QuantityText
from wire.units import Side
from wire.venue_rfqs import VENUE_RFQ_LEGS_MAX


class AskVenue(Command, tag="venue_rfq.ask"):
    """Ask the makers of a venue for a structure. quantity: units of it. The venue decides how long it stays open."""

    account_id: EntityId
    venue: VenueText
    legs: Annotated[list[RfqLeg], msgspec.Meta(min_length=1, max_length=VENUE_RFQ_LEGS_MAX)]
    quantity: QuantityText


class AcceptVenueRfq(Command, tag="venue_rfq.accept"):
    """Trade all legs at once, at ``price`` net or better, all of the quantity or nothing. side: buy takes the asks."""

    venue_rfq_id: EntityId
    side: Side
    price: DecimalText


class CancelVenueRfq(Command, tag="venue_rfq.cancel"):
    venue_rfq_id: EntityId
