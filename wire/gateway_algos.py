"""What the terminal asks of the algorithms of the gateway, and what these report. Ticks, lots and nanoseconds."""

import enum

import msgspec

from wire.algos import AlgoName
from wire.brackets import BracketStanding, BracketTerms
from wire.gateway_controls import GatewayCommand
from wire.multileg import MultilegStanding, MultilegTerms
from wire.pairs import SteerPairs
from wire.units import PegReference, Side

ALGO_SESSION = "ALGO"
"""Session of the child orders that algorithms enter; their ClOrdID is ``<parent>-<number>``."""
ALGO_REPORTS = "gateway.algo.reports"
"""JSON of ``AlgoReportWindow``."""
ALGO_REPORTS_STORED = "gateway.algo.reports.stored"
"""JSON of ``AlgoReportsStored``."""
REPORTS_SHOWN_MAX = 200


class AlgoAction(enum.StrEnum):
    """What the algorithm is to do from now on."""

    WORK = "work"
    PAUSE = "pause"
    CANCEL = "cancel"


class AlgoTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an algorithm works by. Zero: there is none of it.

    ``limit_ticks``: no child pays more, or takes less.
    """

    algo: AlgoName
    side: Side
    quantity_lots: int
    duration_ns: int
    slice_ns: int
    participation_basis_points: int
    volume_curve: tuple[int, ...]
    urgency_milli: int
    display_lots: int
    peg_reference: PegReference
    peg_offset_ticks: int
    trigger_ticks: int
    limit_ticks: int
    max_participation_basis_points: int
    max_child_lots: int
    bracket: BracketTerms | None = None
    multileg: MultilegTerms | None = None


class SteerAlgo(GatewayCommand, tag="gateway.steer_algo"):
    """A parent order, whole, as it is to be worked from now on. The first one begins it, unless it comes too late.

    ``venue``: where its children go; empty: into our own book.
    """

    valid_until_ns: int
    parent_order_id: int
    action: AlgoAction
    account_id: int
    user_id: int
    desk_id: int
    firm_id: int
    instrument_id: int
    strategy_id: int
    terms: AlgoTerms
    venue: str = ""


AnySteering = SteerAlgo | SteerPairs
"""Of what the gateway decides by itself."""


class AlgoReportKind(enum.StrEnum):
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    CHANGED = "changed"
    PROGRESS = "progress"
    DONE = "done"
    CANCELED = "canceled"


class AlgoReport(msgspec.Struct, frozen=True, kw_only=True):
    """Where a parent order stands. Prices in half ticks, so that a mid is a whole number; zero where there is none.

    ``plan``: (nanoseconds since the start, lots that should be traded by then); only where it is new.
    ``market_lots``, ``market_tick_lots``: what others traded in the instrument since the start, and ticks times lots.
    """

    number: int
    at_ns: int
    parent_order_id: int
    kind: AlgoReportKind
    reason: str
    scheduled_lots: int
    executed_lots: int
    working_lots: int
    children: int
    rejected: int
    arrival_mid_half_ticks: int
    arrival_mark_half_ticks: int
    mid_half_ticks: int
    market_lots: int
    market_tick_lots: int
    started_at_ns: int
    plan: tuple[tuple[int, int], ...] | None = None
    bracket: BracketStanding | None = None
    multileg: MultilegStanding | None = None


class AlgoReportWindow(msgspec.Struct, frozen=True, kw_only=True):
    """What follows the number that the database has shown as stored. ``log``: the name of the gateway's log."""

    log: str
    reports: list[AlgoReport]


class AlgoReportsStored(msgspec.Struct, frozen=True, kw_only=True):
    log: str
    number: int
