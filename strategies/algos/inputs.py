"""What an algorithm is told, and what it asks for. Every input carries its time in nanoseconds."""

import msgspec

from wire.brackets import BracketRole
from wire.gateway_algos import AlgoAction, AlgoTerms
from wire.multileg import LegTask
from wire.units import Side

Level = tuple[int, int]
"""(price_ticks, lots)"""


class Levels(msgspec.Struct, frozen=True, kw_only=True):
    """A book, best first. ``is_fresh``: it is young enough to act on."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    is_fresh: bool = True

    @property
    def mid_half_ticks(self) -> int:
        """0 where a side is empty."""
        return self.bids[0][0] + self.asks[0][0] if self.bids and self.asks else 0


class _Input(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    at_ns: int


class Steer(_Input, frozen=True, kw_only=True, tag="steer"):
    """A person's word: the first one begins the algorithm. ``mark_half_ticks``: 0 where there is no mark.

    ``legs``: the books of a multi-leg order, leg by leg; ``levels`` is then the first of them.
    """

    action: AlgoAction
    terms: AlgoTerms
    levels: Levels
    mark_half_ticks: int = 0
    legs: tuple[Levels, ...] = ()


class Tick(_Input, frozen=True, kw_only=True, tag="tick"):
    """Time has passed, and this is the book. ``mark_half_ticks``, ``legs``: as in ``Steer``."""

    levels: Levels
    mark_half_ticks: int = 0
    legs: tuple[Levels, ...] = ()


class MarketTraded(_Input, frozen=True, kw_only=True, tag="traded"):
    """Others traded. ``tick_lots``: where it is of several trades, the sum of ticks times lots."""

    lots: int
    price_ticks: int
    tick_lots: int = 0


class ChildEntered(_Input, frozen=True, kw_only=True, tag="entered"):
    """The child has an order. ``is_routed``: at another venue, where it shows only later."""

    child: int
    order_id: int
    is_routed: bool = False


class ChildShown(_Input, frozen=True, kw_only=True, tag="shown"):
    """The venue has the child."""

    child: int


class ChildFilled(_Input, frozen=True, kw_only=True, tag="filled"):
    child: int
    lots: int
    price_ticks: int


class ChildEnded(_Input, frozen=True, kw_only=True, tag="ended"):
    """Nothing of it works any more. ``is_rejected``: it never did, because of ``reason``."""

    child: int
    reason: str
    is_rejected: bool = False


class ChildRestated(_Input, frozen=True, kw_only=True, tag="restated"):
    """The engine took lots off it; ``leaves_lots`` still work."""

    child: int
    leaves_lots: int
    reason: str


class ChildBusted(_Input, frozen=True, kw_only=True, tag="busted"):
    """The venue took back what it had executed. It is not traded anew."""

    child: int
    lots: int
    price_ticks: int


class CancelRefused(_Input, frozen=True, kw_only=True, tag="cancel_refused"):
    """The child works on."""

    child: int


Input = (
    Steer
    | Tick
    | MarketTraded
    | ChildEntered
    | ChildShown
    | ChildFilled
    | ChildBusted
    | ChildEnded
    | ChildRestated
    | CancelRefused
)


class Enter(msgspec.Struct, frozen=True, kw_only=True):
    """An order. ``is_passive``: it may rest; otherwise what does not trade at once is canceled.

    ``price_ticks``: 0 is a market order. ``side``: None is the parent's. ``role``: of a bracket's order.
    ``leg``, ``task``: of a multi-leg order's.
    """

    child: int
    lots: int
    price_ticks: int
    is_passive: bool
    side: Side | None = None
    is_reduce_only: bool = False
    role: BracketRole | None = None
    leg: int = 0
    task: LegTask | None = None


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    child: int


Action = Enter | Cancel
