"""Everything that became of one order: what it was asked for, where it went, what traded, and what that cost."""

import enum

import msgspec

from wire.account_views import FillView, OrderView
from wire.client_types import Command, EntityId
from wire.facts_routes import RouteView, SplitView
from wire.parent_views import ParentView


class LifecycleKind(enum.StrEnum):
    PARENT = "parent"
    SPLIT = "split"
    ROUTE = "route"
    ORDER = "order"


class ShowLifecycle(Command, tag="order.lifecycle"):
    """Answers with ``Lifecycle``; changes nothing."""

    kind: LifecycleKind
    id: EntityId


class CostView(msgspec.Struct, frozen=True, kw_only=True):
    """What the fills cost so far; ``*_basis_points``: positive is worse, None where a price is not known.

    ``arrival_mid``: of our own book when it was placed or began. ``market_price``: volume-weighted, of what others
    traded in our own book since, ``market_quantity`` of it. ``mid``: of our own book now, or when the algorithm ended.
    """

    filled_quantity: str
    average_price: str | None
    arrival_mid: str | None
    market_price: str | None
    market_quantity: str
    mid: str | None
    arrival_basis_points: str | None
    market_basis_points: str | None
    mid_basis_points: str | None


class VenueLatencyView(msgspec.Struct, frozen=True, kw_only=True):
    """From sending to the first answer, in milliseconds: of a venue's routes, or of orders that came to our own book.

    ``answered`` of ``sent``. An algorithm's children begin inside the gateway and are not counted.
    """

    venue: str
    sent: int
    answered: int
    rejected: int
    median_ms: float | None
    worst_ms: float | None


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True):
    """Of ``kind`` parent or split that one is given. ``orders`` in our own book and ``routes`` to venues with their
    ``fills``, oldest first; a route in our own book names its order. A bust is a fill on the other side.
    """

    kind: LifecycleKind
    id: int
    costs: CostView
    latencies: list[VenueLatencyView]
    orders: list[OrderView]
    routes: list[RouteView]
    fills: list[FillView]
    latency_ms: dict[int, float]
    """Of orders in our own book, by order id."""
    parent: ParentView | None = None
    split: SplitView | None = None
