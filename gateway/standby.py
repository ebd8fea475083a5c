"""Hot standby: follow another gateway's journal with an engine of our own, and go on from there when it is gone.

A gateway that was killed has let the journal's lock go, which is seen within POLL_SECONDS. One that only sleeps keeps
it: when it has shown no sign of life for the length of its lease, the journal is taken from it, and the core makes sure
that it can acknowledge nothing any more (docs/journal.md).
"""

import asyncio
import logging
import signal
from pathlib import Path

import parley_core

from gateway import clock

log = logging.getLogger(__name__)

POLL_SECONDS = 0.02
LEASE_RENEWED_SECONDS = 0.25


class Fenced(RuntimeError):
    """Another gateway has taken over: this one must end, and nothing that it still writes counts."""


async def follow_until_due(directory: Path, lease_seconds: float) -> parley_core.Engine | None:
    """The engine of the journal once it is ours; None where a stop was asked for before.

    Raises parley_core.JournalDamaged, OSError.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    standby = await asyncio.to_thread(parley_core.Standby, str(directory))
    log.info("standby: following %s from %d", directory, standby.journal_sequence)
    lease, seen_at = standby.lease, clock.monotonic()
    while not stop.is_set():
        await asyncio.to_thread(standby.follow)
        if standby.lease != lease:
            lease, seen_at = standby.lease, clock.monotonic()
        engine = await asyncio.to_thread(_try, standby, seize=clock.monotonic() - seen_at > lease_seconds)
        if engine is not None:
            return engine
        await asyncio.sleep(POLL_SECONDS)
    return None


def _try(standby: parley_core.Standby, *, seize: bool) -> parley_core.Engine | None:
    started = clock.monotonic()
    try:
        engine = standby.take_over(seize)
    except parley_core.JournalLocked:
        return None
    log.info("standby: took over in %.0f ms: %s", (clock.monotonic() - started) * 1e3, engine.recovery)
    return engine


async def keep_lease(engine: parley_core.Engine) -> None:
    """Show a standby, four times a second, that this process lives. Raises Fenced where one has taken over."""
    while engine.renew_lease():  # noqa: ASYNC110 - the core tells when asked, it does not call
        await asyncio.sleep(LEASE_RENEWED_SECONDS)
    if engine.state == "halted: fenced":
        raise Fenced("another gateway took the journal over")
