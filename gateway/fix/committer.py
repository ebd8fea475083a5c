"""Group commit: what sessions wrote is synced together, then it goes on the wire. Nothing leaves before."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from gateway.fix.store import SessionStore

log = logging.getLogger(__name__)


class Wire(Protocol):
    """A connection; both calls are harmless once it is lost."""

    def transmit(self, data: bytes) -> None: ...

    def finish(self) -> None:
        """Close after what was transmitted."""


class Committer:
    """``fail`` is called once, when a sync has failed: what waited then is never sent, and no later sync counts."""

    def __init__(self, fail: Callable[[OSError], None]) -> None:
        self._fail = fail
        self._waiting: list[tuple[Wire, bytes | None]] = []
        self._dirty: set[SessionStore] = set()
        self._wake = asyncio.Event()
        self._committing = asyncio.Lock()
        self.is_failed = False

    def add(self, store: SessionStore, wire: Wire, data: bytes | None) -> None:
        """``data`` None ends the connection after all before it."""
        self._dirty.add(store)
        self._waiting.append((wire, data))
        self._wake.set()

    async def run(self) -> None:
        while not self.is_failed:
            await self._wake.wait()
            self._wake.clear()
            await self.commit()

    async def commit(self) -> None:
        """Sync what was added so far and send it, after what is being synced: to its end, whoever is canceled
        meanwhile.
        """
        await asyncio.shield(self._commit_whole())

    async def settle(self) -> None:
        """What is being synced is on disk and sent."""
        async with self._committing:
            pass

    async def _commit_whole(self) -> None:
        async with self._committing:
            if not self.is_failed:
                await self._sync_and_send()

    async def _sync_and_send(self) -> None:
        waiting, stores = self._waiting, list(self._dirty)
        self._waiting, self._dirty = [], set()
        try:
            await asyncio.to_thread(_sync, stores)
        except OSError as error:
            self.is_failed = True
            log.critical("fix: the sessions' files cannot be synced, nothing is sent any more: %s", error)
            self._fail(error)
            return
        for wire, data in waiting:
            if data is None:
                wire.finish()
            else:
                wire.transmit(data)


def _sync(stores: list[SessionStore]) -> None:
    for store in stores:
        store.sync()
