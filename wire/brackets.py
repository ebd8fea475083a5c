"""Brackets: orders that belong together, in words that every process shares."""

import enum

import msgspec

from wire.client_types import DecimalText
from wire.units import StopTrigger


class BracketKind(enum.StrEnum):
    """``oto``: an entry, and one exit of what it opens. ``oco``: two orders of which one trades. ``otoco``: both."""

    OTO = "oto"
    OCO = "oco"
    OTOCO = "otoco"


class BracketRole(enum.StrEnum):
    """What one of its orders is for."""

    ENTRY = "entry"
    TAKE_PROFIT = "take_profit"
    STOP_LOSS = "stop_loss"


ROLE_LETTERS = {BracketRole.ENTRY: "e", BracketRole.TAKE_PROFIT: "t", BracketRole.STOP_LOSS: "s"}
"""What the ClOrdID of a bracket's order ends with."""


def role_of(client_order_id: str) -> BracketRole | None:
    """None for orders of no bracket."""
    last = client_order_id[-1:]
    return next((role for role, letter in ROLE_LETTERS.items() if letter == last), None)


class BracketStage(enum.StrEnum):
    """``entering``: nothing is open yet; ``protected``: the exits stand; ``stopped``: the stop was reached and acts."""

    ENTERING = "entering"
    PROTECTED = "protected"
    STOPPED = "stopped"


class BracketParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Prices of the parts. ``entry_price``: None enters at market. ``stop_limit``: the stop's own limit; None: market.

    The exits stand on the other side of the entry. An OCO has no entry: its side is that of its two orders, and they
    reduce a position that is there already.
    """

    kind: BracketKind
    entry_price: DecimalText | None = None
    take_profit: DecimalText | None = None
    stop_loss: DecimalText | None = None
    stop_limit: DecimalText | None = None
    trigger: StopTrigger = StopTrigger.MARK
    """What reaches the stop: the mark, or somebody's trade."""


class BracketTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The same in ticks; zero where there is none."""

    kind: BracketKind
    entry_ticks: int = 0
    take_profit_ticks: int = 0
    stop_ticks: int = 0
    stop_limit_ticks: int = 0
    trigger: StopTrigger = StopTrigger.MARK

    @property
    def has_entry(self) -> bool:
        return self.kind is not BracketKind.OCO


class BracketStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Where it stands. ``released_lots``: what the position lost elsewhere, so that no exit is needed for it.

    ``problem``: why an exit that should stand does not; empty: nothing is amiss.
    """

    stage: BracketStage
    opened_lots: int
    closed_lots: int
    released_lots: int
    exit_working_lots: int
    closed_tick_lots: int
    problem: str = ""
