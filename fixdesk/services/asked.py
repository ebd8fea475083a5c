"""A message of a session as the desk takes it: what is asked, who stands behind it, and how it is performed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from common.actor import Actor
from wire.client import ClientMessage, Command, CommandAccepted
from wire.fix_rfq import FixEntry

if TYPE_CHECKING:
    from accounts.models import FixSession


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """A message of a session that is good, and who stands behind it."""

    entry: FixEntry
    session: FixSession
    actor: Actor
    handlers: Mapping[type[ClientMessage], Callable[[Any, Actor, Any], CommandAccepted]]

    @property
    def action(self) -> Any:
        return self.entry.action

    def perform(self, command: Command) -> CommandAccepted:
        """By the handler of socket and REST. Raises Refusal."""
        return self.handlers[type(command)](self.session.user, self.actor, command)

    def command_id(self, kind: str, name: str) -> str:
        return f"fix:{self.session.pk}:{kind}:{name}"
