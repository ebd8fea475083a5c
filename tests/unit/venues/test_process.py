"""How the process of a simulated venue ends."""

import asyncio
import logging

import pytest

from venues.process import EXIT_FAILED, run_until_stopped, watch_callbacks


async def test_it_ends_in_order_when_it_is_asked_to() -> None:
    stop = asyncio.Event()
    part = asyncio.create_task(asyncio.sleep(3_600))
    asyncio.get_running_loop().call_soon(stop.set)
    assert await run_until_stopped([part, asyncio.create_task(asyncio.sleep(0))], stop) == 0
    await asyncio.sleep(0)
    assert part.cancelled()


async def test_a_part_that_fails_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise OSError("the disk is full")

    assert await run_until_stopped([asyncio.create_task(fail())], asyncio.Event()) == EXIT_FAILED
    assert "the disk is full" in caplog.text


async def test_a_callback_that_fails_ends_it_too(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise OSError("the disk is full")

    caplog.set_level(logging.ERROR)
    asyncio.get_running_loop().call_soon(fail)
    assert await run_until_stopped([watch_callbacks()], asyncio.Event()) == EXIT_FAILED
    assert "the disk is full" in caplog.text
