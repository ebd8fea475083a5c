"""A client's command to a service, and the answer that names what it made or changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from common import clock
from common.actor import Actor
from wire.client import ClientMessage, CommandAccepted
from wire.client_types import Command

if TYPE_CHECKING:
    from accounts.models import User

Handler = Callable[["User", Actor, ClientMessage], CommandAccepted]


def accepting(entity: str, service: Callable[..., Any]) -> Handler:
    """``service(user=, actor=, message=, at=)`` returns the row of ``entity``; its refusals pass through."""

    def handle(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
        assert isinstance(message, Command), "a client names what it asks for"
        row = service(user=user, actor=actor, message=message, at=clock.now())
        return CommandAccepted(command_id=message.command_id, entity=entity, entity_id=row.pk)

    return handle
