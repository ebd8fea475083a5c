"""How fast a venue is asked, and how long to wait before it is tried again."""

import asyncio
import random

from gateway import clock

WAIT_SECONDS_FIRST, WAIT_SECONDS_MAX = 0.25, 30.0
STABLE_SECONDS = 10.0
"""A connection that lasted so long begins the waits anew."""


class Reconnects:
    """Full jitter: each wait is drawn between nothing and a bound that doubles."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - spreads attempts in time, guards no secret
        self._bound = WAIT_SECONDS_FIRST

    def next_wait(self, lasted_seconds: float) -> float:
        """Seconds to wait after a connection that lasted so long."""
        if lasted_seconds >= STABLE_SECONDS:
            self._bound = WAIT_SECONDS_FIRST
        wait = self._random.uniform(0, self._bound)
        self._bound = min(self._bound * 2, WAIT_SECONDS_MAX)
        return wait


class RateLimit:
    """A bucket of requests: so many at once, so many a second after that."""

    def __init__(self, per_second: float, at_once: float) -> None:
        self._per_second, self._at_once = per_second, at_once
        self._left, self._left_at = at_once, clock.monotonic()

    def find_wait(self, now: float, cost: float = 1.0) -> float:
        """Takes ``cost`` out of the bucket; seconds until it was there."""
        assert cost <= self._at_once, "a request that the bucket can never hold"
        self._left = min(self._at_once, self._left + (now - self._left_at) * self._per_second) - cost
        self._left_at = now
        return max(0.0, -self._left / self._per_second)

    async def wait(self, cost: float = 1.0) -> None:
        seconds = self.find_wait(clock.monotonic(), cost)
        if seconds:
            await asyncio.sleep(seconds)
