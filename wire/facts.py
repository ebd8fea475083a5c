"""Facts of a firm's gapless stream, and the views of entities that facts, snapshots and REST answers share.

A fact carries the whole new view of its entity: applying it is replacing. Snapshot + facts = a fresh snapshot.
Each party gets its own view; what it must not know is not in it.
"""

import msgspec

from wire.account_views import BalanceView as BalanceView  # noqa: PLC0414 - offered to importers
from wire.account_views import FillView as FillView  # noqa: PLC0414 - offered to importers
from wire.account_views import OrderView as OrderView  # noqa: PLC0414 - offered to importers
from wire.account_views import PositionView as PositionView  # noqa: PLC0414 - offered to importers
from wire.basket_views import BasketPlaced
from wire.desk_trade_views import DeskTradeChanged, DeskTradeFilled
from wire.fact_types import Fact as Fact  # noqa: PLC0414 - offered to importers
from wire.facts_audience import AllocationView, DraftView, LegVolatilityView, MakerGroupView
from wire.facts_makers import CounterpartyChanged, QuoterChanged, RfqPassed
from wire.facts_protection import DeskLimitsChanged, LastLookChanged, ProtectionChanged, SessionChanged
from wire.facts_routes import RouteChanged, RouteFilled, SplitChanged
from wire.facts_routes import RoutePlanView as RoutePlanView  # noqa: PLC0414 - offered to importers
from wire.facts_routes import RouteView as RouteView  # noqa: PLC0414 - offered to importers
from wire.facts_venue_rfqs import VenueRfqChanged
from wire.negotiation import AllocationReason, QuoteCondition, QuoteOutcome, TriggerState
from wire.pair_views import PairChanged, PairOrderEndedFact, PairsCommandAnswered, PairsDeskChanged
from wire.parent_views import ParentChanged, ParentPolicyChanged
from wire.units import (
    Audience,
    QuoteState,
    RfqState,
    Side,
)


class RfqLegView(msgspec.Struct, frozen=True, kw_only=True):
    """price: of the hedge leg, fixed by the taker; None where makers price the leg."""

    instrument_name: str
    side: Side
    ratio: int
    is_hedge: bool = False
    price: str | None = None


class QuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """bid and ask are net prices of one unit of the structure, in the RFQ's quote currency.

    maker_firm_id: None where makers are anonymous to the taker; maker_name is an alias then. A leg that was quoted in
    volatility has an entry in ``bid_volatilities`` or ``ask_volatilities``, the others None.
    """

    quote_id: int
    rfq_id: int
    version: int
    state: QuoteState
    maker_firm_id: int | None
    maker_name: str
    bid: str | None
    ask: str | None
    bid_leg_prices: list[str] | None
    ask_leg_prices: list[str] | None
    created_at_ns: int
    updated_at_ns: int
    expires_at_ns: int
    reason: str = ""
    bid_volatilities: list[LegVolatilityView | None] | None = None
    ask_volatilities: list[LegVolatilityView | None] | None = None
    quantity: str = ""
    """Units of the structure, at most the RFQ's."""
    condition: QuoteCondition = QuoteCondition.ANY_PART_OF
    filled_quantity: str | None = None
    """What the accept takes of it, once there is one."""
    last_look_until_ns: int | None = None
    """While the maker may take its price back."""
    outcome: QuoteOutcome | None = None


class RfqTradeView(msgspec.Struct, frozen=True, kw_only=True):
    """Of one maker and one account of the taker. side: the taker's; account_id: the reader's own."""

    trade_id: int
    quote_id: int
    version: int
    account_id: int
    side: Side
    price: str
    quantity: str
    state: str
    allocation_reason: AllocationReason | None
    """The taker's to know."""


class TriggerView(msgspec.Struct, frozen=True, kw_only=True):
    """A resting limit on one side, of which makers never hear."""

    side: Side
    limit_price: str
    state: TriggerState
    reason: str


class PoolLevelView(msgspec.Struct, frozen=True, kw_only=True):
    """All that makers quote at one net price."""

    price: str
    quantity: str


class PoolFillView(msgspec.Struct, frozen=True, kw_only=True):
    quote_id: int
    version: int
    price: str
    quantity: str


class PoolSideView(msgspec.Struct, frozen=True, kw_only=True):
    """What the taker can trade on a side. ``levels``: best first. ``fills``: how the full size would be shared out, at
    ``average_price`` and nothing of it beyond ``limit_price``; empty where the quotes do not fill it.
    """

    levels: list[PoolLevelView]
    limit_price: str | None
    average_price: str | None
    fills: list[PoolFillView]


class RfqView(msgspec.Struct, frozen=True, kw_only=True):
    """One party's view. ``role``: taker, maker or compliance. A maker finds only its own quote in ``quotes``; the
    taker finds none before ``tradable_at_ns``.

    taker_firm_id, taker_name: None and empty for the makers of an anonymous request. maker_firm_ids: the makers asked,
    empty for a taker to whom they are anonymous, and for a maker itself alone. maker_count, audience and allocations
    are the taker's.
    """

    rfq_id: int
    role: str
    state: RfqState
    label: str
    structure: str
    legs: list[RfqLegView]
    quantity: str
    side: Side | None
    quote_currency: str
    taker_firm_id: int | None
    taker_name: str
    account_id: int | None
    maker_firm_ids: list[int]
    created_at_ns: int
    tradable_at_ns: int
    expires_at_ns: int
    updated_at_ns: int
    quotes: list[QuoteView]
    reason: str = ""
    accepted_quote_id: int | None = None
    accepted_side: Side | None = None
    traded_price: str | None = None
    """Over all parts, where there are several; a maker's over its own."""
    is_taker_anonymous: bool = False
    are_makers_anonymous: bool = False
    audience: Audience | None = None
    maker_count: int | None = None
    allocations: list[AllocationView] = []
    trades: list[RfqTradeView] = []
    triggers: list[TriggerView] = []
    bids: PoolSideView | None = None
    asks: PoolSideView | None = None
    """The taker's: what it can sell to, and buy from."""


class OrderChanged(Fact, tag="order.changed"):
    order: OrderView


class OrderFilled(Fact, tag="order.filled"):
    order: OrderView
    fill: FillView


class BlockFilled(Fact, tag="rfq.leg_filled"):
    fill: FillView


class RfqChanged(Fact, tag="rfq.changed"):
    """created, quoted, tradable, pending, filled, rejected, expired, canceled: the new view says which."""

    rfq: RfqView


class DraftChanged(Fact, tag="rfq.draft_changed"):
    draft: DraftView


class DraftEnded(Fact, tag="rfq.draft_ended"):
    """Sent (the RFQ with this id follows) or deleted."""

    rfq_id: int


class MakerGroupChanged(Fact, tag="rfq.maker_group_changed"):
    maker_group: MakerGroupView


class MakerGroupDeleted(Fact, tag="rfq.maker_group_deleted"):
    maker_group_id: int


class PositionChanged(Fact, tag="position.changed"):
    position: PositionView


class BalanceChanged(Fact, tag="balance.changed"):
    balance: BalanceView


class MarginChanged(Fact, tag="margin.changed"):
    """After a trade or a settlement; the live figures between two facts travel as conflated risk frames."""

    account_id: int
    equity: str
    initial_margin: str
    maintenance_margin: str


class CancelAllDone(Fact, tag="order.cancel_all_done"):
    scope: str
    scope_id: int
    orders_canceled: int


class KillSwitchChanged(Fact, tag="control.kill_switch_changed"):
    """orders_canceled: 0 where the scope reaches beyond the firm, because the count would be of others' orders too."""

    scope: str
    scope_id: int
    is_engaged: bool
    orders_canceled: int


AnyFact = (
    OrderChanged
    | OrderFilled
    | RouteChanged
    | RouteFilled
    | SplitChanged
    | VenueRfqChanged
    | BlockFilled
    | RfqChanged
    | DraftChanged
    | DraftEnded
    | MakerGroupChanged
    | MakerGroupDeleted
    | PositionChanged
    | BalanceChanged
    | MarginChanged
    | CancelAllDone
    | KillSwitchChanged
    | RfqPassed
    | QuoterChanged
    | CounterpartyChanged
    | ProtectionChanged
    | SessionChanged
    | DeskLimitsChanged
    | LastLookChanged
    | ParentChanged
    | ParentPolicyChanged
    | BasketPlaced
    | DeskTradeChanged
    | DeskTradeFilled
    | PairChanged
    | PairOrderEndedFact
    | PairsDeskChanged
    | PairsCommandAnswered
)


class RiskFrame(msgspec.Struct, frozen=True, kw_only=True, tag="risk", tag_field="type"):
    """Live risk of one account, conflated. Money in USD; delta, gamma per coin; vega per volatility point; theta a day.

    ``is_stale`` where a mark that went into it is older than ``wire.limits.STALE_AFTER_MS``.
    """

    account_id: int
    at_ns: int
    market_time_ns: int
    equity: float
    cash: float
    unrealized: float
    initial_margin: float
    maintenance_margin: float
    margin_used: float
    """Initial margin required over equity; above 1 nothing new may be opened."""
    worst_scenario: str
    greeks: dict[str, dict[str, float]]
    """coin -> {delta, gamma, vega, theta}"""
    positions: list[dict[str, float | str]]
    is_stale: bool
    model_version: str
