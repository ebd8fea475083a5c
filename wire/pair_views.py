"""Pairs of the hot path as REST and facts show them. Prices and money in US dollars, as decimal text; shares."""

import msgspec

from wire.fact_types import Fact
from wire.pairs import PairsAction, PairState
from wire.units import OrderState, Side


class PairsDeskView(msgspec.Struct, frozen=True, kw_only=True):
    """``report_number``: of the gateway's log, the last that this holds."""

    venue: str
    account_id: int
    user_id: int
    desk_id: int
    firm_id: int
    strategy_id: int
    session: str
    is_session_open: bool
    session_reason: str
    is_entering: bool
    report_number: int
    updated_at_ns: int


class PairView(msgspec.Struct, frozen=True, kw_only=True):
    """``cash``: of all its fills, which is its profit where nothing is held. ``reason``: of its last decision."""

    pair_id: int
    venue: str
    number: int
    first: str
    second: str
    first_lots: int
    second_lots: int
    hedge: float
    entry: float
    exit: float
    stop: float
    is_retired: bool
    state: PairState
    held_first: int
    held_second: int
    cash: str
    zscore: float | None
    reason: str
    decided_at_ns: int
    updated_at_ns: int


class PairFillView(msgspec.Struct, frozen=True, kw_only=True):
    match_number: int
    lots: int
    price: str
    liquidity: str
    at_ns: int
    is_bust: bool = False


class PairOrderView(msgspec.Struct, frozen=True, kw_only=True):
    order_id: int
    pair_id: int
    account_id: int
    symbol: str
    side: Side
    lots: int
    price: str
    zscore: float | None
    feed_sequence: int
    before: PairState
    after: PairState
    is_adopted: bool
    venue_order_id: str
    filled_lots: int
    leaves_lots: int
    state: OrderState
    reason: str
    decided_at_ns: int
    updated_at_ns: int
    fills: list[PairFillView]


class PairPositionView(msgspec.Struct, frozen=True, kw_only=True):
    venue: str
    account_id: int
    symbol: str
    lots: int
    bought_lots: int
    sold_lots: int
    cash: str


class PairsCommandView(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: asked, taken (in the gateway's log), done, refused."""

    command_id: str
    venue: str
    action: PairsAction
    first: str
    second: str
    user_id: int
    state: str
    reason: str


class PairOrderEndedFact(Fact, tag="pairs.order_ended"):
    """An order of the firm's pairs works no more, with what was filled of it."""

    pair_order: PairOrderView


class PairsDeskChanged(Fact, tag="pairs.desk_changed"):
    """Session, or whether pairs enter."""

    pairs_desk: PairsDeskView


class PairChanged(Fact, tag="pairs.pair_changed"):
    """A pair ended a step: it holds something, is flat, or was steered."""

    pair: PairView


class PairsCommandAnswered(Fact, tag="pairs.command_answered"):
    """What became of a person's command."""

    command: PairsCommandView
