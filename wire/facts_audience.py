"""Views of what a taker keeps before it asks, and of how a request is shared out; ``wire.facts`` offers them."""

import msgspec

from wire.client_rfq import RfqHedge, RfqLeg
from wire.units import Audience, RfqState, Side


class AllocationView(msgspec.Struct, frozen=True, kw_only=True):
    """The share of one of the taker's accounts, in units of the structure."""

    account_id: int
    quantity: str


class LegVolatilityView(msgspec.Struct, frozen=True, kw_only=True):
    """A volatility that a maker quoted, and what made a price of it: forward in USD, years to expiry by ACT/365."""

    volatility: str
    forward: str
    years: str


class DraftView(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was saved and not sent, as its message said it; see ``wire.client.RfqTerms``."""

    rfq_id: int
    structure: str
    quote_currency: str
    updated_at_ns: int
    account_id: int
    legs: list[RfqLeg]
    quantity: str
    maker_firm_ids: list[int]
    audience: Audience
    maker_group_id: int | None
    is_taker_anonymous: bool
    are_makers_anonymous: bool
    hedge: RfqHedge | None
    allocations: list[AllocationView]
    side: Side | None
    life_seconds: int
    label: str
    state: RfqState = RfqState.DRAFT


class MakerGroupView(msgspec.Struct, frozen=True, kw_only=True):
    """A named group of makers of one firm, which its traders ask together."""

    maker_group_id: int
    name: str
    maker_firm_ids: list[int]
