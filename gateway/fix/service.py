"""All FIX sessions of this gateway: commands change them, the port lets them in, the handler acts on what they say.

Everything runs on the gateway's loop; only syncing files is done in threads, and nothing is shared with those but the
file descriptors.
"""

import asyncio
import contextlib
import dataclasses
import logging
import ssl
from collections.abc import Callable
from pathlib import Path

from gateway import clock
from gateway.ending import finish
from gateway.fix.acceptor import Acceptor
from gateway.fix.chronicle import Chronicle
from gateway.fix.committer import Committer
from gateway.fix.dictionary import Dictionary, dictionary_of
from gateway.fix.handler import Handler, Refusal, Session, command_reference
from gateway.fix.line import Line, Shared
from gateway.fix.message import Message, Outgoing
from gateway.fix.registry import SessionRegistry, session_of
from gateway.fix.rules import Failures
from gateway.fix.server import Connection
from gateway.fix.store import StoreDamaged
from wire.gateway_fix import ResetFixSequence, SetFixSession

log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
CONFIRM_SECONDS = 0.05
"""How often it is asked whether what the handler did is in the engine's journal."""
FLUSH_SECONDS = 5.0
LISTEN_AGAIN_SECONDS = 0.5
STOP_SECONDS = 2.0
GOODBYE_SECONDS, CLOSED_POLL_SECONDS = 0.5, 0.01

DictionaryOf = Callable[[str, str], Dictionary]


class FixService:
    """``flush``: waits until the engine's journal holds what was put in before, at most so many seconds.

    ``dictionary_of``: the rules of (begin string, application version).
    """

    def __init__(
        self,
        folder: Path,
        handler: Handler,
        flush: Callable[[float], bool],
        dictionaries: DictionaryOf = dictionary_of,
    ) -> None:
        """Raises RegistryDamaged, OSError. A session whose file is damaged is left out, and says so."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._handler, self._flush = folder, handler, flush
        self._dictionary_of, self._dictionaries = dictionaries, dict[tuple[str, str], Dictionary]()
        self._committer = Committer(self._fail)
        self._shared = Shared(handler, self._committer, Failures(), self._record)
        self._connections: set[Connection] = set()
        self._registry = SessionRegistry(folder)
        self.chronicle = Chronicle(folder)
        self._lines: dict[int, Line] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._damaged: dict[int, str] = {}
        self._is_running = False
        self.port = 0
        self.listening = asyncio.Event()
        handler.attach(self)
        for spec in self._registry.specs.values():
            self._open_line(spec)

    # Commands

    def apply(self, number: int, command: SetFixSession | ResetFixSequence) -> None:
        """Durable when it returns, and the same when its number comes again, after a crash that overtook the journal.

        Raises RegistryFull, ValueError for what makes no sense, OSError.
        """
        if isinstance(command, SetFixSession):
            self._set(command)
        else:
            self._reset(number, command)

    async def settle(self, session_ids: set[int]) -> None:
        """What these sessions were sent is on disk when it returns, connected or not. Raises OSError."""
        stores = [line.store for number, line in self._lines.items() if number in session_ids]
        await asyncio.gather(*(asyncio.to_thread(store.sync) for store in stores))

    def _set(self, spec: SetFixSession) -> None:
        self._dictionary(spec.begin_string, spec.application_version)
        session_of(spec)
        self._registry.put(spec)
        line = self._lines.get(spec.session_id)
        if line is None:
            self._open_line(spec)
        else:
            line.update(spec)

    def _reset(self, number: int, command: ResetFixSequence) -> None:
        line = self._lines.get(command.session_id)
        if line is None:
            raise ValueError(f"there is no FIX session {command.session_id}")
        if min(command.next_sender, command.next_target) < 1:
            raise ValueError("numbers begin at 1")
        if line.store.last_command >= command_reference(number):
            return
        line.end("sequence_reset", "The numbers of this session are set by an operator.")
        numbers = command.next_sender, command.next_target
        line.store.set_numbers(*numbers, clock.now_ns(), command_reference(number))
        line.note("reset", f"by an operator: next sent {command.next_sender}, next expected {command.next_target}")

    # What a handler may do

    def send(self, session: Session, message: Outgoing, reference: int = 0, command: int = 0) -> None:
        self._lines[session.session_id].send(message, reference, command)

    def refuse(self, session: Session, message: Message, refusal: Refusal) -> None:
        self._lines[session.session_id].refuse(message, refusal)

    def last_reference(self, session: Session) -> int:
        return self._lines[session.session_id].store.last_reference

    def last_command(self, session: Session) -> int:
        return self._lines[session.session_id].store.last_command

    def sessions(self) -> list[Session]:
        return [line.session for line in self._lines.values()]

    def is_logged_on(self, session: Session) -> bool:
        return self._lines[session.session_id].machine.is_logged_on

    # Life

    async def run(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Listen until canceled; then every session is logged out. ``port`` 0: any free one, see ``port``."""
        self._is_running = True
        for line in self._lines.values():
            self._start(line)
        parts = [asyncio.create_task(part) for part in (self._committer.run(), self._tick(), self._confirm())]
        acceptor = await self._listen(host, port, tls)
        parts.append(asyncio.create_task(acceptor.run()))
        self.port = acceptor.port
        self.listening.set()
        log.info(
            "fix: listening on %s:%d%s for %d sessions", host, self.port, " by TLS" if tls else "", len(self._lines)
        )
        try:
            await asyncio.gather(*parts, *self._tasks.values())
        finally:
            await finish(self._stop([*parts, *self._tasks.values()]))

    async def _listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> Acceptor:
        """Wait for the port: the gateway that was taken over may still hold it."""
        is_told = False
        while True:
            try:
                return Acceptor(host, port, tls, lambda: Connection(self._find, self._connections))
            except OSError as error:
                if not is_told:
                    log.warning("fix: cannot listen on %s:%d yet: %s", host, port, error)
                is_told = True
                await asyncio.sleep(LISTEN_AGAIN_SECONDS)

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        for line in self._lines.values():
            if line.machine.is_logged_on:
                line.end("shutdown", "The gateway stops.")
        for task in tasks:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._committer.commit()
        await self._close_connections()
        for line in self._lines.values():
            line.store.close()

    async def _close_connections(self) -> None:
        """After what was sent; who does not take part in the end of TLS is cut off."""
        for connection in list(self._connections):
            connection.finish()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                while self._connections:  # noqa: ASYNC110 - a set tells nobody when it is empty
                    await asyncio.sleep(CLOSED_POLL_SECONDS)
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(CLOSED_POLL_SECONDS)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            for line in self._lines.values():
                line.tick()

    async def _confirm(self) -> None:
        """Note as handled what the engine's journal holds; until then a restart delivers it again."""
        while True:
            await asyncio.sleep(CONFIRM_SECONDS)
            done = [(line, handed) for line in self._lines.values() if (handed := line.handed_over())]
            is_in_journal: bool = bool(done) and await asyncio.to_thread(self._flush, FLUSH_SECONDS)
            for line, handed in done if is_in_journal else ():
                line.note_handled(handed)

    def describe(self) -> dict[str, object]:
        """For the heartbeat."""
        return {"port": self.port, "is_failed": self._committer.is_failed, "sessions": self._describe_sessions()}

    def _describe_sessions(self) -> list[dict[str, object]]:
        described: list[dict[str, object]] = [
            {
                "session_id": line.session.session_id,
                "is_logged_on": line.machine.is_logged_on,
                "since_ns": line.since_ns,
                "address": line.connection.address if line.connection else "",
                "next_sender": line.store.next_sender,
                "next_target": line.store.next_target,
                "last_received_at_ns": line.machine.last_received_at_ns,
                "last_sent_at_ns": line.machine.last_sent_at_ns,
                **dataclasses.asdict(line.counts),
            }
            for line in self._lines.values()
        ]
        return described + [{"session_id": number, "damaged": text} for number, text in self._damaged.items()]

    def _find(self, fields: dict[bytes, bytes]) -> Line | None:
        if self._committer.is_failed:
            return None
        key = tuple(fields.get(tag, b"").decode(errors="replace") for tag in (b"8", b"49", b"56"))
        lines = self._lines.values()
        return next((x for x in lines if (x.spec.begin_string, x.spec.sender, x.spec.target) == key), None)

    def _open_line(self, spec: SetFixSession) -> None:
        try:
            dictionary = self._dictionary(spec.begin_string, spec.application_version)
            line = Line(spec, self._folder, dictionary, self._shared)
        except StoreDamaged as error:
            self._damaged[spec.session_id] = str(error)
            log.critical("fix: session %s stays closed: %s", spec.name, error)
            return
        self._lines[spec.session_id] = line
        if self._is_running:
            self._start(line)

    def _start(self, line: Line) -> None:
        self._tasks[line.session.session_id] = asyncio.create_task(line.pass_on())

    def _dictionary(self, begin_string: str, application_version: str) -> Dictionary:
        """Raises ValueError for a version that is not spoken."""
        key = (begin_string, application_version)
        if key not in self._dictionaries:
            try:
                self._dictionaries[key] = self._dictionary_of(*key)
            except KeyError as error:
                raise ValueError(f"{begin_string} with application version {application_version}") from error
        return self._dictionaries[key]

    def _record(self, spec: SetFixSession, event: str, detail: str, address: str) -> None:
        log.info("fix: %s %s %s %s", spec.name, event, address, detail)
        self.chronicle.note(spec, event, detail, address)

    def _fail(self, error: OSError) -> None:
        del error
        for connection in list(self._connections):
            connection.abort()
