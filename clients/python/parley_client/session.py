"""A client that follows its firm in the background, for programs that read like what they do."""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from parley_client import messages
from parley_client.connection import Disconnected, FactArrived, FramesArrived, Happening, ParleyClient, SnapshotTaken
from parley_client.desk import Desk

T = TypeVar("T")

_decode_frame = msgspec.json.Decoder(messages.AnyFrame).decode


class Session:
    """``async with Session(url, token) as session``: entered once the first snapshot is there.

    ``desk``: what the firm knows about itself; ``tickers``: the newest of each instrument that is watched.
    """

    def __init__(self, url: str, token: str, *, seconds: float = 10.0) -> None:
        """seconds: how long the first snapshot may take."""
        self.client, self.desk = ParleyClient(url, token), Desk()
        self.tickers: dict[str, messages.Ticker] = {}
        self.is_live = False
        """Whether the desk is current: not while the connection is lost."""
        self._seconds = seconds
        self._changed = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._reading = asyncio.create_task(self._read())
        try:
            await self.until(lambda: self.is_live, self._seconds)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stop()

    async def until(self, find: Callable[[], T | None], seconds: float) -> T:
        """What ``find`` finds, asked anew whenever something happened. Raises TimeoutError; what ended the reading."""
        assert self._reading is not None, "a session is entered with `async with`"
        async with asyncio.timeout(seconds), self._changed:
            while not (found := find()):
                if self._reading.done():
                    self._reading.result()
                await self._changed.wait()
            return found

    async def _read(self) -> None:
        try:
            async with contextlib.aclosing(self.client.happenings()) as happenings:
                async for happening in happenings:
                    async with self._changed:
                        self._take(happening)
                        self._changed.notify_all()
        finally:
            async with self._changed:
                self._changed.notify_all()

    def _take(self, happening: Happening) -> None:
        if isinstance(happening, SnapshotTaken):
            self.desk.take_snapshot(happening.state)
            self.is_live = True
        elif isinstance(happening, FactArrived):
            self.desk.take(happening.fact)
            self.is_live = True
        elif isinstance(happening, FramesArrived):
            for frame in map(_decode_frame, happening.frames):
                if isinstance(frame, messages.Ticker):
                    self.tickers[frame.instrument_name] = frame
        elif isinstance(happening, Disconnected):
            self.is_live = False

    async def _stop(self) -> None:
        assert self._reading is not None, "a session is entered with `async with`"
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self.client.close()
