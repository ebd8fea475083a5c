"""The makers' desk from the socket and from the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from common import clock
from common.actor import Actor
from makers import services
from wire.client import ClientMessage, Command, CommandAccepted, KeepDecisions, PassRfq, ReportQuoter, SetQuoter

if TYPE_CHECKING:
    from accounts.models import User


def perform(user: User, actor: Actor, message: Command) -> CommandAccepted:
    """Run the service of a command, now, and translate its answer. Socket and REST come through here."""
    service, entity = _SERVICES[type(message)]
    entity_id = service(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity=entity, entity_id=entity_id)


_SERVICES: dict[type[Command], tuple[Callable[..., int], str]] = {
    PassRfq: (services.pass_rfq, "rfq"),
    SetQuoter: (services.set_quoter, "quoter"),
    ReportQuoter: (services.report_quoter, "quoter"),
    KeepDecisions: (services.keep_decisions, "decision"),
}
SOCKET_HANDLERS: dict[type[ClientMessage], Callable[[User, Actor, Command], CommandAccepted]] = dict.fromkeys(
    _SERVICES, perform
)
TIMERS: list[Callable[[datetime], int]] = [services.tell_takers]
