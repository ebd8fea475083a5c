"""Ends what runs on the gateway's loop."""

import asyncio
import logging
from collections.abc import Collection
from typing import Any

from gateway import clock

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0


async def end(tasks: Collection[asyncio.Task[Any]], seconds_max: float) -> None:
    """Cancel them until they have ended, for so long at most.

    Once is not enough: ``asyncio.wait_for`` of Python 3.11, through which redis-py writes, returns the result where its
    future is done in the moment in which it is canceled, and the cancellation is lost.
    """
    deadline, running = clock.monotonic() + seconds_max, set(tasks)
    while running and clock.monotonic() < deadline:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN_SECONDS)
    for task in running:
        log.warning("gateway: %s did not end within %.0f s", task.get_coro(), seconds_max)
