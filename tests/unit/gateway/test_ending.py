"""Parts of the gateway end when they are canceled, also one that loses a cancellation on its way."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest

from gateway import ending


async def deaf(times: int) -> int:
    """Goes on after so many cancellations, as a command to Valkey does that was answered in that moment."""
    lost = 0
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if lost == times:
                raise
            lost += 1


def end(*times: int, seconds_max: float = 30.0) -> list[bool]:
    async def run() -> list[bool]:
        tasks = [asyncio.create_task(deaf(each)) for each in times]
        await asyncio.sleep(0)
        await ending.end(tasks, seconds_max)
        ended = [task.done() for task in tasks]
        for task in tasks:
            while not task.done():
                task.cancel()
                await asyncio.sleep(0)
        return ended

    return asyncio.run(run())


def test_a_part_that_lost_a_cancellation_is_canceled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "AGAIN_SECONDS", 0.01)
    assert end(0, 1, 3) == [True, True, True]


def test_a_part_that_never_ends_is_named(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(ending, "AGAIN_SECONDS", 0.01)
    with caplog.at_level(logging.WARNING):
        assert end(0, 200, seconds_max=0.05) == [True, False]
    assert "deaf" in caplog.text


def test_nothing_to_end_takes_no_time() -> None:
    assert end() == []


def test_parts_that_run_together_end_with_whoever_waits_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that loses a cancellation, and although whoever waits is canceled again meanwhile."""
    monkeypatch.setattr(ending, "AGAIN_SECONDS", 0.01)

    async def run() -> bool:
        together = asyncio.create_task(ending.run_together(wait(), wait(deaf(2))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await ending.end([together], 30.0)
        return together.cancelled() and not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(run())


async def wait(part: Coroutine[Any, Any, Any] | None = None) -> None:
    await (part or asyncio.Event().wait())


def test_the_error_of_one_ends_the_others_and_is_raised() -> None:
    async def fail() -> None:
        raise LookupError("gone")

    async def run() -> None:
        other = asyncio.Event()
        with pytest.raises(LookupError, match="gone"):
            await ending.run_together(end_by(other), fail())
        assert other.is_set()

    asyncio.run(run())


async def end_by(event: asyncio.Event) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        event.set()
