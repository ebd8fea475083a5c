"""Orders that leave for other venues: commands to the gateway, and what the engine says of them.

``route_id`` is a number of its own range, beside those of orders. The venue's own words travel in
``RouteReported.report``; the engine adds what it counted of them.
"""

from decimal import Decimal

from wire.gateway_controls import GatewayCommand
from wire.gateway_entered import GatewayEvent
from wire.units import OrderType, Side, TimeInForce
from wire.venue_reports import ExecutionReport
from wire.venue_rfqs import BlockLeg, VenueRfqLeg


class PlaceRoute(GatewayCommand, tag="gateway.place_route"):
    """``client_order_id``: what it is called at the venue, used once. ``block``: of a leg of a block RFQ."""

    valid_until_ns: int
    route_id: int
    venue: str
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
    price_ticks: int | None = None
    is_post_only: bool = False
    is_reduce_only: bool = False
    strategy_id: int = 0
    parent_order_id: int = 0
    confirmed_soft_bound_micros: int = 0
    block: BlockLeg | None = None


class CancelRoute(GatewayCommand, tag="gateway.cancel_route"):
    route_id: int


class AmendRoute(GatewayCommand, tag="gateway.amend_route"):
    """New quantity (what was executed included), new price, or both; None leaves one as it is."""

    valid_until_ns: int
    route_id: int
    quantity_lots: int | None = None
    price_ticks: int | None = None


class AskVenueRfq(GatewayCommand, tag="gateway.ask_venue_rfq"):
    """``label``: what it is called at the venue, used once. It makes no exposure: the engine only takes its number."""

    valid_until_ns: int
    venue: str
    label: str
    legs: list[VenueRfqLeg]
    quantity: Decimal


class CancelVenueRfq(GatewayCommand, tag="gateway.cancel_venue_rfq"):
    venue: str
    label: str


class RouteAdmitted(GatewayEvent, tag="gateway.route_admitted"):
    """It passed the risk gate, its lots are held, and it may be sent."""

    route_id: int
    venue: str


class RouteRefused(GatewayEvent, tag="gateway.route_refused"):
    """As ``gateway.order_rejected``: nothing was sent."""

    route_id: int
    reason: str
    value: int
    bound: int


class RouteCancelRequested(GatewayEvent, tag="gateway.route_cancel_requested"):
    """``reason``: requested, cancel_all, kill_switch, expired. What becomes of it the venue says."""

    route_id: int
    reason: str


class RouteAmendAdmitted(GatewayEvent, tag="gateway.route_amend_admitted"):
    """``quantity_lots``: the whole route."""

    route_id: int
    quantity_lots: int
    price_ticks: int | None


class RouteAmendRefused(GatewayEvent, tag="gateway.route_amend_refused"):
    """Also of a cancel of what does not work any more."""

    route_id: int
    reason: str
    value: int
    bound: int


class RouteReported(GatewayEvent, tag="gateway.route_reported"):
    """``route_id`` 0: an order at the venue that is none of ours, or a position there. ``execution_id``: ours, of
    trades and busts, else 0. ``lots``: what it moved the position by, in the order's direction.
    ``reference_price_micros``: the index.
    """

    route_id: int
    venue: str
    report_number: int
    execution_id: int
    lots: int
    price_ticks: int
    leaves_lots: int
    reference_price_micros: int
    report: ExecutionReport


class RouteEntered(GatewayEvent, tag="gateway.route_entered"):
    """An order for a venue that a session of the gateway entered (``wire.gateway_entered``): everything of it. Its id
    is of the range of entered orders; with ``token`` it makes what it is called at the venue.
    """

    route_id: int
    session: str
    client_order_id: str
    token: str
    venue: str
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
    is_reduce_only: bool
    strategy_id: int
    parent_order_id: int


AnyRouteCommand = PlaceRoute | CancelRoute | AmendRoute | AskVenueRfq | CancelVenueRfq
AnyRouteEvent = (
    RouteAdmitted
    | RouteRefused
    | RouteCancelRequested
    | RouteAmendAdmitted
    | RouteAmendRefused
    | RouteReported
    | RouteEntered
)
