"""Ends what runs on the gateway's loop."""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Coroutine
from typing import Any

from gateway import clock

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
TOGETHER_SECONDS_MAX = 5.0


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


async def finish(stop: Coroutine[Any, Any, None]) -> None:
    """To its end, which is bounded, however often whoever waits for it is canceled."""
    stopping = asyncio.create_task(stop)
    while not stopping.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(stopping)


async def run_together(*parts: Coroutine[Any, Any, None]) -> None:
    """Until canceled, or until one of them fails, whose error is raised; then the others are ended.

    A task group cancels its tasks once, and waits for ever for one that loses it.
    """
    tasks = {asyncio.create_task(part) for part in parts}
    if not tasks:
        return
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        await finish(end(tasks, TOGETHER_SECONDS_MAX))
    for task in done:
        task.result()
