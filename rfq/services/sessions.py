"""Sessions of the desk: dead-man timers, cancel on disconnect. Deadlines are rows: whoever dies, the timers see them.

A session is an API key or a signed-in browser, over every connection and every web process. What is to be withdrawn is
written first (``withdraw_until``), then done, RFQ by RFQ; the timers go on where that was cut short.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from django.db import connection

from audit import services as audit
from common import db
from common.actor import TIMER, Actor
from common.errors import Conflict, NotFound, Refusal
from orders import services as orders
from rfq.models import DeskSession, Quote, SessionPresence, SessionQuote
from rfq.selectors.protection import find_session, session_view
from rfq.selectors.quoting import OwnSession
from rfq.services import commands
from rfq.services.batches import Failures, move_all
from rfq.services.withdrawals import withdraw
from streams import services as streams
from wire.client_protection import Heartbeat, SetCancelOnDisconnect, SetDeadMan
from wire.facts import SessionChanged
from wire.units import QuoteState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

REASON_DISCONNECT = "disconnect"
REASON_DEAD_MAN = "dead_man"
PRESENCE_SECONDS = 3.0
"""A web process that has not said for so long that it holds a socket holds none: it is dead, or cut off."""


def set_dead_man(*, user: User, actor: Actor, message: SetDeadMan, at: dt.datetime) -> int:
    """Arm the session's timer, or (0 seconds) disarm it; returns the session's id. Raises Refusal ``no_session``."""
    return commands.once(
        user_id=user.id, message=message, entity="session", act=lambda: _set_dead_man(user, actor, message, at)
    )


def set_cancel_on_disconnect(*, user: User, actor: Actor, message: SetCancelOnDisconnect, at: dt.datetime) -> int:
    """From now on (or no longer) the session's quotes go with its last socket; returns the session's id."""
    return commands.once(
        user_id=user.id, message=message, entity="session", act=lambda: _set_disconnect(user, actor, message, at)
    )


def take_heartbeat(*, user: User, actor: Actor, message: Heartbeat, at: dt.datetime) -> int:
    """Move the deadline; a timer that ran out is armed anew. One row, no record, unless it had run out.

    Raises NotFound ``dead_man_not_set``.
    """
    with db.unit_of_work():
        row = DeskSession.objects.select_for_update(no_key=True).filter(name=actor.session, user_id=user.pk).first()
        if row is None or not row.dead_man_seconds:
            raise NotFound("dead_man_not_set", "This session has no dead-man timer.")
        row.deadline = at + dt.timedelta(seconds=row.dead_man_seconds)
        had_expired, row.expired_at = row.expired_at is not None, None
        row.save(update_fields=["deadline", "expired_at"])
        if had_expired:
            _record(row, "armed", actor, at, message.command_id)
    return row.pk


def check_alive(session: OwnSession | None, at: dt.datetime) -> None:
    """Refuses ``dead_man_expired``. ``session``: locked, None where this entrance has none."""
    if session is None:
        return
    if session.expired_at is not None or (session.deadline is not None and session.deadline <= at):
        raise Conflict(
            "dead_man_expired",
            "The dead-man timer of this session has run out; send a heartbeat first.",
            value=(session.expired_at or session.deadline or at).isoformat(),
            bound=f"{session.dead_man_seconds} s",
        )


def note_quote(quote_id: int, session: OwnSession | None, at: dt.datetime, *, is_noted: bool) -> None:
    """The quote's newest version came through this session. is_noted: an earlier one came through some session."""
    if session is not None:
        SessionQuote.objects.update_or_create(quote_id=quote_id, defaults={"session_id": session.id, "made_at": at})
    elif is_noted:
        SessionQuote.objects.filter(quote_id=quote_id).delete()


def note_connected(names: Iterable[str], process: str, at: dt.datetime) -> int:
    """A web process holds sockets of these sessions; said at each connect and then every second."""
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT, {"names": sorted(set(names)), "process": process, "at": at})
        return int(cursor.rowcount)


def note_disconnected(name: str, process: str, at: dt.datetime) -> bool:
    """The last socket of the session in this process has gone. True where its quotes were withdrawn at once."""
    with db.unit_of_work():
        row = DeskSession.objects.select_for_update(no_key=True).filter(name=name).first()
        if row is None or not row.is_cancel_on_disconnect:
            return False
        SessionPresence.objects.filter(session_id=row.pk, process=process).delete()
        if _is_present(row, at):
            return False
        row.gone_at = row.gone_at or at
        row.save(update_fields=["gone_at"])
        if row.reconnect_grace_ms:
            return False
        _disconnect(row, at)
    sweep(row.pk, at)
    return True


def open_session(user: User, actor: Actor) -> None:
    """From now on it is noted which quotes come through the session. Raises Refusal ``no_session``."""
    with db.unit_of_work():
        _own(user, actor)


def withdraw_session(name: str, at: dt.datetime) -> None:
    """The session has gone, and its quotes go with it; what others hold at this instant goes with the timers' next run.

    For entrances that see for themselves when a session ends; sockets are watched by ``note_connected``.
    """
    with db.unit_of_work():
        row = DeskSession.objects.select_for_update(no_key=True).filter(name=name).first()
        if row is None:
            return
        _disconnect(row, at)
    sweep(row.pk, at)


def keep_sessions(at: dt.datetime) -> int:
    """The timers' part: deadlines that have passed, sockets that are gone, withdrawals that were cut short.

    Raises like ``move_each``.
    """
    ids = DeskSession.objects.order_by("id").values_list("id", flat=True)
    return move_all(
        (ids.filter(deadline__lte=at), lambda row_id: _expire(row_id, at)),
        (ids.filter(is_cancel_on_disconnect=True), lambda row_id: _check_presence(row_id, at)),
        (ids.filter(withdraw_until__isnull=False), lambda row_id: sweep(row_id, at)),
    )


def sweep(row_id: int, at: dt.datetime) -> int:
    """Withdraw what the session has to; quotes of RFQs that others hold at this instant are left to the next run."""
    failures = Failures()
    with db.unit_of_work():
        row = _unheld().filter(id=row_id).first()
        ended = _sweep(row, at, failures) if row is not None and row.withdraw_until is not None else 0
    failures.raise_first()
    return ended


def _sweep(row: DeskSession, at: dt.datetime, failures: Failures) -> int:
    standing = Quote.objects.filter(
        session__session_id=row.pk, session__made_at__lte=row.withdraw_until, state=QuoteState.ACTIVE.value
    )
    if not standing.exists():
        row.withdraw_until, row.withdraw_reason = None, ""
        row.save(update_fields=["withdraw_until", "withdraw_reason"])
        return 0
    return withdraw(standing, row.withdraw_reason, TIMER, at, failures)


def _unheld() -> QuerySet[DeskSession]:
    """Rows that nobody else holds: the timers come again in a moment, and wait for no session."""
    return DeskSession.objects.select_for_update(no_key=True, skip_locked=True)


def _set_dead_man(user: User, actor: Actor, message: SetDeadMan, at: dt.datetime) -> int:
    row = _own(user, actor)
    row.dead_man_seconds, row.cancels_orders = message.seconds, message.cancels_orders
    row.deadline = at + dt.timedelta(seconds=message.seconds) if message.seconds else None
    row.expired_at = None
    row.save()
    _record(row, "dead_man_set", actor, at, message.command_id)
    return row.pk


def _set_disconnect(user: User, actor: Actor, message: SetCancelOnDisconnect, at: dt.datetime) -> int:
    row = _own(user, actor)
    row.is_cancel_on_disconnect, row.reconnect_grace_ms = message.is_on, message.reconnect_grace_ms
    row.armed_at = at if message.is_on else None
    row.gone_at = row.disconnected_at = None
    row.save()
    _record(row, "cancel_on_disconnect_set", actor, at, message.command_id)
    return row.pk


def _own(user: User, actor: Actor) -> DeskSession:
    if not actor.session or user.firm_id is None:
        raise Refusal("no_session", "This entrance has no session of its own.", value=actor.via, bound="socket, rest")
    if find_session(actor.session) is None:
        with connection.cursor() as cursor:
            cursor.execute(_NEW, {"name": actor.session, "user_id": user.pk, "firm_id": user.firm_id})
    return DeskSession.objects.select_for_update(no_key=True).get(name=actor.session, user_id=user.pk)


def _expire(row_id: int, at: dt.datetime) -> int:
    with db.unit_of_work():
        row = _unheld().filter(id=row_id, deadline__lte=at).first()
        if row is None:
            return 0
        row.expired_at, row.deadline = at, None
        _withdraw_all(row, REASON_DEAD_MAN, at)
        _record(row, "dead_man_expired", TIMER, at)
        if row.cancels_orders:
            orders.cancel_orders_of_user(user_id=row.user_id, reason=REASON_DEAD_MAN, actor=TIMER, at=at)
    sweep(row_id, at)
    return 1


def _check_presence(row_id: int, at: dt.datetime) -> int:
    """Notice who comes back within the grace, who does not, and whose web process died."""
    with db.unit_of_work():
        row = _unheld().filter(id=row_id, is_cancel_on_disconnect=True).first()
        if row is None:
            return 0
        if _is_present(row, at):
            if row.gone_at is not None or row.disconnected_at is not None:
                row.gone_at = row.disconnected_at = None
                row.save(update_fields=["gone_at", "disconnected_at"])
                streams.publish_fact(firm_id=row.firm_id, fact=SessionChanged(session=session_view(row)))
            return 0
        if row.disconnected_at is not None and (row.withdraw_until is not None or not _has_quotes(row)):
            return 0
        gone_at = row.gone_at or _last_seen(row)
        if at < gone_at + dt.timedelta(milliseconds=row.reconnect_grace_ms):
            return 0
        _disconnect(row, at)
    sweep(row_id, at)
    return 1


def _disconnect(row: DeskSession, at: dt.datetime) -> None:
    row.disconnected_at = at
    _withdraw_all(row, REASON_DISCONNECT, at)
    _record(row, "disconnected", TIMER, at)


def _withdraw_all(row: DeskSession, reason: str, at: dt.datetime) -> None:
    row.withdraw_until, row.withdraw_reason = at, reason
    row.save()


def _is_present(row: DeskSession, at: dt.datetime) -> bool:
    fresh = at - dt.timedelta(seconds=PRESENCE_SECONDS)
    return SessionPresence.objects.filter(session_id=row.pk, seen_at__gt=fresh).exists()


def _last_seen(row: DeskSession) -> dt.datetime:
    """Until when a socket was known; a session that just asked for it has as long to be seen."""
    newest = SessionPresence.objects.filter(session_id=row.pk).order_by("-seen_at").first()
    assert row.armed_at is not None, "cancel on disconnect was switched on at some time"
    seen = newest.seen_at if newest is not None else row.armed_at
    return max(seen, row.armed_at) + dt.timedelta(seconds=PRESENCE_SECONDS)


def _has_quotes(row: DeskSession) -> bool:
    """Also one that was sent before the socket went and written after: the withdrawal did not see it."""
    return SessionQuote.objects.filter(session_id=row.pk, quote__state=QuoteState.ACTIVE.value).exists()


def _record(row: DeskSession, action: str, actor: Actor, at: dt.datetime, command_id: str = "") -> None:
    view = session_view(row)
    audit.record(
        stream=f"firm:{row.firm_id}",
        action=f"session.{action}",
        entity=f"session:{row.pk}",
        actor=actor,
        at=at,
        after=msgspec.to_builtins(view),
        command_id=command_id,
    )
    streams.publish_fact(firm_id=row.firm_id, fact=SessionChanged(session=view))


_NEW = """
INSERT INTO rfq_desksession (name, user_id, firm_id, dead_man_seconds, cancels_orders, is_cancel_on_disconnect,
    reconnect_grace_ms, withdraw_reason)
VALUES (%(name)s, %(user_id)s, %(firm_id)s, 0, false, false, 0, '')
ON CONFLICT (name) DO NOTHING
"""
_PRESENT = """
INSERT INTO rfq_sessionpresence (session_id, process, seen_at)
SELECT id, %(process)s, %(at)s FROM rfq_desksession WHERE name = ANY(%(names)s) AND is_cancel_on_disconnect
ON CONFLICT (session_id, process) DO UPDATE SET seen_at = excluded.seen_at
"""
