"""Messages of FIX sessions from the gateway's log into the desk: in order, each once.

Each is carried out by the handler that socket and REST use, in the transaction that stores its number and sends its
answer. A message whose transaction was lost is taken again; what it did not do was told to nobody.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import redis
from django.db import InterfaceError, OperationalError

from accounts import selectors as accounts
from common import clock, db
from common.actor import Actor
from common.errors import NotAllowed, Refusal
from fixdesk import models
from fixdesk.services import answers
from streams import services as streams
from wire import transport
from wire.client import ClientMessage, CommandAccepted
from wire.fix_rfq import FIX_RFQ_LOG, FIX_RFQ_STREAM, FIX_RFQ_TAKEN, AnyFixNews, FixEntry, FixRfqTaken
from wire.gateway_fix import TellFixSession

if TYPE_CHECKING:
    from accounts.models import FixSession

log = logging.getLogger(__name__)

READ_MAX = 100
READ_BLOCK_MS = 200
SHOW_EVERY_SECONDS = 0.5

Handlers = Mapping[type[ClientMessage], Callable[[Any, Actor, Any], CommandAccepted]]


class Taker:
    """One per dispatcher, used from one thread. ``handlers``: of the clients' commands."""

    def __init__(self, valkey: redis.Redis, handlers: Handlers) -> None:
        self._valkey, self._handlers = valkey, handlers
        self._decode = msgspec.json.Decoder(FixEntry).decode
        self._shown_at = float("-inf")
        self._cursor: FixRfqTaken | None = None

    def step(self) -> int:
        """Wait shortly for messages and carry them out. Returns how many."""
        taken = 0
        for entry in self._read():
            assert self._cursor is not None, "read before"
            take(entry, self._cursor, self._handlers)
            self._cursor = FixRfqTaken(log=self._cursor.log, number=entry.number)
            taken += 1
        self._show(now=bool(taken))
        return taken

    def _read(self) -> list[FixEntry]:
        """The next in a row; none where the stream has a gap, which the gateway will fill."""
        shown: Any = self._valkey.get(FIX_RFQ_LOG)
        if shown is None:
            time.sleep(READ_BLOCK_MS / 1_000)
            return []
        self._cursor = _cursor_of(shown.decode(), self._cursor)
        after = self._cursor.number
        answer: Any = self._valkey.xread({FIX_RFQ_STREAM: f"{after}-0"}, count=READ_MAX, block=READ_BLOCK_MS)
        entries = list[FixEntry]()
        for _, found in answer or ():
            for _, fields in found:
                entry = self._decode(fields[transport.ENTRY_FIELD.encode()])
                if entry.number == after + len(entries) + 1:
                    entries.append(entry)
        return entries

    def _show(self, *, now: bool) -> None:
        at = time.monotonic()
        if self._cursor is not None and (now or at - self._shown_at >= SHOW_EVERY_SECONDS):
            self._valkey.set(FIX_RFQ_TAKEN, msgspec.json.encode(self._cursor))
            self._shown_at = at


def take(entry: FixEntry, before: FixRfqTaken, handlers: Handlers) -> None:
    """Carry out one entry with its answer. Raises what the database raises: then nothing of it was done."""
    try:
        with db.unit_of_work():
            _move(before, entry)
            tell(entry.session_id, _carry_out(entry, handlers))
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("fix: entry %d (%s) of session %s failed", entry.number, entry.message_type, entry.session)
        with db.unit_of_work():
            _move(before, entry)
            refusal = Refusal("internal_error", "the message failed and was rolled back")
            tell(entry.session_id, answers.refused(entry, refusal))


def tell(session_id: int, news: list[AnyFixNews]) -> None:
    """Inside a unit of work: the session is told, once, when that commits."""
    if news:
        command_id = f"fix_news:{session_id}:{clock.now_ns()}"
        streams.send_to_gateway(TellFixSession(command_id=command_id, session_id=session_id, news=news))


def _carry_out(entry: FixEntry, handlers: Handlers) -> list[AnyFixNews]:
    session = accounts.get_fix_session(entry.session_id)
    try:
        with db.unit_of_work():
            _check_session(session)
            perform = answers.BY_ACTION[type(entry.action)]
            return perform(answers.Asked(entry=entry, session=session, actor=_actor(session, entry), handlers=handlers))
    except Refusal as refusal:
        return answers.refused(entry, refusal)


def _check_session(session: FixSession) -> None:
    """Since the gateway let the message in, its session may have been revoked."""
    user = session.user
    is_standing = user.is_active and user.firm_id == session.account.firm_id
    if session.revoked_at is not None or not session.is_enabled or not is_standing:
        raise NotAllowed("not_enabled", "The session is not enabled.", value=session.name)


def _actor(session: FixSession, entry: FixEntry) -> Actor:
    return Actor(
        user_id=session.user_id,
        firm_id=session.account.firm_id,
        via="fix",
        remote_address=entry.session,
        session=f"fix:{entry.session}",
    )


def _cursor_of(name: str, known: FixRfqTaken | None) -> FixRfqTaken:
    if known is not None and known.log == name:
        return known
    row, _ = models.Intake.objects.get_or_create(id=1)
    return FixRfqTaken(log=name, number=row.number if row.log == name else 0)


def _move(before: FixRfqTaken, entry: FixEntry) -> None:
    row = models.Intake.objects.select_for_update().get(id=1)
    stands_at = row.number if row.log == before.log else 0
    assert stands_at == before.number == entry.number - 1, "another dispatcher has taken messages"
    models.Intake.objects.filter(id=1).update(log=before.log, number=entry.number)
