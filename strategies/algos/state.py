"""Where an algorithm stands: everything that its next step depends on; and what it shares with every parent order."""

import enum

import msgspec

from wire.gateway_algos import AlgoTerms


class Phase(enum.StrEnum):
    """``finishing``: the time is over; ``canceling``: a person ended it. Both wait for the last child."""

    WORKING = "working"
    PAUSED = "paused"
    FINISHING = "finishing"
    CANCELING = "canceling"
    DONE = "done"
    CANCELED = "canceled"


ENDED = frozenset({Phase.DONE, Phase.CANCELED})


class WorkingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that may still trade. ``order_id`` 0: it is on its way. ``price_ticks`` 0: at market."""

    number: int
    lots: int
    price_ticks: int
    order_id: int = 0
    filled_lots: int = 0
    is_cancel_asked: bool = False

    @property
    def leaves_lots(self) -> int:
        """A venue may fill more than there was."""
        return max(self.lots - self.filled_lots, 0)


class WorkedState(msgspec.Struct, frozen=True, kw_only=True):
    """Of every kind of parent order. ``plan``: (nanoseconds since the start, lots by then); empty without a schedule.

    ``market_*``: what others traded; of algorithms alone.
    """

    terms: AlgoTerms
    phase: Phase
    started_at_ns: int
    plan: tuple[tuple[int, int], ...] = ()
    arrival_mid_half_ticks: int = 0
    arrival_mark_half_ticks: int = 0
    market_lots: int = 0
    market_tick_lots: int = 0
    children_sent: int = 0
    rejected: int = 0
    rejected_in_a_row: int = 0
    not_before_ns: int = 0
    reason: str = ""

    @property
    def is_ended(self) -> bool:
        return self.phase in ENDED


class Child(WorkingOrder, frozen=True, kw_only=True):
    """``slice_number``: the one it was sent in.

    ``is_routed``: at a venue, which has the last word: it stays until the venue says that it is over. From
    ``shown_from_ns`` on the venue's book holds it.
    """

    is_passive: bool
    slice_number: int
    is_routed: bool = False
    shown_from_ns: int = 0
    cancel_not_before_ns: int = 0


class AlgoState(WorkedState, frozen=True, kw_only=True):
    """``slice_base_lots``: what should have been traded when the slice began. ``busted_lots``: executed and taken back
    by a venue, and not traded anew.
    """

    executed_lots: int = 0
    executed_tick_lots: int = 0
    busted_lots: int = 0
    children: tuple[Child, ...] = ()
    slice_number: int = -1
    slice_base_lots: int = 0

    @property
    def working_lots(self) -> int:
        return sum(child.leaves_lots for child in self.children)

    @property
    def leaves_lots(self) -> int:
        """Neither traded nor on its way."""
        return self.terms.quantity_lots - self.executed_lots - self.busted_lots - self.working_lots

    @property
    def ends_at_ns(self) -> int:
        return self.started_at_ns + self.terms.duration_ns
