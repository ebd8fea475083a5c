"""One session as it lives: its machine, the connection it has, the messages that wait for the handler."""

import asyncio
import dataclasses
import enum
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gateway import clock
from gateway.fix.committer import Committer, Wire
from gateway.fix.dictionary import Dictionary
from gateway.fix.handler import BusinessReason, Handler, Refusal
from gateway.fix.machine import Machine
from gateway.fix.message import Message, Outgoing, decode
from gateway.fix.outlet import Identity, Now, Stop
from gateway.fix.registry import session_of
from gateway.fix.rules import (
    NEVER_THROTTLED,
    Failures,
    Throttle,
    has_credentials,
    missing_grant,
    rate_exceeded,
    refusal_message,
)
from gateway.fix.schedule import Schedule
from gateway.fix.store import SessionStore
from wire.gateway_fix import SetFixSession

log = logging.getLogger(__name__)

INBOX_FULL, INBOX_LOW = 500, 100
"""Messages that wait for the handler: from the first number on nothing more is read, below the second again."""


class Turn(enum.Enum):
    """What a handler hears of beside messages, in the same order."""

    LOGON = "logon"
    LOGOUT = "logout"


HandedOver = tuple[int, int]
"""(when the numbers were reset before the message came, its number)"""


class Connection(Wire, Protocol):
    address: str

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def abort(self) -> None: ...


@dataclasses.dataclass(slots=True)
class Counts:
    rejects_sent: int = 0
    messages_received: int = 0
    messages_refused: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Shared:
    """What all lines use. ``note``: (session, event, detail, address) for the record."""

    handler: Handler
    committer: Committer
    failures: Failures
    note: Callable[[SetFixSession, str, str, str], None]


class Line:
    """The outlet of its machine. Everything here runs on the loop."""

    def __init__(self, spec: SetFixSession, folder: Path, dictionary: Dictionary, shared: Shared) -> None:
        """Raises StoreDamaged, OSError."""
        self._shared = shared
        self.store = SessionStore(folder / f"{spec.session_id}.log", clock.now_ns())
        identity = Identity(
            begin_string=spec.begin_string,
            application_version=spec.application_version,
            sender=spec.sender,
            target=spec.target,
        )
        self.machine = Machine(identity, self.store, dictionary, self)
        self.connection: Connection | None = None
        self.counts = Counts()
        self.since_ns = 0
        self._inbox: asyncio.Queue[tuple[int, Message | Turn]] = asyncio.Queue()
        """With each, when the numbers were reset before it came: a number says nothing of those after a reset."""
        self._is_closing = False
        self._in_hand = self.store.reset_at_ns
        self._passed_on: HandedOver | None = None
        self._take_over(spec)

    def update(self, spec: SetFixSession) -> None:
        """Take over what an administrator changed; a session that lost its right to be here is ended."""
        has_new_secret = spec.secret_sha256 != self.spec.secret_sha256
        self._take_over(spec)
        if self.machine.is_logged_on and (not spec.is_enabled or has_new_secret):
            self.end("revoked", "This session was revoked." if not spec.is_enabled else "Its password was changed.")

    def end(self, name: str, sentence: str) -> None:
        """Log out and close, now."""
        self.note(name, sentence)
        self.machine.log_out(f"{name}: {sentence}", now())
        self.close(name)

    def _take_over(self, spec: SetFixSession) -> None:
        self.spec, self.session = spec, session_of(spec)
        self.schedule = Schedule(spec.opens_at_minute, spec.closes_at_minute)
        self._throttle = Throttle(spec.messages_per_second, spec.message_burst)
        self.machine.resets_on_logon = spec.resets_on_logon

    # The connection's side

    @property
    def is_free(self) -> bool:
        """Whether a connection may be given to it."""
        return self.connection is None or self._is_closing

    def connected(self, connection: Connection) -> None:
        assert self.is_free, "asked before"
        self.connection, self._is_closing = connection, False

    def receive(self, raw: bytes, connection: Connection) -> None:
        """Bytes of a connection that another has taken the place of are not of this session any more."""
        if connection is self.connection and not self._is_closing:
            self.machine.receive(raw, now())
            self._control_flow()

    def lost(self, connection: Connection) -> None:
        """The connection is gone: what it asked to have canceled is canceled by the handler."""
        if connection is not self.connection:
            return
        was_logged_on = self.machine.is_logged_on
        self.connection = None
        self.machine.disconnected()
        self._say_goodbye(was_logged_on=was_logged_on)

    def tick(self) -> None:
        if self._is_closing:
            return
        if self.machine.is_logged_on and not self.schedule.is_open(clock.now_ns()):
            self.machine.log_out(f"outside_schedule: This session is open {self.schedule}.", now())
        self.machine.tick(now())

    # The machine's side

    def write(self, raw: str) -> None:
        if self.connection is not None:
            self._shared.committer.add(self.store, self.connection, raw.encode())

    def close(self, reason: str) -> None:
        if self.connection is None or self._is_closing:
            return
        self._is_closing = True
        self._shared.committer.add(self.store, self.connection, None)
        was_logged_on = self.machine.is_logged_on
        self.machine.disconnected()
        self.note("disconnected", reason)
        self._say_goodbye(was_logged_on=was_logged_on)

    def admit(self, logon: Message) -> str:
        """Credentials first: a stranger learns nothing else."""
        at, address = now(), self._address()
        refusal = self._refuse_credentials(logon, at, address)
        if not refusal and not self.spec.is_enabled:
            refusal = "not_enabled: This session is not enabled."
        if not refusal and not self.schedule.is_open(at.wall_ns):
            refusal = f"outside_schedule: This session is open {self.schedule}."
        if refusal:
            self.note("logon_refused", refusal)
        elif self.store.reset_at_ns < self.schedule.opened_at_ns(at.wall_ns):
            self.store.reset(at.wall_ns)
            self.note("reset", "a new period of the schedule")
        return refusal

    def logged_on(self) -> None:
        self.since_ns = clock.now_ns()
        self.note("logged_on", f"next sent {self.store.next_sender}, next expected {self.store.next_target}")
        self._put(Turn.LOGON)

    def screen(self, message: Message) -> Outgoing | None:
        self.counts.messages_received += 1
        refusal = missing_grant(message, self.session.grants)
        if refusal is None and message.type not in NEVER_THROTTLED and not self._throttle.takes(clock.monotonic()):
            refusal = rate_exceeded(self._throttle)
        if refusal is None:
            return None
        self.counts.messages_refused += 1
        self.note("refused", f"{message.type} {message.sequence} {refusal.name}: {refusal.text}")
        return refusal_message(self.session.begin_string, message, refusal)

    def deliver(self, message: Message) -> None:
        self._put(message)

    def _put(self, item: Message | Turn) -> None:
        self._inbox.put_nowait((self.store.reset_at_ns, item))

    def note(self, event: str, detail: str) -> None:
        self.counts.rejects_sent += event == "rejected"
        self._shared.note(self.spec, event, detail, self._address())

    # The handler's side

    def send(self, message: Outgoing, reference: int = 0, command: int = 0) -> None:
        self.machine.send(message, now(), reference, command)

    def refuse(self, message: Message, refusal: Refusal) -> None:
        """Once: a message that was refused is not delivered again."""
        self.counts.messages_refused += 1
        if self._in_hand == self.store.reset_at_ns:
            self.store.note_answered(message.sequence)
        self.send(refusal_message(self.session.begin_string, message, refusal))

    async def pass_on(self) -> None:
        """Hand messages to the handler, one after the other, for ever; first those that a crash overtook."""
        for received in self.store.unhandled():
            await self._hand_over(decode(received.raw, received.received_at_ns, is_redelivered=True))
        while True:
            self._in_hand, item = await self._inbox.get()
            if isinstance(item, Message):
                await self._hand_over(item)
            else:
                await self._tell(item)
            self._control_flow()

    async def _tell(self, turn: Turn) -> None:
        handler = self._shared.handler
        try:
            await (handler.on_logon if turn is Turn.LOGON else handler.on_logout)(self.session)
        except Exception:
            log.exception("fix: the %s of %s was not dealt with", turn.value, self.session.name)

    def handed_over(self) -> HandedOver | None:
        """The last message that the handler is done with, where that is not noted yet."""
        return self._passed_on

    def note_handled(self, handed: HandedOver) -> None:
        """What ``handed_over`` said has taken effect durably."""
        reset_at_ns, sequence = handed
        if reset_at_ns == self.store.reset_at_ns:
            self.store.note_handled(sequence)
        if self._passed_on == handed:
            self._passed_on = None

    async def _hand_over(self, message: Message) -> None:
        """A message that cannot be dealt with is answered; the session goes on."""
        try:
            await self._shared.handler.on_message(self.session, message)
        except Exception:
            log.exception("fix: %s could not deal with %s %d", self.session.name, message.type, message.sequence)
            text = "The message was not acted on."
            self.refuse(message, Refusal(reason=BusinessReason.NOT_AVAILABLE, name="internal_error", text=text))
        self._passed_on = (self._in_hand, message.sequence)

    def _refuse_credentials(self, logon: Message, at: Now, address: str) -> str:
        if self._shared.failures.too_many(self.spec.session_id, address, at.steady):
            self.note("logon_refused", "too_many_attempts: Too many logons of this address failed.")
            raise Stop("too_many_attempts")
        if has_credentials(logon, self.spec.name, self.spec.secret_sha256):
            return ""
        self._shared.failures.note(self.spec.session_id, address, at.steady)
        return "wrong_credentials: Username or Password is wrong."

    def _control_flow(self) -> None:
        if self.connection is None:
            return
        if self._inbox.qsize() >= INBOX_FULL:
            self.connection.pause()
        elif self._inbox.qsize() <= INBOX_LOW:
            self.connection.resume()

    def _say_goodbye(self, *, was_logged_on: bool) -> None:
        self.store.compact()
        if was_logged_on:
            self.since_ns = clock.now_ns()
            self.note("logged_out", f"next sent {self.store.next_sender}, next expected {self.store.next_target}")
            self._put(Turn.LOGOUT)

    def _address(self) -> str:
        return self.connection.address if self.connection is not None else ""


def now() -> Now:
    return Now(clock.now_ns(), clock.monotonic())
