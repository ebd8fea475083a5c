"""An order of which nobody heard is waited for by everyone who asks, not by the first alone."""

import asyncio

from gateway.venues.arrivals import Arrivals


async def test_all_who_ask_wait_until_it_cannot_arrive_and_one_who_is_interrupted_takes_it_from_nobody():
    arrivals = Arrivals(0.5)
    arrivals.left("lost")
    interrupted = asyncio.create_task(arrivals.wait("lost"))
    await asyncio.sleep(0)
    interrupted.cancel()
    assert await asyncio.gather(arrivals.wait("lost"), arrivals.wait("lost")) == [True, True]
    assert not await arrivals.wait("lost"), "now it cannot arrive any more"


async def test_what_was_answered_is_not_waited_for():
    arrivals = Arrivals(60)
    arrivals.left("there")
    arrivals.answered("there")
    assert not await arrivals.wait("there")
