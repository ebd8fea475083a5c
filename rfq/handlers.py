"""The desk's entrances from the socket, from the gateway and from the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from common import clock
from common.actor import Actor
from rfq import services
from rfq.services import corrections, desk_proposals, kills, previews, protection, sessions
from wire import gateway
from wire.client import (
    AcceptQuote,
    AgreeLastLook,
    AnswerLastLook,
    CancelAllQuotes,
    CancelQuote,
    CancelRfq,
    CancelTrigger,
    ClientMessage,
    Command,
    CommandAccepted,
    CreateRfq,
    DeleteDraft,
    DeleteMakerGroup,
    EndLastLook,
    MassQuote,
    PreviewRfq,
    ProposeLastLook,
    SaveDraft,
    SaveMakerGroup,
    SendDraft,
    SetTrigger,
    SubmitQuote,
    TradeRfq,
)
from wire.client_corrections import DecideCorrection, RequestCorrection
from wire.client_protection import (
    DecideDeskLimits,
    Heartbeat,
    ProposeDeskLimits,
    ResetProtection,
    SetCancelOnDisconnect,
    SetDeadMan,
    SetProtection,
)
from wire.desk_trade_views import DESK_BLOCKS_FROM
from wire.gateway import EventEnvelope, GatewayEvent

if TYPE_CHECKING:
    from accounts.models import User


_encode = msgspec.json.Encoder().encode


def preview(user: User, actor: Actor, message: Command) -> CommandAccepted:
    """Read-only: the answer carries what was computed."""
    assert isinstance(message, PreviewRfq), "registered for this message alone"
    result = msgspec.Raw(_encode(previews.preview_rfq(user=user, message=message)))
    entity_id = message.rfq_id or 0
    return CommandAccepted(command_id=message.command_id, entity="rfq", entity_id=entity_id, result=result)


def perform(user: User, actor: Actor, message: Command) -> CommandAccepted:
    """Run the service of a command, now, and translate its answer. Socket and REST come through here."""
    if type(message) in _MANY:
        result = _MANY[type(message)](user=user, actor=actor, message=message, at=clock.now())
        return CommandAccepted(command_id=message.command_id, result=msgspec.Raw(msgspec.json.encode(result)))
    service, entity = _SERVICES[type(message)]
    entity_id = service(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity=entity, entity_id=entity_id)


def correct(user: User, actor: Actor, message: RequestCorrection | DecideCorrection) -> CommandAccepted:
    """Ask for a correction of a trade, or decide on one: REST and the pages come through here."""
    if isinstance(message, RequestCorrection):
        row = services.request_correction(user=user, actor=actor, message=message, at=clock.now())
    else:
        row = services.decide_correction(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="correction", entity_id=row.pk)


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
    SetTrigger: (services.set_trigger, "rfq"),
    CancelTrigger: (services.cancel_trigger, "rfq"),
    AnswerLastLook: (services.answer_last_look, "quote"),
    ProposeLastLook: (services.propose_last_look, "last_look"),
    AgreeLastLook: (services.agree_last_look, "last_look"),
    EndLastLook: (services.end_last_look, "last_look"),
    SetProtection: (protection.set_protection, "protection"),
    ResetProtection: (protection.reset_protection, "protection"),
    SetDeadMan: (sessions.set_dead_man, "session"),
    Heartbeat: (sessions.take_heartbeat, "session"),
    SetCancelOnDisconnect: (sessions.set_cancel_on_disconnect, "session"),
    ProposeDeskLimits: (desk_proposals.propose_desk_limits, "desk_limits"),
    DecideDeskLimits: (desk_proposals.decide_desk_limits, "desk_limits"),
}
_MANY: dict[type[Command], Callable[..., object]] = {
    MassQuote: services.mass_quote,
    CancelAllQuotes: services.cancel_all_of_firm,
}
"""Commands about many quotes, which answer with a result."""


_BLOCK_EVENTS = (gateway.BlockReserved, gateway.BlockRefused, gateway.BlockConfirmed, gateway.BlockVoided)


def _of_rfqs(handle: Callable[[EventEnvelope], None]) -> Callable[[EventEnvelope], None]:
    """Answers about trades that people book are not the desk's."""

    def handle_own(envelope: EventEnvelope) -> None:
        event = envelope.event
        assert isinstance(event, _BLOCK_EVENTS)
        if event.reservation_id < DESK_BLOCKS_FROM:
            handle(envelope)

    return handle_own


def _block_reserved(envelope: EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.BlockReserved)
    reserved = services.correction_reserved if services.owns(event.reservation_id) else services.block_reserved
    reserved(reservation_id=event.reservation_id, at=clock.from_ns(envelope.at_ns))


def _block_refused(envelope: EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.BlockRefused)
    if services.owns(event.reservation_id):
        services.correction_refused(
            reservation_id=event.reservation_id,
            reason=event.reason,
            value=event.value,
            bound=event.bound,
            at=clock.from_ns(envelope.at_ns),
        )
        return
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
    confirmed = services.correction_confirmed if services.owns(event.reservation_id) else services.block_confirmed
    confirmed(
        reservation_id=event.reservation_id,
        first_execution_id=event.first_execution_id,
        at=clock.from_ns(envelope.at_ns),
    )


def _block_voided(envelope: EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.BlockVoided)
    services.block_voided(reservation_id=event.reservation_id, at=clock.from_ns(envelope.at_ns))


def _kill_switch_changed(envelope: EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.KillSwitchChanged)
    if event.is_engaged:
        kills.withdraw_killed(scope=event.scope, scope_id=event.scope_id, at=clock.from_ns(envelope.at_ns))


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


SOCKET_HANDLERS: dict[type[ClientMessage], Callable[[User, Actor, Command], CommandAccepted]] = {
    **dict.fromkeys([*_SERVICES, *_MANY], perform),
    PreviewRfq: preview,
}
GATEWAY_HANDLERS: dict[type[GatewayEvent], Callable[[EventEnvelope], None]] = {
    gateway.BlockReserved: _of_rfqs(_block_reserved),
    gateway.BlockRefused: _of_rfqs(_block_refused),
    gateway.BlockConfirmed: _of_rfqs(_block_confirmed),
    gateway.BlockVoided: _of_rfqs(_block_voided),
    gateway.CommandRefused: _command_refused,
    gateway.KillSwitchChanged: _kill_switch_changed,
}
TIMERS: list[Callable[[datetime], int]] = [
    services.expire_due,
    services.fire_triggers,
    protection.keep_protections,
    sessions.keep_sessions,
    kills.keep_kills,
    corrections.keep_corrections,
    services.take_due_sightings,
    services.publish_tape,
]
