"""Our end of a venue's FIX session: connections over numbers that outlive them, questions and their answers.

The machine is the gateway's own (``gateway.fix.initiator``), and so are its file and the rule that nothing is on the
wire before that is synced.
"""

import asyncio
import contextlib
import dataclasses
import logging
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway import clock
from gateway.fix.committer import Committer
from gateway.fix.dictionary import dictionary_of
from gateway.fix.framing import Splitter, TooLong
from gateway.fix.initiator import Initiator
from gateway.fix.message import Field, Fields, Message, Outgoing
from gateway.fix.outlet import Identity, Now
from gateway.fix.store import SessionStore
from gateway.venues.link import FRAMES_REFUSED_MAX, LinkFailed
from gateway.venues.pacing import RateLimit
from gateway.venues.status import LinkStatus

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 3
"""HeartBtInt: a line is tested after 3.6 s without a word and given up after 7.2 s."""
OPEN_SECONDS_MAX = 10.0
TICK_SECONDS = 0.25
LAST_WORD_SECONDS = 1.0
"""For what is still to be sent on a connection that ends."""
ANSWER_SECONDS_MAX = 5.0
PENDING_MAX = 1_000
MESSAGES_MAX = 100_000
"""Of one answer."""
UNSENT_BYTES_MAX = 4 << 20
READ_BYTES = 256 << 10
STORE_BYTES_MAX = 8 << 20
"""The session's file is written anew when it is larger: it holds numbers alone."""
REQUESTS_PER_SECOND, REQUESTS_AT_ONCE = 50.0, 500.0
SCHEMES = {"fix": False, "fixs": True}
"""Of a venue's address; the second over TLS."""
NEW_ORDER = "D"
KEYS_OF_REPORT = (584, 790, 11)
KEYS = {
    "8": KEYS_OF_REPORT,
    "9": (11,),
    "AE": (568,),
    "AQ": (568,),
    "AP": (710,),
    "AO": (710,),
    "y": (320,),
    "j": (379,),
}
"""Which field says what a message answers, the first that is there."""
UNPLANNED = frozenset({"sequence_too_low", "reset_by_venue"})
"""What a person must look at: the two sides do not agree on what was said."""

IsLast = Callable[[Message], bool]


class RequestRejected(Exception):
    """The venue says no to a request: its words."""


@dataclasses.dataclass(slots=True)
class Question:
    is_last: IsLast
    answer: asyncio.Future[list[Message]]
    parts: list[Message]


class Wire:
    """What the committer writes to."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def transmit(self, data: bytes) -> None:
        if self._writer.transport.is_closing():
            return
        self._writer.write(data)
        if self._writer.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            self._writer.transport.abort()

    def finish(self) -> None:
        self._writer.close()


class VenueSession:
    """The outlet of its machine. ``on_message``: application messages that answer no question; ``on_gap``: something
    was missing, and what of it was about prices will not come again.
    """

    def __init__(self, identity: Identity, path: Path, credentials: tuple[Field, ...], status: LinkStatus) -> None:
        """Raises gateway.fix.store.StoreDamaged, OSError."""
        self.name, self.status = identity.sender, status
        self.store = SessionStore(path, clock.now_ns())
        dictionary = dictionary_of(identity.begin_string, identity.application_version)
        self.machine = Initiator(identity, self.store, dictionary, self)
        self.on_message: Callable[[Message], None] = lambda _: None
        self.on_gap: Callable[[], None] = lambda: None
        self._credentials = credentials
        self._committer = Committer(self._fail)
        self._wire: Wire | None = None
        self._questions: dict[str, Question] = {}
        self._numbers: dict[int, str] = {}
        self._limit = RateLimit(REQUESTS_PER_SECOND, REQUESTS_AT_ONCE)
        self._is_in = asyncio.Event()
        self._why = ""
        self.agreements = 0
        """How often orders were agreed on with the venue."""

    @property
    def is_logged_on(self) -> bool:
        return self.machine.is_logged_on

    # Life

    async def live(self, url: str, converse: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One connection, logged on; ``converse`` is what is to be said on it. Raises LinkFailed, OSError."""
        if self._committer.is_failed:
            raise LinkFailed("the session's file cannot be synced: nothing is sent any more")
        reader, writer = await _connect(url)
        self._wire, self._why = Wire(writer), ""
        self._is_in.clear()
        tasks = [
            asyncio.create_task(self._committer.run()),
            asyncio.create_task(self._read(reader)),
            asyncio.create_task(self._tick()),
        ]
        self.machine.log_on(HEARTBEAT_SECONDS, self._credentials, now())
        try:
            await _while_alive(tasks, self._enter())
            await _while_alive(tasks, converse())
            raise LinkFailed("the conversation ended")
        finally:
            await self._end(tasks, writer)

    async def _enter(self) -> None:
        try:
            async with asyncio.timeout(OPEN_SECONDS_MAX):
                await self._is_in.wait()
        except TimeoutError as error:
            raise LinkFailed(f"no answer to the logon for {OPEN_SECONDS_MAX:.0f} s") from error

    async def _read(self, reader: asyncio.StreamReader) -> None:
        splitter = Splitter()
        while data := await reader.read(READ_BYTES):
            try:
                messages = splitter.feed(data)
            except TooLong as error:
                raise LinkFailed(str(error)) from error
            for raw in messages:
                self.status.heard_at_ns = clock.now_ns()
                self.status.frames += 1
                if not self._why:
                    self.machine.receive(raw, now())
        raise LinkFailed(self._why or "the venue closed the connection")

    async def _tick(self) -> None:
        while not self._why:
            await asyncio.sleep(TICK_SECONDS)
            self.machine.tick(now())
            self.store.compact(STORE_BYTES_MAX)
        await asyncio.sleep(LAST_WORD_SECONDS)
        raise LinkFailed(self._why)

    async def _end(self, tasks: list[asyncio.Task[None]], writer: asyncio.StreamWriter) -> None:
        self._wire = None
        self.machine.disconnected()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.transport.abort()
        for question in self._questions.values():
            if not question.answer.done():
                question.answer.set_exception(LinkFailed("the connection was lost before the answer"))
                question.answer.exception()  # nobody may be waiting any more
        self._questions.clear()
        self._numbers.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_SECONDS):
                await self._committer.settle()

    def log_out(self) -> None:
        self.machine.log_out("", now())

    def release(self) -> None:
        """The file is closed: nothing is connected any more."""
        self.store.close()

    # Questions

    async def ask(
        self, message: Outgoing, key: str, is_last: IsLast = lambda _: True, *, seconds: float = ANSWER_SECONDS_MAX
    ) -> list[Message]:
        """Every message of the answer. Raises RequestRejected, LinkFailed where none comes.

        A request leaves over the connection that there was when it was made, or not at all; an order also not after
        orders were agreed on anew, when it may have been looked for already.
        """
        wire, agreed = self._wire, self.agreements
        await self._limit.wait()
        if wire is None or wire is not self._wire or not self.is_logged_on:
            raise LinkFailed("not connected")
        if message.type == NEW_ORDER and agreed != self.agreements:
            raise LinkFailed("orders were agreed on while it waited")
        if len(self._questions) >= PENDING_MAX:
            raise LinkFailed("too many requests without an answer")
        question = Question(is_last, asyncio.get_running_loop().create_future(), [])
        self._questions[key] = question
        number = self.store.next_sender
        self._numbers[number] = key
        try:
            self.send(message)
            async with asyncio.timeout(seconds):
                return await question.answer
        except TimeoutError as error:
            raise LinkFailed(f"no answer to {message.type} for {seconds:.0f} s") from error
        finally:
            self._questions.pop(key, None)
            self._numbers.pop(number, None)

    def send(self, message: Outgoing) -> None:
        """Only over a session that is logged on: what is sent meanwhile is in no order that the venue should see."""
        if self.is_logged_on:
            self.machine.send(message, now())

    # The machine's side

    def write(self, raw: str) -> None:
        if self._wire is not None:
            self._committer.add(self.store, self._wire, raw.encode())

    def close(self, reason: str) -> None:
        self._why = self._why or reason
        if self._wire is not None:
            self._committer.add(self.store, self._wire, None)

    def admit(self, logon: Message) -> str:
        raise AssertionError("an initiator admits nobody")

    def screen(self, message: Message) -> Outgoing | None:
        raise AssertionError("an initiator answers requests of nobody")

    def logged_on(self) -> None:
        log.info(
            "fix venue %s: next sent %d, next expected %d", self.name, self.store.next_sender, self.store.next_target
        )
        self._is_in.set()

    def deliver(self, message: Message) -> None:
        key = self._numbers.get(message.integer(45), "") if message.type == "3" else find_key(message)
        question = self._questions.get(key) if key else None
        if message.type not in ("3", "j", "y", "AE", "AQ", "AP", "AO"):
            self.on_message(message)
        if question is not None and not question.answer.done():
            self._take_answer(question, message)
        elif question is None and message.type in ("3", "j"):
            log.warning("fix venue %s: rejects %s: %s", self.name, message.find(45), message.find(58)[:200])

    def note(self, event: str, detail: str) -> None:
        level = logging.CRITICAL if event in UNPLANNED else logging.WARNING
        log.log(level, "fix venue %s: %s: %s", self.name, event, detail)
        if event in (*UNPLANNED, "logon_refused"):
            self._why = f"{event}: {detail}"
        if event in ("garbled", "rejected"):
            self._refuse(detail)
        if event == "gap":
            self.on_gap()

    def _refuse(self, detail: str) -> None:
        """A few are borne, as over other links."""
        self.status.frames_refused += 1
        self.status.refused_now += 1
        if self.status.refused_now > FRAMES_REFUSED_MAX:
            self._why = f"{self.status.refused_now} malformed messages, the last: {detail}"

    def _take_answer(self, question: Question, message: Message) -> None:
        question.parts.append(message)
        if message.type in ("3", "j"):
            question.answer.set_exception(RequestRejected(message.find(58) or "rejected"))
        elif question.is_last(message):
            question.answer.set_result(question.parts)
        elif len(question.parts) >= MESSAGES_MAX:
            question.answer.set_exception(LinkFailed(f"more than {MESSAGES_MAX} messages of one answer"))

    def _fail(self, error: OSError) -> None:
        self._why = f"the session's file cannot be synced: {error.strerror}"


def find_key(message: Fields) -> str:
    kind = message.find(35)
    return next((found for tag in KEYS.get(kind, ()) if (found := message.find(tag))), "")


def now() -> Now:
    return Now(clock.now_ns(), clock.monotonic())


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """fix://host:port, or fixs:// over TLS. Raises OSError, TimeoutError."""
    parts = urlsplit(url)
    context = ssl.create_default_context() if SCHEMES[parts.scheme] else None
    async with asyncio.timeout(OPEN_SECONDS_MAX):
        return await asyncio.open_connection(parts.hostname, parts.port, ssl=context)


async def _while_alive(tasks: list[asyncio.Task[None]], part: Coroutine[Any, Any, None]) -> None:
    """Until ``part`` ends; raises what ended one of ``tasks`` before it."""
    task = asyncio.create_task(part)
    try:
        done, _ = await asyncio.wait([*tasks, task], return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
