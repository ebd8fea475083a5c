"""Commands about orders that leave for other venues; ``wire.client`` offers them with all the others."""

from typing import Annotated

import msgspec

from wire.client_types import Command, DecimalText, EntityId, QuantityText
from wire.client_types import NameText as _NameText
from wire.units import OrderType, Side, TimeInForce
from wire.venue_reports import VENUE_NAME_LENGTH_MAX

PLAN_PARTS_MAX = 16
VenueText = Annotated[str, msgspec.Meta(min_length=1, max_length=VENUE_NAME_LENGTH_MAX, pattern=r"^[a-z0-9]+$(?!\n)")]


class PlaceRoute(Command, tag="route.place"):
    """An order for one venue. price is required for limit orders and refused for market orders."""

    account_id: EntityId
    instrument_name: _NameText
    venue: VenueText
    side: Side
    order_type: OrderType
    quantity: QuantityText
    price: DecimalText | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    is_post_only: bool = False
    is_reduce_only: bool = False
    confirmed_soft_bound: QuantityText | None = None
    """US dollars: the bound that a refusal ``soft_limit`` named, confirmed by a person."""


class CancelRoute(Command, tag="route.cancel"):
    route_id: EntityId


class AmendRoute(Command, tag="route.amend"):
    """New quantity (what was executed included), new price, or both; what is left out stays."""

    route_id: EntityId
    quantity: QuantityText | None = None
    price: DecimalText | None = None


class CancelSplit(Command, tag="route.cancel_split"):
    """Nothing more leaves for it, and its parts are canceled."""

    split_id: EntityId


class PreviewBest(Command, tag="route.preview_best"):
    """How an order would be split over the venues and our own book now. Changes nothing. ``price``: the limit, which
    holds for every part.
    """

    account_id: EntityId
    instrument_name: _NameText
    side: Side
    quantity: QuantityText
    price: DecimalText


class PlannedPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person saw and confirmed: so much at that venue, at most (or least) at that price."""

    venue: VenueText
    quantity: QuantityText
    price: DecimalText


class PlaceBest(Command, tag="route.place_best"):
    """An order that is split over venues: ``parts`` as previewed leave at once, what they leave open is routed anew
    within ``price``, until it is filled or nothing is left to take.
    """

    account_id: EntityId
    instrument_name: _NameText
    side: Side
    quantity: QuantityText
    price: DecimalText
    parts: Annotated[list[PlannedPart], msgspec.Meta(min_length=1, max_length=PLAN_PARTS_MAX)]
