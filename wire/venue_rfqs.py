"""Block RFQs at other venues: what we ask their makers, and what the venue says of it.

Quantities are units of the structure: a leg trades ratio times as many contracts. Prices are net, of one unit when the
structure is bought as its legs say. What is called bid and ask is the makers': a taker buys at the asks.
"""

import enum
from decimal import Decimal

import msgspec

from wire.units import Side

VENUE_RFQ_LEGS_MAX = 6
VENUE_QUOTES_MAX = 5
"""Of a side that are told, the best ones."""
MAKERS_TOLD_MAX = 3
MAKER_NAME_LENGTH_MAX = 24


class VenueRfqState(enum.StrEnum):
    PENDING = "pending"
    """On its way: the venue has not answered."""
    UNKNOWN = "unknown"
    """Sent, and nobody has said yet what became of it. It is never sent again."""
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


ENDED_RFQ_STATES = frozenset(
    {VenueRfqState.FILLED, VenueRfqState.CANCELED, VenueRfqState.EXPIRED, VenueRfqState.REJECTED}
)


class AcceptanceState(enum.StrEnum):
    """What became of the legs of an acceptance together."""

    ACCEPTING = "accepting"
    FILLED = "filled"
    REFUSED = "refused"
    UNEVEN = "uneven"
    """Some have traded and some have not: their venue must be asked."""


class VenueRfqLeg(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: when the structure is bought."""

    instrument_name: str
    side: Side
    ratio: int


class VenueQuote(msgspec.Struct, frozen=True, kw_only=True):
    """``makers``: as far as the venue names them. ``is_all_or_none``: not in parts. ``expires_at_ns`` 0: with the
    request.
    """

    price: Decimal
    quantity: Decimal
    makers: list[str] = []
    is_all_or_none: bool = False
    updated_at_ns: int = 0
    expires_at_ns: int = 0


class VenueRfqReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a request stands at its venue. ``label``: ours; ``venue_rfq_id``: the venue's, 0 while it is unknown.
    ``venue_amount``: the venue's amount of the whole quantity. ``bids`` and ``asks``: best first.
    ``reason``: why it was rejected, or a cancel of it was.
    """

    label: str
    state: VenueRfqState
    venue_rfq_id: int = 0
    venue_amount: Decimal = Decimal(0)
    bids: list[VenueQuote] = []
    asks: list[VenueQuote] = []
    created_at_ns: int = 0
    expires_at_ns: int = 0
    traded_price: Decimal | None = None
    reason: str = ""


class BlockLeg(msgspec.Struct, frozen=True, kw_only=True):
    """A route that is a leg of an acceptance: nothing leaves before all ``legs`` of them have passed the risk gate,
    and then they leave as one. ``acceptance``: names it, once. ``price``: the worst net price that is taken.
    """

    label: str
    acceptance: str
    legs: int
    side: Side
    price: Decimal
    quantity: Decimal
