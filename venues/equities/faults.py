"""Misbehavior of the equities venue: what a person or a test asks it to do wrong."""

from typing import Annotated, Literal

from msgspec import Meta

from venues.equities.reasons import Reject
from venues.misbehavior import Action, Planned, ScriptLine, Seconds, Share

BYTES_MAX = 1 << 30
REASON_MAX = 0xFFFF
Symbol = Annotated[str, Meta(min_length=1, max_length=8)]


class DropDatagrams(Action, tag="drop_datagrams"):
    """Of the next ``count`` datagrams that carry messages, also to gap requests, each is lost with this chance."""

    share: Share = 1.0


class DuplicateDatagrams(Action, tag="duplicate_datagrams"):
    share: Share = 1.0


class ReorderDatagrams(Action, tag="reorder_datagrams"):
    """So chosen datagrams are sent behind the one that follows them."""

    share: Share = 1.0


class IgnoreGapRequests(Action, tag="ignore_gap_requests"):
    """The next requests are not answered."""


class RejectOrders(Action, tag="reject_orders"):
    code: Annotated[int, Meta(ge=1, le=REASON_MAX)] = int(Reject.OTHER)


class FillPartly(Action, tag="fill_partly"):
    """The other side of the book shrinks to this share of the next orders before they are matched."""

    share: Share = 0.5


class DelayReports(Action, tag="delay_reports"):
    """Each of the next messages of an order session, and what follows it, waits so long."""

    seconds: Seconds = 1.0


class Disconnect(Action, tag="disconnect"):
    """Order sessions are cut without a word. ``user`` empty: all."""

    user: str = ""


class CutAfter(Action, tag="cut_after"):
    """An order session is cut in the middle, after so many bytes; ``count`` times, each counted anew."""

    direction: Literal["in", "out"]
    bytes: Annotated[int, Meta(ge=0, le=BYTES_MAX)]


class RefuseConnections(Action, tag="refuse_connections"):
    """Order sessions are cut and not let in again for so long."""

    seconds: Seconds = 1.0


class Silence(Action, tag="silence"):
    """Order sessions are neither read nor written: a link that is half open."""

    seconds: Seconds = 1.0


class Halt(Action, tag="halt"):
    symbol: Symbol


class Resume(Action, tag="resume"):
    symbol: Symbol


class Bust(Action, tag="bust"):
    """A trade is taken back; ``match_number`` 0: the last one of a client."""

    match_number: Annotated[int, Meta(ge=0)] = 0


class EndSession(Action, tag="end_session"):
    """The day ends: feed and order sessions end, what rests is canceled."""


class NewSession(Action, tag="new_session"):
    """A new day begins: another name, sequences and references from 1, empty books. One that still runs ends before."""


AnyAction = (
    DropDatagrams
    | DuplicateDatagrams
    | ReorderDatagrams
    | IgnoreGapRequests
    | RejectOrders
    | FillPartly
    | DelayReports
    | Disconnect
    | CutAfter
    | RefuseConnections
    | Silence
    | Halt
    | Resume
    | Bust
    | EndSession
    | NewSession
)
AT_ONCE = (Disconnect, CutAfter, RefuseConnections, Silence, Halt, Resume, Bust, EndSession, NewSession)
"""What needs no occasion."""


Script = list[ScriptLine[AnyAction]]
"""Misbehavior by time."""


class Faults(Planned):
    """The actions of this venue."""

    def __init__(self) -> None:
        super().__init__(AT_ONCE)
