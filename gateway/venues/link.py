"""Keeps one connection to a venue: connect, converse, notice that it is dead, wait, connect again; for ever."""

import asyncio
import logging
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from gateway import clock
from gateway.venues.pacing import Reconnects
from gateway.venues.status import LinkStatus

log = logging.getLogger(__name__)

OPEN_SECONDS_MAX = 10.0
PROBE_SECONDS = 2.0
SILENCE_SECONDS_MAX = 6.0
"""Three probes without a word: the link is half open."""
FRAME_BYTES_MAX = 8 << 20
FRAMES_WAITING_MAX = 4_096
FRAMES_REFUSED_MAX = 100
"""Malformed frames of one connection after which it is given up."""


class LinkFailed(Exception):
    """A connection is of no more use; the message says why, for a person."""


class RequestFailed(Exception):
    """The venue answered a request with an error."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: {code} {message}")
        self.method, self.code, self.message = method, code, message


class Link(Protocol):
    """What a venue's client gives to ``keep_connected``."""

    name: str
    status: LinkStatus

    async def live(self) -> None:
        """One connection, from its first byte to its end: raises what ended it."""
        ...

    def lost(self) -> None:
        """The connection is gone."""
        ...


class WebSocketLink(Link, Protocol):
    """A client that converses over a WebSocket: its ``live`` is ``converse``."""

    @property
    def url(self) -> str: ...

    async def open(self, connection: ClientConnection) -> None:
        """Signs in, asks and subscribes, while ``take`` already gets frames. May end; raises LinkFailed."""
        ...

    async def probe(self) -> None:
        """A question that the venue answers at once."""
        ...

    def take(self, frame: bytes, at_ns: int) -> None:
        """One frame. Raises LinkFailed."""
        ...


def refuse_frame(link: Link, error: Exception) -> None:
    """A frame that says nothing: a few are borne, and the book that one may have been of shows its gap.

    Raises LinkFailed where a connection brings more than FRAMES_REFUSED_MAX.
    """
    status = link.status
    status.frames_refused += 1
    status.refused_now += 1
    if status.refused_now == 1:
        log.warning("venue %s: a frame is refused: %s", link.name, error)
    if status.refused_now > FRAMES_REFUSED_MAX:
        raise LinkFailed(f"{status.refused_now} malformed frames, the last: {error}")


async def keep_connected(link: Link, reconnects: Reconnects | None = None) -> None:
    """Until it is canceled. What goes wrong in the adapter itself stops this venue, never the gateway."""
    reconnects = reconnects or Reconnects()
    while True:
        began = clock.monotonic()
        try:
            await link.live()
        except (LinkFailed, WebSocketException, OSError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            if link.status.state != "down":
                log.warning("venue %s: %s", link.name, why)
            link.status.lost(why)
            link.lost()
        except Exception:  # a bug in one venue's adapter must not end the trading of the others
            log.exception("venue %s: its adapter failed and stays down", link.name)
            link.status.state, link.status.detail = "failed", "its adapter failed: see the gateway's log"
            link.lost()
            return
        await asyncio.sleep(reconnects.next_wait(clock.monotonic() - began))


async def converse(link: WebSocketLink, *, may_be_silent: bool = False) -> None:
    """One WebSocket. ``may_be_silent``: its probe alone tells whether it is whole. Raises LinkFailed,
    WebSocketException, OSError, TimeoutError.
    """
    async with connect(
        link.url,
        compression=None,
        open_timeout=OPEN_SECONDS_MAX,
        close_timeout=1.0,
        ping_interval=None,
        max_size=FRAME_BYTES_MAX,
        max_queue=FRAMES_WAITING_MAX,
    ) as connection:
        link.status.opened(clock.now_ns())
        seconds = None if may_be_silent else SILENCE_SECONDS_MAX
        parts = [_read(link, connection, seconds), link.open(connection), _probe(link)]
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _read(link: WebSocketLink, connection: ClientConnection, silence_seconds_max: float | None) -> None:
    while True:
        try:
            async with asyncio.timeout(silence_seconds_max):
                frame = await connection.recv(decode=False)
        except TimeoutError as error:
            raise LinkFailed(f"silent for {silence_seconds_max:.0f} s") from error
        now_ns = clock.now_ns()
        link.status.heard_at_ns = now_ns
        link.status.frames += 1
        link.take(frame, now_ns)


async def _probe(link: WebSocketLink) -> None:
    while True:
        await asyncio.sleep(PROBE_SECONDS)
        await link.probe()
