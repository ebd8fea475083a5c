"""How the process of a simulated venue lives: until it is asked to stop or a part of it fails."""

import asyncio
import logging
import signal

log = logging.getLogger(__name__)

EXIT_FAILED, EXIT_PORT = 1, 3


def stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


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
