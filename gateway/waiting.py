"""Waiting that ends by itself."""

import asyncio


async def wait_at_most(event: asyncio.Event, seconds: float) -> None:
    """For the event, or so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
