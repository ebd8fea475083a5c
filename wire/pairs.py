"""Pairs of equities that the gateway's hot path trades: what it reports, how it is steered, and what is shown of it.

Prices are ticks of 1e-4 US dollar, a lot is a share, times are UTC nanoseconds. A pair is named by its two symbols.
"""

import enum

import msgspec

from wire.gateway_controls import GatewayCommand
from wire.units import Side

PAIRS_MAX = 4_096
SYMBOL_LENGTH_MAX = 8
PAIRS_SHOWN = "gateway.pairs.shown"
"""JSON of ``PairsShown``; it expires when the gateway is gone."""
PAIRS_SHOWN_MS = 5_000
TICKS_PER_DOLLAR = 10_000


class PairState(enum.StrEnum):
    FLAT = "flat"
    ENTERING = "entering"
    LONG = "long_spread"
    """The first leg is held, the second is owed."""
    SHORT = "short_spread"
    EXITING = "exiting"
    LEGGED = "legged"
    """One leg was filled more than the other; the excess is being unwound."""
    DISABLED = "disabled"
    """By a person, or after too many tries; it may hold a position."""


class PairsAction(enum.StrEnum):
    DISABLE = "disable"
    ENABLE = "enable"
    UNWIND = "unwind"
    ENTERING_ON = "entering_on"
    ENTERING_OFF = "entering_off"
    GAVE_UP = "gave_up"
    """By itself, after too many tries: the pair is disabled, and may hold a position."""


ASKED_ACTIONS = frozenset(PairsAction) - {PairsAction.GAVE_UP}
"""What a person may ask for."""
DESK_ACTIONS = frozenset({PairsAction.ENTERING_ON, PairsAction.ENTERING_OFF})
"""They are about all pairs of the desk."""


class SteerPairs(GatewayCommand, tag="gateway.steer_pairs"):
    """``first``, ``second``: symbols of the pair; empty where the action is about all of them."""

    valid_until_ns: int
    venue: str
    action: PairsAction
    user_id: int
    first: str = ""
    second: str = ""


class StrategyOwner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose orders the hot path sends."""

    account_id: int
    user_id: int
    desk_id: int
    firm_id: int
    strategy_id: int


class PairTold(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", omit_defaults=True):
    """A fact of the hot path. ``pair``: its number in the gateway; -1: of all."""

    at_ns: int
    pair: int = -1
    first: str = ""
    second: str = ""


class PairListed(PairTold, frozen=True, kw_only=True, tag="pair_listed"):
    """Terms in force from now on. ``is_retired``: no longer in the gateway's file; it enters nothing.
    z-score of ``ln(first) - hedge * ln(second) - offset`` over ``window`` samples, one each ``sample_ms`` at most.
    """

    hedge: float
    offset: float
    first_lots: int
    second_lots: int
    entry: float
    exit: float
    stop: float
    timeout_ns: int
    window: int
    sample_ms: int
    is_retired: bool = False


class PairOrderTold(PairTold, frozen=True, kw_only=True):
    """``leg``: 0 the first, 1 the second. ``leaves_lots`` after this fact. ``before``, ``after``: the pair's state."""

    order_id: int
    leg: int
    symbol: str
    side: Side
    lots: int
    price_ticks: int
    leaves_lots: int
    before: PairState
    after: PairState


class PairOrderDecided(PairOrderTold, frozen=True, kw_only=True, tag="order_decided"):
    """Why it was decided: the z-score, on the feed's message before ``feed_sequence``."""

    feed_sequence: int
    zscore: float | None


class PairOrderAccepted(PairOrderTold, frozen=True, kw_only=True, tag="order_accepted"):
    """The venue has it. ``is_adopted``: our log did not know it; it left before the log was synced, then the gateway
    ended.
    """

    venue_order_id: int
    is_adopted: bool = False


class PairOrderFilled(PairOrderTold, frozen=True, kw_only=True, tag="order_filled"):
    """``match_number``: the venue's name of the execution. ``liquidity``: the venue's letter."""

    match_number: int
    last_lots: int
    last_price_ticks: int
    liquidity: str


class PairOrderBusted(PairOrderTold, frozen=True, kw_only=True, tag="order_busted"):
    """The venue took the execution ``match_number`` back: it was never held."""

    match_number: int
    last_lots: int
    last_price_ticks: int
    code: str = ""


class PairOrderEnded(PairOrderTold, frozen=True, kw_only=True, tag="order_ended"):
    """``reason``: canceled, rejected, withdrawn (it never left), never_arrived; with the venue's code."""

    reason: str
    code: str = ""


class PairOrderRefused(PairTold, frozen=True, kw_only=True, tag="order_refused"):
    """The risk gate let a decision's order not pass: nothing was sent. Value and bound in the control's unit."""

    reason: str
    value: int
    bound: int


class PairsSteeringTaken(PairTold, frozen=True, kw_only=True, tag="steering_taken"):
    """A command is in the log: it is carried out now, or after a restart."""

    command_id: str
    user_id: int
    action: PairsAction


class PairsSteered(PairTold, frozen=True, kw_only=True, tag="steered"):
    """It is in force. ``command_id``, ``user_id``: whose command it was; empty: the gateway's own."""

    action: PairsAction
    command_id: str = ""
    user_id: int = 0


class PairsSessionOpened(PairTold, frozen=True, kw_only=True, tag="session_opened"):
    session: str
    next_sequence: int


class PairsSessionLost(PairTold, frozen=True, kw_only=True, tag="session_lost"):
    why: str


class FeedGapGivenUp(PairTold, frozen=True, kw_only=True, tag="feed_gap"):
    first_sequence: int
    count: int


class VenueMessageKept(PairTold, frozen=True, kw_only=True, tag="venue_message"):
    """A message that moves no order of ours, in hexadecimal digits. ``kind``: its letter."""

    sequence: int
    kind: str
    content: str


AnyPairTold = (
    PairListed
    | PairOrderDecided
    | PairOrderAccepted
    | PairOrderFilled
    | PairOrderBusted
    | PairOrderEnded
    | PairOrderRefused
    | PairsSteeringTaken
    | PairsSteered
    | PairsSessionOpened
    | PairsSessionLost
    | FeedGapGivenUp
    | VenueMessageKept
)
AnyPairOrderTold = PairOrderDecided | PairOrderAccepted | PairOrderFilled | PairOrderBusted | PairOrderEnded


class StrategyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue's report of the hot path carries."""

    owner: StrategyOwner
    told: AnyPairTold


class PairShown(msgspec.Struct, frozen=True, kw_only=True):
    """A pair as it stands. Profits in micro-dollars: ``realized`` of round trips that ended, ``unrealized`` of the one
    under way at the middle of the best prices; None where a side has no price.
    """

    first: str
    second: str
    state: PairState
    zscore: float | None
    held_first: int
    held_second: int
    working: int
    realized_micros: int
    unrealized_micros: int | None


class PairsShown(msgspec.Struct, frozen=True, kw_only=True):
    """``session_state``: idle, logging_in, open, lost, stopped. ``log_state``: ok, near_full or why it failed.
    ``blocked_by``: controls in force that let nothing, or only what reduces, pass.
    """

    venue: str
    at_ns: int
    owner: StrategyOwner
    session_state: str
    session: str
    log_state: str
    send: str
    is_entering: bool
    blocked_by: list[str]
    last_order_at_ns: int
    refusals_left_out: int
    log_records: int
    reports_waiting: int
    counts: dict[str, int]
    by_state: dict[str, int]
    pairs: list[PairShown]
