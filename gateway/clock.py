"""The gateway's clocks. Everything else in this package takes the time as an argument."""

import time


def now_ns() -> int:
    """Wall clock: UTC nanoseconds. Commands, validity and frames are measured with it."""
    return time.time_ns()


def monotonic() -> float:
    """Seconds that never run backwards, for waits and timeouts."""
    return time.monotonic()
