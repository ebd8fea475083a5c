"""How the process of a simulated venue lives: until it is asked to stop or a part of it fails."""

import asyncio
import logging
import signal
from typing import Any

log = logging.getLogger(__name__)

EXIT_FAILED, EXIT_PORT = 1, 3


def stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def watch_callbacks() -> asyncio.Task[None]:
    """A part that fails with the first exception of a callback of the loop, which would else only be logged."""
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        loop.default_exception_handler(context)
        if not failed.done():
            failed.set_exception(context.get("exception") or RuntimeError(context["message"]))

    async def watch() -> None:
        await failed

    asyncio.get_running_loop().set_exception_handler(fail)
    return asyncio.create_task(watch())


async def run_until_stopped(tasks: list[asyncio.Task[None]], stop: asyncio.Event) -> int:
    """0 where a stop was asked for, 1 as soon as a part has failed; then all are canceled. A part may end by itself."""
    waiting = asyncio.create_task(stop.wait())
    try:
        return await _wait(tasks, waiting)
    finally:
        for task in (*tasks, waiting):
            task.cancel()


async def _wait(tasks: list[asyncio.Task[None]], waiting: asyncio.Task[bool]) -> int:
    pending: set[asyncio.Task[object]] = {*tasks, waiting}
    while True:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {waiting}:
            if error := task.exception():
                log.error("venue: a part failed", exc_info=error)
                return EXIT_FAILED
        if waiting in done:
            return 0
