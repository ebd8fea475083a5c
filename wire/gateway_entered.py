"""Events about orders that a session of the gateway entered itself: PostgreSQL learns of them here first.

An entered order has its id from the gateway, from ``ENTERED_ORDERS_FROM`` on, and no command sequence. ``session`` is
the name of the session, ``client_order_id`` the id that its client gave to the order, or to the request.
"""

import msgspec

from wire.units import OrderType, PegReference, SelfMatch, Side, StopTrigger, TimeInForce

ENTERED_ORDERS_FROM = 2**52
"""Ids of entered orders lie above, and below 2^53, the largest integer that a browser holds exactly."""
SESSION_BYTES_MAX = 64
CLIENT_ORDER_ID_BYTES_MAX = 36


class GatewayEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What the engine did. Tolerates unknown fields."""


class OrderEntered(GatewayEvent, tag="gateway.order_entered"):
    """Everything of the order, in the words of ``gateway.place_order``; what becomes of it follows.

    ``arrival_mid_half_ticks``: of our own book when it came; 0 where a side was empty.
    """

    order_id: int
    session: str
    client_order_id: str
    account_id: int
    user_id: int
    desk_id: int
    firm_id: int
    instrument_id: int
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity_lots: int
    price_ticks: int | None
    is_post_only: bool
    is_reduce_only: bool
    strategy_id: int
    parent_order_id: int
    confirmed_soft_bound_micros: int
    expires_at_ns: int
    display_lots: int
    minimum_lots: int
    stop_ticks: int
    trigger: StopTrigger
    peg_reference: PegReference
    peg_offset_ticks: int
    self_match: SelfMatch
    arrival_mid_half_ticks: int = 0


class CancelEntered(GatewayEvent, tag="gateway.cancel_entered"):
    """A session asked for a cancel, or went away (``is_disconnect``) and has its orders canceled."""

    order_id: int
    user_id: int
    session: str
    client_order_id: str
    is_disconnect: bool


class AmendEntered(GatewayEvent, tag="gateway.amend_entered"):
    """A session asked for another quantity, price or both."""

    order_id: int
    user_id: int
    session: str
    client_order_id: str
    quantity_lots: int | None
    price_ticks: int | None
