"""One connection to Parley: REST and the socket, an API key, and a gapless sequence of the firm's facts.

What the server sends is acknowledged frame by frame. A fact whose number does not follow on the last one makes the
client resume from there; until it does, later facts are dropped. After a lost connection the client comes back with
growing pauses and resumes; commands that were on their way then end with ``OutcomeUnknown``, and sending the same
command again is harmless.
"""

import asyncio
import contextlib
import dataclasses
import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx
import msgspec
import websockets
from websockets.asyncio.client import ClientConnection, connect

from parley_client import messages
from parley_client.desk import State

log = logging.getLogger(__name__)

T = TypeVar("T")

SOCKET_PATH = "/ws/"
ANSWER_SECONDS_MAX = 10.0
CONNECT_SECONDS_MAX = 10.0
SILENCE_SECONDS_MAX = 20.0
BACKOFF_SECONDS_MIN = 0.2
BACKOFF_SECONDS_MAX = 10.0
SNAPSHOT_RETRY_SECONDS = 1.0
MESSAGE_BYTES_MAX = 16 << 20
INBOX_MAX = 1_024
"""Messages read from the socket and not yet taken; a consumer that is slower stops the reading, then the server."""
CLOSE_NOT_SIGNED_IN = 4401
_NOT_SIGNED_IN = frozenset({401, 403})

_encode = msgspec.json.Encoder().encode


@dataclasses.dataclass(frozen=True)
class Connected:
    hello: messages.Hello


@dataclasses.dataclass(frozen=True)
class Disconnected:
    reason: str


@dataclasses.dataclass(frozen=True)
class SnapshotTaken:
    """``state``: a ``State``, which replaces everything known before."""

    sequence: int
    state: Any


@dataclasses.dataclass(frozen=True)
class FactArrived:
    """``fact``: one of ``messages.AnyFact``; ``sequence``: one more than that of the fact before."""

    sequence: int
    fact: Any


@dataclasses.dataclass(frozen=True)
class FramesArrived:
    """``frames``: JSON of ``messages.AnyFrame``."""

    frames: list[msgspec.Raw]


Happening = Connected | Disconnected | SnapshotTaken | FactArrived | FramesArrived


@dataclasses.dataclass(frozen=True)
class Decoders:
    """JSON to answers (``messages.AnyAnswer``), to facts (``messages.AnyFact``) and to the state of a snapshot."""

    answer: Callable[[str | bytes], Any] = msgspec.json.Decoder(messages.AnyAnswer).decode
    fact: Callable[[msgspec.Raw], Any] = msgspec.json.Decoder(messages.AnyFact).decode
    state: Callable[[msgspec.Raw], Any] = msgspec.json.Decoder(State).decode


class Command(Protocol):
    """Any command of ``messages``."""

    @property
    def command_id(self) -> str: ...


class Refused(Exception):
    """The server said no, by name; nothing happened."""

    def __init__(self, reason: str, message: str, value: str | None = None, bound: str | None = None) -> None:
        super().__init__(f"{reason}: {message} (value {value}, bound {bound})")
        self.reason, self.message, self.value, self.bound = reason, message, value, bound


class OutcomeUnknown(Exception):
    """No answer came. The command may have been done: send the same one again to learn it."""


class Unauthorized(Exception):
    """The server does not accept this key. Trying again would not help."""


class ParleyClient:
    """``url`` of the web process, ``token`` ``<key id>.<secret>``. ``clock`` gives wall nanoseconds.

    ``decoders``: for programs that have types of their own for the same messages.
    """

    def __init__(
        self, url: str, token: str, *, clock: Callable[[], int] = time.time_ns, decoders: Decoders | None = None
    ) -> None:
        self._url, self._token, self._clock = url.rstrip("/"), token, clock
        self._decoders = decoders or Decoders()
        self._http = httpx.AsyncClient(
            base_url=self._url, headers={"Authorization": f"Bearer {token}"}, timeout=ANSWER_SECONDS_MAX
        )
        self._connection: ClientConnection | None = None
        self._waiting: dict[str, asyncio.Future[messages.CommandAccepted]] = {}
        self._keys: frozenset[str] = frozenset()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_resuming = False
        self.sequence = 0
        """Newest fact taken."""
        self.clock_offset_ns = 0
        """Server clock less ours, of the newest hello."""

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
        await self._http.aclose()

    def server_time_ns(self) -> int:
        """The server's clock, which alone decides about timers."""
        return self._clock() + self.clock_offset_ns

    async def get(self, path: str, answer_type: type[T], **parameters: Any) -> T:
        """GET below ``/api``. Raises Refused."""
        return _read(await self._http.get(f"/api{path}", params=parameters), answer_type)

    async def post(self, path: str, message: Command) -> messages.CommandAccepted:
        """POST below ``/api``. Raises Refused, OutcomeUnknown."""
        try:
            response = await self._http.post(
                f"/api{path}", content=_encode(message), headers={"Content-Type": "application/json"}
            )
        except httpx.TransportError as error:
            raise OutcomeUnknown(str(error)) from error
        return _read(response, messages.CommandAccepted)

    async def send(self, command: Command) -> messages.CommandAccepted:
        """Over the socket. Raises Refused, OutcomeUnknown."""
        answer: asyncio.Future[messages.CommandAccepted] = asyncio.get_running_loop().create_future()
        self._waiting[command.command_id] = answer
        try:
            await self._write(command)
            return await asyncio.wait_for(answer, ANSWER_SECONDS_MAX)
        except (TimeoutError, websockets.ConnectionClosed) as error:
            raise OutcomeUnknown(command.command_id) from error
        finally:
            self._waiting.pop(command.command_id, None)

    async def watch(self, keys: Iterable[str]) -> None:
        """Market-data keys wanted from now on, across reconnections; those wanted before and not now are let go."""
        before, self._keys = self._keys, frozenset(keys)
        added, gone = sorted(self._keys - before), sorted(before - self._keys)
        if self._connection is None:
            return
        with contextlib.suppress(OutcomeUnknown, websockets.ConnectionClosed):
            if added:
                await self._write(messages.Subscribe(keys=added))
            if gone:
                await self._write(messages.Unsubscribe(keys=gone))

    async def happenings(self) -> AsyncGenerator[Happening, None]:
        """Everything that happens, for ever, across reconnections. Raises Unauthorized."""
        backoff = BACKOFF_SECONDS_MIN
        while True:
            started_at = time.monotonic()
            try:
                async for happening in self._connected():
                    yield happening
                reason = "closed by the server"
            except (OSError, TimeoutError, websockets.WebSocketException) as error:
                _raise_if_unauthorized(error)
                reason = str(error) or type(error).__name__
            self._fail_waiting()
            yield Disconnected(reason)
            if time.monotonic() - started_at > BACKOFF_SECONDS_MAX:
                backoff = BACKOFF_SECONDS_MIN
            await asyncio.sleep(backoff * random.uniform(0.5, 1.5))  # noqa: S311  spreads reconnections, no secret
            backoff = min(backoff * 2, BACKOFF_SECONDS_MAX)

    async def _connected(self) -> AsyncIterator[Happening]:
        async with connect(
            _socket_url(self._url),
            additional_headers={"Authorization": f"Bearer {self._token}"},
            open_timeout=CONNECT_SECONDS_MAX,
            ping_interval=SILENCE_SECONDS_MAX / 2,
            ping_timeout=SILENCE_SECONDS_MAX,
            max_size=MESSAGE_BYTES_MAX,
            max_queue=INBOX_MAX,
            compression=None,
        ) as connection:
            self._connection = connection
            try:
                async for text in connection:
                    for happening in await self._take(self._decoders.answer(text)):
                        yield happening
            finally:
                self._connection = None
            if connection.close_code == CLOSE_NOT_SIGNED_IN:
                raise Unauthorized(connection.close_reason or "the key is unknown or revoked")

    async def _take(self, message: Any) -> list[Happening]:
        kind = message.__struct_config__.tag
        if kind == "hello":
            return await self._start(message)
        if kind in {"command_accepted", "command_refused"}:
            self._answer(message, is_refused=kind == "command_refused")
        if kind not in {"fact", "snapshot", "market"}:
            return []
        await self._write(messages.Acknowledge(frame=message.frame))
        if kind == "fact":
            return await self._take_fact(message)
        if kind == "market":
            return [FramesArrived(message.frames)]
        self.sequence, self._is_resuming = message.sequence, False
        return [SnapshotTaken(message.sequence, self._decoders.state(message.state))]

    async def _start(self, hello: messages.Hello) -> list[Happening]:
        self.clock_offset_ns = hello.server_time_ns - self._clock()
        self._is_resuming = False
        await self._write(messages.Resume(sequence=self.sequence))
        if self._keys:
            await self._write(messages.Subscribe(keys=sorted(self._keys)))
        return [Connected(hello)]

    async def _take_fact(self, message: messages.FactMessage) -> list[Happening]:
        if message.sequence <= self.sequence:
            return []
        if message.sequence != self.sequence + 1:
            if not self._is_resuming:
                log.warning("fact %d does not follow on %d: resuming", message.sequence, self.sequence)
                self._is_resuming = True
                await self._write(messages.Resume(sequence=self.sequence))
            return []
        self.sequence, self._is_resuming = message.sequence, False
        return [FactArrived(message.sequence, self._decoders.fact(message.fact))]

    def _answer(self, message: Any, *, is_refused: bool) -> None:
        waiting = self._waiting.get(message.command_id)
        if is_refused and message.reason == "snapshot_rate":
            self._resume_later()
        if waiting is None or waiting.done():
            if is_refused:
                log.warning("refused: %s %s", message.reason, message.message)
        elif is_refused:
            waiting.set_exception(Refused(message.reason, message.message, message.value, message.bound))
        else:
            waiting.set_result(message)

    def _resume_later(self) -> None:
        """The server gives no snapshot now: ask again, on this connection only."""
        connection = self._connection

        async def resume() -> None:
            await asyncio.sleep(SNAPSHOT_RETRY_SECONDS)
            if connection is not None and connection is self._connection:
                with contextlib.suppress(OutcomeUnknown, websockets.ConnectionClosed):
                    await self._write(messages.Resume(sequence=self.sequence))

        task = asyncio.create_task(resume())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _fail_waiting(self) -> None:
        for command_id, waiting in self._waiting.items():
            if not waiting.done():
                waiting.set_exception(OutcomeUnknown(command_id))

    async def _write(self, message: Any) -> None:
        if self._connection is None:
            raise OutcomeUnknown("not connected")
        await self._connection.send(_encode(message).decode())


def _socket_url(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(("wss" if parts.scheme == "https" else "ws", parts.netloc, SOCKET_PATH, "", ""))


def _raise_if_unauthorized(error: Exception) -> None:
    if isinstance(error, websockets.InvalidStatus) and error.response.status_code in _NOT_SIGNED_IN:
        raise Unauthorized(str(error)) from error
    if (
        isinstance(error, websockets.ConnectionClosed)
        and error.rcvd is not None
        and error.rcvd.code == CLOSE_NOT_SIGNED_IN
    ):
        raise Unauthorized(error.rcvd.reason or "the key is unknown or revoked") from error


def _read(response: httpx.Response, answer_type: type[T]) -> T:
    if response.is_success:
        return msgspec.json.decode(response.content, type=answer_type)
    try:
        body = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.DecodeError:
        body = {}
    raise Refused(
        str(body.get("reason", f"http_{response.status_code}")),
        str(body.get("message", "")),
        body.get("value"),
        body.get("bound"),
    )
