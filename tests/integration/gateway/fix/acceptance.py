"""Runs the acceptance definitions of QuickFIX (test/definitions/server/*.def of its source) against a FIX service.

A definition is a script of lines: ``i``/``e`` connect, disconnect, ``I`` a message to send, ``E`` one to expect; a digit
and a comma name a connection. ``<TIME>`` stands for now, ``<TIME+n>`` and ``<TIME-n>`` for moments around it. The
definitions are read where PARLEY_QUICKFIX names an unpacked source, or fetched with ``apt-get source``; never kept.
"""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import re
from pathlib import Path

from gateway.fix.encoding import seal
from gateway.fix.handler import Link, Session
from gateway.fix.message import HEADER_TAGS, TRAILER_TAGS, Message, Outgoing

SOH = "\x01"
WAIT_SECONDS = 20.0
ANYTHING = frozenset({"10", "9", "52", "122", "60", "42"})
"""Fields whose values are times, or follow from them: they need only be there."""
_TIME = re.compile(r"<TIME([+-]\d+)?>")


class Failed(AssertionError):
    """The service did not do what the definition expects."""


@dataclasses.dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Echo:
    """The application that the definitions expect: orders and security definitions come back; a repeated order that
    says so (PossResend) does not; all else is unsupported.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[int, str]] = set()
        self._link: Link | None = None

    def attach(self, link: Link) -> None:
        self._link = link

    async def on_logon(self, session: Session) -> None:
        del session

    async def on_logout(self, session: Session) -> None:
        self._seen = {key for key in self._seen if key[0] != session.session_id}

    async def on_message(self, session: Session, message: Message) -> None:
        assert self._link is not None
        if message.type not in ("D", "d", "C") or (message.type == "d" and session.begin_string < "FIX.4.2"):
            self._link.send(session, _unsupported(session, message))
            return
        key = (session.session_id, message.find(11))
        if message.type == "D" and message.is_possible_resend and key in self._seen:
            return
        self._seen.add(key)
        body = [field for field in message.fields if field[0] not in HEADER_TAGS | TRAILER_TAGS]
        self._link.send(session, Outgoing(message.type, tuple(_sorted(body)), message.is_possible_resend))


def _unsupported(session: Session, message: Message) -> Outgoing:
    if session.begin_string < "FIX.4.2":
        return Outgoing("3", ((45, str(message.sequence)), (58, "Unsupported message type")))
    body = ((45, str(message.sequence)), (58, "Unsupported Message Type"), (372, message.type), (380, "3"))
    return Outgoing("j", body + (((1137, session.application_version),) if session.begin_string == "FIXT.1.1" else ()))


GROUPS = {386: frozenset({336, 625}), 453: frozenset({448, 447, 452}), 382: frozenset({375, 337, 437, 438, 655})}


def _sorted(body: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Fields in ascending order, what belongs to a group behind its counter."""
    units: list[list[tuple[int, str]]] = []
    members: frozenset[int] = frozenset()
    for tag, value in body:
        if tag in members:
            units[-1].append((tag, value))
        else:
            members = GROUPS.get(tag, frozenset())
            units.append([(tag, value)])
    return [field for unit in sorted(units, key=lambda unit: unit[0][0]) for field in unit]


def with_time(text: str, at: dt.datetime) -> str:
    def moment(match: re.Match[str]) -> str:
        """Whole seconds: a moment that is yet to come is no sooner than it says."""
        seconds = int(match[1] or 0)
        return (at + dt.timedelta(seconds=seconds + (seconds > 0))).strftime("%Y%m%d-%H:%M:%S")

    return _TIME.sub(moment, text)


def whole(text: str) -> str:
    """Length and checksum where the definition leaves them out."""
    head, _, rest = text.partition(SOH)
    if not head.startswith("8="):
        return text
    checksum = re.search(r"\x0110=[^\x01]*\x01$", SOH + rest)
    body = rest[: len(rest) - len(checksum[0]) + 1] if checksum else rest
    if f"{SOH}9=" not in SOH + body and not checksum:
        return seal(head[2:], body)
    length = "" if f"{SOH}9=" in SOH + body else f"9={len(body)}{SOH}"
    front = f"{head}{SOH}{length}{body}"
    return front + (checksum[0][1:] if checksum else f"10={sum(front.encode()) % 256:03d}{SOH}")


def compare(expected: str, received: str) -> str:
    """What is different; empty where nothing is."""
    left = [part.partition("=") for part in expected.split(SOH) if part]
    right = [part.partition("=") for part in received.split(SOH) if part]
    if [tag for tag, _, _ in left] != [tag for tag, _, _ in right]:
        return f"fields {[tag for tag, _, _ in left]} expected, {[tag for tag, _, _ in right]} received"
    for (tag, _, value), (_, _, other) in zip(left, right, strict=True):
        if tag not in ANYTHING and value != other:
            return f"{tag}={value} expected, {tag}={other} received"
    return ""


class Script:
    """One definition against a port."""

    def __init__(self, path: Path, port: int) -> None:
        self._path, self._port = path, port
        self._clients: dict[str, Client] = {}
        self._left: list[Client] = []

    async def run(self) -> None:
        """Raises Failed."""
        try:
            for number, line in enumerate(self._path.read_text("latin-1").splitlines(), 1):
                if line and line[0] in "IEie":
                    await self._step(number, line)
        finally:
            for client in [*self._clients.values(), *self._left]:
                client.writer.close()
                with contextlib.suppress(OSError):
                    await client.writer.wait_closed()

    async def _step(self, number: int, line: str) -> None:
        verb, rest, name = line[0], line[1:], "1"
        if re.match(r"\d,", rest):
            name, rest = rest[0], rest[2:]
        text = with_time(rest, dt.datetime.now(dt.UTC))
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._act(verb, name, text)
        except (TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            raise Failed(f"line {number}: {line!r}: {error!r}") from error
        except Failed as error:
            raise Failed(f"line {number}: {line!r}: {error}") from error

    async def _act(self, verb: str, name: str, text: str) -> None:
        if verb == "I":
            self._clients[name].writer.write(whole(text).encode("latin-1"))
            return
        if verb == "E":
            received = await _read(self._clients[name].reader)
            if difference := compare(whole(text), received):
                raise Failed(f"{difference}: {received!r}")
        elif verb == "i" and text == "CONNECT":
            self._left += [self._clients[name]] if name in self._clients else []
            self._clients[name] = Client(*await asyncio.open_connection("127.0.0.1", self._port))
        elif verb == "i":
            self._clients[name].writer.close()
            await asyncio.sleep(0.05)
        elif rest := await self._clients[name].reader.read():
            raise Failed(f"a disconnect was expected, received {rest!r}")


async def _read(reader: asyncio.StreamReader) -> str:
    front = await reader.readuntil(b"\x019=")
    length = await reader.readuntil(b"\x01")
    body = await reader.readexactly(int(length[:-1]))
    return (front + length + body + await reader.readuntil(b"\x01")).decode("latin-1")
