"""Orders at other venues as facts, snapshots and REST answers show them."""

import msgspec

from wire.account_views import FillView
from wire.algos import ParentState
from wire.fact_types import Fact
from wire.units import OrderState, OrderType, Side, TimeInForce


class RouteFeeView(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue charged; below zero it paid."""

    asset: str
    amount: str


class RouteView(msgspec.Struct, frozen=True, kw_only=True):
    """``venue`` parley: a part in our own book, whose order is ``order_id``. ``latency_ms``: from sending to the
    venue's first answer. ``reason``: by name; ``reason_text``: in the venue's words.
    """

    route_id: int
    command_id: str
    parent_order_id: int | None
    split_id: int | None
    order_id: int | None
    account_id: int
    user_id: int
    venue: str
    instrument_name: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    is_post_only: bool
    is_reduce_only: bool
    price: str | None
    quantity: str
    filled_quantity: str
    leaves_quantity: str
    average_price: str | None
    fees: list[RouteFeeView]
    state: OrderState
    is_cancel_requested: bool
    reason: str
    reason_value: str
    reason_bound: str
    reason_text: str
    client_order_id: str
    venue_order_id: str
    created_at_ns: int
    updated_at_ns: int
    sent_at_ns: int | None
    acknowledged_at_ns: int | None
    last_report_at_ns: int | None
    latency_ms: float | None


class RouteFillView(msgspec.Struct, frozen=True, kw_only=True):
    """``venue_execution_id``: the venue's; ``execution_id``: ours, of the fill in the ledger. ``is_bust``: taken
    back.
    """

    route_id: int
    venue: str
    venue_execution_id: str
    execution_id: int
    side: Side
    price: str
    quantity: str
    liquidity: str
    fee: str
    fee_asset: str
    at_ns: int
    is_bust: bool = False


class SplitView(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is split over venues: its parts are the routes with this ``split_id``. ``rounds``: how often what
    was open has been routed.
    """

    split_id: int
    command_id: str
    account_id: int
    user_id: int
    instrument_name: str
    side: Side
    price: str
    quantity: str
    filled_quantity: str
    working_quantity: str
    average_price: str | None
    state: ParentState
    reason: str
    rounds: int
    created_at_ns: int
    updated_at_ns: int


class SplitChanged(Fact, tag="route.split_changed"):
    split: SplitView


class RouteChanged(Fact, tag="route.changed"):
    route: RouteView


class RouteFilled(Fact, tag="route.filled"):
    """A venue's execution, or the bust of one: the route, and the fill as the ledger has it."""

    route: RouteView
    fill: FillView


class PlannedPartView(msgspec.Struct, frozen=True, kw_only=True):
    """``price``: the worst that is taken; ``average_price``: expected. Money in the settlement currency; a fee below
    zero is a rebate.
    """

    venue: str
    quantity: str
    price: str
    average_price: str
    notional: str
    fee: str
    fee_basis_points: str


class VenueVerdictView(msgspec.Struct, frozen=True, kw_only=True):
    """Why a venue is used, or why not, with the value and the bound that were compared."""

    venue: str
    reason: str
    value: str
    bound: str


class RoutePlanView(msgspec.Struct, frozen=True, kw_only=True):
    """Money in ``currency``, the settlement currency. ``total``: notional with fees, paid or received;
    ``all_in_price``: the average price with them. ``best_single_price``: the same of the best venue alone that has as
    much; None where none has. ``is_proven``: no split is better by a tenth of a basis point.
    """

    at_ns: int
    instrument_name: str
    side: Side
    quantity: str
    planned_quantity: str
    unfilled_quantity: str
    average_price: str | None
    notional: str
    fees: str
    total: str
    all_in_price: str | None
    currency: str
    parts: list[PlannedPartView]
    verdicts: list[VenueVerdictView]
    is_proven: bool
    best_single_venue: str = ""
    best_single_price: str | None = None


class VenueBreakView(msgspec.Struct, frozen=True, kw_only=True):
    """A position at a venue that our executions do not explain. Signed contracts."""

    venue: str
    instrument_name: str
    expected: str
    held: str
    since_ns: int
    updated_at_ns: int
    resolved_at_ns: int | None = None


class VenueAnswersView(msgspec.Struct, frozen=True, kw_only=True):
    """From sending an order to the venue's first answer, over the latest ``routes`` that were answered since
    ``since_ns``; nearest rank.
    """

    venue: str
    routes: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    since_ns: int


class ExternalOrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order at a venue that Parley did not send, as it was found."""

    venue: str
    venue_order_id: str
    instrument_name: str
    side: Side
    price: str | None
    quantity: str
    filled_quantity: str
    state: OrderState
    found_at_ns: int
    updated_at_ns: int
