"""The desk's entrances from the socket, from the gateway and from the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from common import clock
from common.actor import Actor
from rfq import services
from wire import gateway
from wire.client import (
    AcceptQuote,
    CancelQuote,
    CancelRfq,
    ClientMessage,
    Command,
    CommandAccepted,
    CreateRfq,
    DeleteDraft,
    DeleteMakerGroup,
    SaveDraft,
    SaveMakerGroup,
    SendDraft,
    SubmitQuote,
    TradeRfq,
)
from wire.gateway import EventEnvelope, GatewayEvent

if TYPE_CHECKING:
    from accounts.models import User


def perform(user: User, actor: Actor, message: Command) -> CommandAccepted:
    """Run the service of a command, now, and translate its answer. Socket and REST come through here."""
    service, entity = _SERVICES[type(message)]
    entity_id = service(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity=entity, entity_id=entity_id)


_SERVICES: dict[type[Command], tuple[Callable[..., int], str]] = {
    CreateRfq: (services.create_rfq, "rfq"),
    CancelRfq: (services.cancel_rfq, "rfq"),
    SaveDraft: (services.save_draft, "draft"),
    SendDraft: (services.send_draft, "rfq"),
    DeleteDraft: (services.delete_draft, "draft"),
    SaveMakerGroup: (services.save_maker_group, "maker_group"),
    DeleteMakerGroup: (services.delete_maker_group, "maker_group"),
    SubmitQuote: (services.submit_quote, "quote"),
    CancelQuote: (services.cancel_quote, "quote"),
    AcceptQuote: (services.accept_quote, "rfq"),
    TradeRfq: (services.trade_rfq, "rfq"),
}


def _block_reserved(envelope: EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.BlockReserved)
    services.block_reserved(reservation_id=event.reservation_id, at=clock.from_ns(envelope.at_ns))


def _block_refused(envelope: EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.BlockRefused)
    services.block_refused(
        reservation_id=event.reservation_id,
        account_id=event.account_id,
        leg_index=event.leg_index,
        reason=event.reason,
        value=event.value,
        bound=event.bound,
        at=clock.from_ns(envelope.at_ns),
    )


def _block_confirmed(envelope: EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.BlockConfirmed)
    services.block_confirmed(
        reservation_id=event.reservation_id,
        first_execution_id=event.first_execution_id,
        at=clock.from_ns(envelope.at_ns),
    )


def _block_voided(envelope: EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.BlockVoided)
    services.block_voided(reservation_id=event.reservation_id, at=clock.from_ns(envelope.at_ns))


def _command_refused(envelope: EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.CommandRefused)
    services.command_refused(
        command_id=event.command_id,
        reason=event.reason,
        value=event.value,
        bound=event.bound,
        at=clock.from_ns(envelope.at_ns),
    )


SOCKET_HANDLERS: dict[type[ClientMessage], Callable[[User, Actor, Command], CommandAccepted]] = dict.fromkeys(
    _SERVICES, perform
)
GATEWAY_HANDLERS: dict[type[GatewayEvent], Callable[[EventEnvelope], None]] = {
    gateway.BlockReserved: _block_reserved,
    gateway.BlockRefused: _block_refused,
    gateway.BlockConfirmed: _block_confirmed,
    gateway.BlockVoided: _block_voided,
    gateway.CommandRefused: _command_refused,
}
TIMERS: list[Callable[[datetime], int]] = [services.expire_due, services.take_due_sightings, services.publish_tape]
