"""Words and numbers with a fixed meaning: sides, order types, states, assets, ticks and lots."""

import enum
from decimal import ROUND_HALF_EVEN, Decimal

NANOSECONDS_PER_SECOND = 1_000_000_000
NANOSECONDS_PER_MS = 1_000_000


class Side(enum.StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1


class InstrumentKind(enum.StrEnum):
    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"


class OptionType(enum.StrEnum):
    CALL = "call"
    PUT = "put"


class OrderType(enum.StrEnum):
    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    PEG = "peg"


class TimeInForce(enum.StrEnum):
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"
    DAY = "day"


class SelfMatch(enum.StrEnum):
    """What happens where an order would meet one of its own account."""

    CANCEL_NEWEST = "cancel_newest"
    CANCEL_OLDEST = "cancel_oldest"
    CANCEL_BOTH = "cancel_both"
    DECREMENT = "decrement"


class StopTrigger(enum.StrEnum):
    LAST_TRADE = "last_trade"
    MARK = "mark"


class PegReference(enum.StrEnum):
    """Of the venue's quote: its middle, or the order's own side."""

    MID = "mid"
    PRIMARY = "primary"


class InstrumentPhase(enum.StrEnum):
    CONTINUOUS = "continuous"
    CALL = "call"
    HALTED = "halted"


class Liquidity(enum.StrEnum):
    MAKER = "maker"
    TAKER = "taker"


class OrderState(enum.StrEnum):
    """Order states in FIX words, and *unknown*: sent, and nobody has said yet what became of it."""

    PENDING_NEW = "pending_new"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


TERMINAL_ORDER_STATES = frozenset({OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED})


class Audience(enum.StrEnum):
    """Who is asked for a quote: makers by name, a named group of them, or all who may see the request."""

    CHOSEN = "chosen"
    GROUP = "group"
    ALL = "all"


class RfqState(enum.StrEnum):
    DRAFT = "draft"
    """Saved, not sent: its taker alone knows of it."""
    OPEN = "open"
    PENDING_FILL = "pending_fill"
    FILLED = "filled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELED = "canceled"


class QuoteState(enum.StrEnum):
    ACTIVE = "active"
    PENDING_LAST_LOOK = "pending_last_look"
    PENDING_FILL = "pending_fill"
    FILLED = "filled"
    REJECTED = "rejected"
    LAST_LOOK_REJECTED = "last_look_rejected"
    CANCELED = "canceled"
    EXPIRED = "expired"
    TRADED_AWAY = "traded_away"


class PassReason(enum.StrEnum):
    """Why a maker does not quote; FIX 658: 4, 6, 9, 10."""

    TOO_LATE = "too_late"
    NOT_AUTHORIZED = "not_authorized"
    NO_INVENTORY = "no_inventory"
    PASS = "pass"  # noqa: S105 - a word of the desk


class TradingState(enum.StrEnum):
    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


class ControlScope(enum.StrEnum):
    """What a trading state or a kill switch covers."""

    ALL = "all"
    FIRM = "firm"
    DESK = "desk"
    USER = "user"
    ACCOUNT = "account"
    INSTRUMENT = "instrument"
    STRATEGY = "strategy"
    VENUE = "venue"


class ReleasedControl(enum.StrEnum):
    """What takes two people to let trade again."""

    KILL_SWITCH = "kill_switch"
    DISABLED_SCOPE = "disabled_scope"


class ControlKind(enum.StrEnum):
    """What a command put in force in the risk gate."""

    SCOPE_LIMITS = "scope_limits"
    INSTRUMENT_PERMISSION = "instrument_permission"
    TRADER_AUTHORIZATION = "trader_authorization"
    OVERRIDE_GRANTED = "override_granted"
    SCOPE_ENABLED = "scope_enabled"
    SCOPE_DISABLED = "scope_disabled"
    PARENT_ORDER = "parent_order"
    COLLATERAL = "collateral"


class Permission(enum.StrEnum):
    """Of a scope in an instrument."""

    NONE = "none"
    PERMITTED = "permitted"
    RESTRICTED = "restricted"


ASSET_DECIMALS = {"BTC": 8, "ETH": 18, "SOL": 9, "USDC": 6, "USDT": 6, "USD": 6}
"""Digits of each asset's smallest unit: the ledger counts integers of it."""


def to_smallest_units(amount: Decimal, asset: str) -> int:
    """The one rounding by which an amount becomes money: half to even, to the asset's smallest unit.

    Raises KeyError for an asset that Parley does not know.
    """
    return int(amount.scaleb(ASSET_DECIMALS[asset]).to_integral_value(rounding=ROUND_HALF_EVEN))


def from_smallest_units(units: int, asset: str) -> Decimal:
    """The amount, in whole units of the asset, of an integer of its smallest unit."""
    return Decimal(units).scaleb(-ASSET_DECIMALS[asset])


class OffGrid(ValueError):
    """A price or quantity that is not a whole number of ticks or lots."""

    def __init__(self, name: str, value: Decimal, step: Decimal) -> None:
        super().__init__(f"{name} {value} is not a multiple of {step}")
        self.name, self.value, self.step = name, value, step


STEPS_PRECISION = 80
"""Digits of the division: more than the longest decimal of a message, so that nothing off the grid rounds onto it."""


def to_steps(name: str, value: Decimal, step: Decimal) -> int:
    """Whole number of ``step`` (a tick or a lot) in ``value``; raises OffGrid if it is not whole or not finite."""
    if not value.is_finite():
        raise OffGrid(name, value, step)
    count = value / step
    if count != count.to_integral_value() or count * step != value:
        raise OffGrid(name, value, step)
    return int(count)
