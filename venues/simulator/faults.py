"""Scripted misbehavior: what a person or a test asks a simulated venue to do wrong, and how much of it is left."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from venues.misbehavior import COUNT_MAX, Action, Planned, ScriptLine, Seconds, Share, read_lines

TIMES_MAX = 1_000


class RejectOrders(Action, tag="reject_orders"):
    code: int = 11_030
    message: str = "other_reject"


class FillPartly(Action, tag="fill_partly"):
    """The other side of the book shrinks to this share of the next orders before they are matched."""

    share: Share = 0.5


class DuplicateReports(Action, tag="duplicate_reports"):
    """The next notices to the owner of orders are sent so many times."""

    times: Annotated[int, Meta(ge=1, le=TIMES_MAX)] = 2


class DelayReports(Action, tag="delay_reports"):
    seconds: Seconds = 1.0


class DropReports(Action, tag="drop_reports"):
    """The next notices to the owner of orders are never sent."""


class ReorderReports(Action, tag="reorder_reports"):
    """Each of the next notices is sent after the one that follows it."""


class LoseAnswers(Action, tag="lose_answers"):
    """The next orders are taken, and the connection is cut before their answer."""


class Gap(Action, tag="gap"):
    """The next changes of books are not sent, so that the one after them names a predecessor nobody saw.
    ``instrument_name`` empty: of any.
    """

    instrument_name: str = ""


class Disconnect(Action, tag="disconnect"):
    """Every connection is cut, without a word."""


class RefuseConnections(Action, tag="refuse_connections"):
    seconds: Seconds = 1.0


class Silence(Action, tag="silence"):
    """Nothing is sent and nothing is read: a link that is half open."""

    seconds: Seconds = 1.0


class Bust(Action, tag="bust"):
    """Takes a trade back; ``trade_id`` empty: the last one of a client."""

    trade_id: str = ""


class ShiftNumbers(Action, tag="shift_numbers"):
    """FIX: the venue's next message has a number that is so much too high, or, below 0, too low."""

    by: Annotated[int, Meta(ge=-COUNT_MAX, le=COUNT_MAX)] = 1


class ExpectAgain(Action, tag="expect_again"):
    """FIX: the last ``count`` messages of each client count as not received, and are asked for again."""


AnyAction = (
    RejectOrders
    | FillPartly
    | DuplicateReports
    | DelayReports
    | DropReports
    | ReorderReports
    | LoseAnswers
    | Gap
    | Disconnect
    | RefuseConnections
    | Silence
    | Bust
    | ShiftNumbers
    | ExpectAgain
)
AT_ONCE = (Disconnect, RefuseConnections, Silence, Bust, ShiftNumbers, ExpectAgain)
"""What needs no occasion."""


class Faults(Planned):
    """The actions of this venue."""

    def __init__(self) -> None:
        super().__init__(AT_ONCE)

    def take_gap(self, name: str) -> bool:
        action = self.find(Gap)
        return action is not None and action.instrument_name in ("", name) and self.take(Gap) is not None


def read_script(path: Path) -> list[ScriptLine[AnyAction]]:
    """Raises ScriptRefused, OSError."""
    return read_lines(path, list[ScriptLine[AnyAction]])
