"""What a session machine is told and acts through."""

import dataclasses
from typing import Protocol

from gateway.fix.message import Message, Outgoing


class Stop(Exception):
    """The connection ends, without another word."""


@dataclasses.dataclass(frozen=True, slots=True)
class Now:
    """``wall_ns``: UTC, for what is written; ``steady``: seconds that no clock change moves, for what is waited for."""

    wall_ns: int
    steady: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """``sender`` and ``target`` as the other side writes them."""

    begin_string: str
    application_version: str
    sender: str
    target: str

    @property
    def is_fixt(self) -> bool:
        return self.begin_string == "FIXT.1.1"


class Outlet(Protocol):
    """What the machine acts through."""

    def write(self, raw: str) -> None:
        """To the wire, once the store is synced."""

    def close(self, reason: str) -> None:
        """End the connection after what was written."""

    def admit(self, logon: Message) -> str:
        """Why a logon is refused, as ``name: sentence``; empty where it is good. Raises Stop: no answer."""

    def logged_on(self) -> None: ...

    def screen(self, message: Message) -> Outgoing | None:
        """A refusal to answer an application message with at once; None: it may be delivered."""

    def deliver(self, message: Message) -> None: ...

    def note(self, event: str, detail: str) -> None:
        """For the record: what happened to the session, by name."""
