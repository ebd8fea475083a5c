"""What people ask of the pairs: row, audit record, fact and gateway command in one transaction."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from accounts import roles
from common import clock, db
from common.actor import GATEWAY, Actor
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from pairs import publishers
from pairs.models import Pair, PairsCommand, PairsDesk
from pairs.selectors import find_desk
from streams import services as streams
from wire import gateway
from wire import pairs as wire
from wire.limits import COMMAND_VALID_MS
from wire.pairs import ASKED_ACTIONS, DESK_ACTIONS, PairsAction
from wire.units import NANOSECONDS_PER_MS

if TYPE_CHECKING:
    from accounts.models import User
    from wire.client_pairs import SteerPairs

PAIRS_PREFIX = "pairs:"
"""Gateway command ids: an answer that only names the command finds its row by it."""
HOUSE_ACTIONS = frozenset({PairsAction.DISABLE, PairsAction.UNWIND, PairsAction.ENTERING_OFF})
"""The house takes risk off and puts none on."""


def steer_pairs(*, user: User, actor: Actor, message: SteerPairs, at: dt.datetime) -> int:
    """Ask the gateway; returns the id of the request. Idempotent by (user, command_id).

    Raises NotAllowed, NotFound (unknown_pairs, unknown_pair), Conflict (command_id_reused, pair_retired), Refusal.
    """
    _check_may_steer(user, message.action)
    with db.unit_of_work():
        content = msgspec.json.encode(message).decode()
        command, is_new = PairsCommand.objects.get_or_create(
            user=user,
            command_id=message.command_id,
            defaults={
                "pairs_desk": _desk_of(user, message),
                "content": content,
                "action": message.action.value,
                "first": message.first,
                "second": message.second,
                "reason": message.reason.strip()[:120],
                "at": at,
            },
        )
        if not is_new:
            if command.content != content:
                used = message.command_id
                raise Conflict("command_id_reused", "the command id was used for something else", value=used)
            return command.pk
        _send(command, at)
        publishers.record_command(command, "steering_asked", actor, at)
        return command.pk


def settle_command(desk: PairsDesk, gateway_command_id: str, state: str, at: dt.datetime, *, reason: str = "") -> None:
    """What became of it; of one that is not known, because the gateway's log is older than the database, nothing."""
    number = gateway_command_id.removeprefix(PAIRS_PREFIX)
    if not number.isdecimal():
        return
    command = PairsCommand.objects.select_for_update().filter(id=int(number), pairs_desk=desk).first()
    if command is None or command.state in ("done", "refused"):
        return
    command.pairs_desk = desk
    command.state, command.answered_at = state, at
    command.reason = reason or command.reason
    command.save()
    publishers.publish_command(command)


def apply_refused(envelope: gateway.EventEnvelope) -> None:
    """The gateway did not take a command: the pairs are what they were."""
    event = envelope.event
    assert isinstance(event, gateway.CommandRefused)
    if not event.command_id.startswith(PAIRS_PREFIX):
        return
    number = event.command_id.removeprefix(PAIRS_PREFIX)
    command = PairsCommand.objects.select_related("pairs_desk").filter(id=int(number)).first()
    if command is None or command.state == "refused":
        return
    at = clock.from_ns(envelope.at_ns)
    settle_command(command.pairs_desk, event.command_id, "refused", at, reason=event.reason)
    command.refresh_from_db()
    publishers.record_command(command, "steering_refused", GATEWAY, at)


def _send(command: PairsCommand, at: dt.datetime) -> None:
    streams.send_to_gateway(
        wire.SteerPairs(
            command_id=f"{PAIRS_PREFIX}{command.pk}",
            valid_until_ns=clock.to_ns(at) + COMMAND_VALID_MS * NANOSECONDS_PER_MS,
            venue=command.pairs_desk.venue,
            action=PairsAction(command.action),
            user_id=command.user_id,
            first=command.first,
            second=command.second,
        )
    )


def _check_may_steer(user: User, action: PairsAction) -> None:
    if action not in ASKED_ACTIONS:
        raise Refusal("unknown_action", "nobody asks for that", value=action.value)
    if not roles.is_trader(user) and not roles.is_admin(user):
        raise NotAllowed("not_authorized", "only traders and the house steer pairs", value=user.role, bound="trader")
    if roles.is_admin(user) and action not in HOUSE_ACTIONS:
        raise NotAllowed("not_authorized", "the house puts no risk on", value=action.value, bound="disable, unwind")


def _desk_of(user: User, message: SteerPairs) -> PairsDesk:
    desk = find_desk(user, message.venue)
    if desk is None:
        raise NotFound("unknown_pairs", f"no pairs of yours are traded at {message.venue}", value=message.venue)
    is_of_all = message.action in DESK_ACTIONS
    if is_of_all != (not message.first and not message.second):
        what = "names no pair" if is_of_all else "names a pair"
        raise Refusal("pair_or_all", f"{message.action} {what}", value=f"{message.first}/{message.second}")
    if is_of_all:
        return desk
    pair = Pair.objects.filter(pairs_desk=desk, first=message.first, second=message.second).first()
    if pair is None:
        raise NotFound("unknown_pair", "there is no such pair", value=f"{message.first}/{message.second}")
    if pair.is_retired:
        raise Conflict("pair_retired", "the pair is no longer traded", value=str(pair))
    return desk
