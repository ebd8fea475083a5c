"""The seam between FIX sessions and what is done with their messages. All of it is called on the gateway's loop.

``on_message`` gets the application messages of a session one after the other. When it returns, whatever the message
asked for was handed to the engine: the session layer then waits for the engine's journal, and delivers a message that
a crash overtook once more (``is_redelivered``), so a handler must know a repeated order by its ClOrdID.

What is sent is on disk before it is on the wire. ``reference`` is kept with it: after a start ``last_reference`` says
how far the reports of a session had come, for example the number of the engine's event that the last one told of.
"""

import dataclasses
import enum
from typing import Protocol

from gateway.fix.message import Message, Outgoing

MESSAGES_OF_COMMAND_MAX = 1 << 16
"""Messages that one command may ask for in one session."""


def command_reference(number: int, index: int = 0) -> int:
    """``command`` of the message with this index of those that the command with this number asks for."""
    assert index < MESSAGES_OF_COMMAND_MAX, "a command asks for few messages"
    return number * MESSAGES_OF_COMMAND_MAX + index


class Grant(enum.StrEnum):
    ORDERS = "orders"
    MARKET_DATA = "market_data"
    RFQ = "rfq"
    DROP_COPY = "drop_copy"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The connected party. ``sender`` and ``target`` are its CompIDs as it writes them: 49 and 56 of its messages.

    ``begin_string`` is FIX.4.2, FIX.4.4 or FIXT.1.1; ``application_version`` the
    ApplVerID (4: 4.2, 6: 4.4, 9: 5.0 SP2).
    ``account_ids`` may be traded; ``account_id`` is the one of messages that name none.
    """

    session_id: int
    name: str
    begin_string: str
    application_version: str
    sender: str
    target: str
    firm_id: int
    user_id: int
    desk_id: int
    account_id: int
    account_ids: tuple[int, ...]
    grants: frozenset[Grant]
    cancels_on_disconnect: bool

    @property
    def is_fix42(self) -> bool:
        return self.application_version == "4"


class RejectReason(enum.IntEnum):
    """SessionRejectReason (373) of a session reject, 35=3."""

    REQUIRED_TAG_MISSING = 1
    TAG_NOT_DEFINED = 2
    VALUE_INCORRECT = 5
    FORMAT_INCORRECT = 6
    OTHER = 99


class BusinessReason(enum.IntEnum):
    """BusinessRejectReason (380) of a business message reject, 35=j."""

    OTHER = 0
    UNKNOWN_ID = 1
    UNKNOWN_SECURITY = 2
    UNSUPPORTED_MESSAGE = 3
    NOT_AVAILABLE = 4
    CONDITIONALLY_REQUIRED_MISSING = 5
    NOT_AUTHORIZED = 6


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A message that is not acted on. ``name`` and ``text`` go into Text (58) as ``name: text``.

    ``tag``: the field at fault, 0 for none; ``business_id``: the message's own id (ClOrdID, QuoteReqID, …).
    """

    reason: RejectReason | BusinessReason
    name: str
    text: str
    tag: int = 0
    business_id: str = ""


class Link(Protocol):
    """What a handler may do with sessions; none of these blocks or fails for a session that is not connected."""

    def send(self, session: Session, message: Outgoing, reference: int = 0, command: int = 0) -> None:
        """Queue a message: it takes its number, is written to disk and sent, or resent at the next logon.

        ``command``: of a message that a command asked for; see ``last_command``.
        """

    def refuse(self, session: Session, message: Message, refusal: Refusal) -> None:
        """Answer 35=3 or 35=j to a message."""

    def last_reference(self, session: Session) -> int:
        """The largest ``reference`` that is on disk for the session; 0 for none."""

    def last_command(self, session: Session) -> int:
        """The largest ``command`` that is on disk for the session; 0 for none."""

    def sessions(self) -> list[Session]:
        """Every session of the registry, connected or not."""

    def is_logged_on(self, session: Session) -> bool: ...


class Handler(Protocol):
    def attach(self, link: Link) -> None:
        """Once, before anything else."""

    async def on_logon(self, session: Session) -> None: ...

    async def on_logout(self, session: Session) -> None:
        """The session logged out or its connection was lost: cancel what it asked to have canceled."""

    async def on_message(self, session: Session, message: Message) -> None: ...
