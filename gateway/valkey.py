"""Connections to Valkey that come back: every use may fail, every loop waits a bounded time and tries again."""

import logging

from redis import exceptions
from redis.asyncio import Redis

log = logging.getLogger(__name__)

SOCKET_TIMEOUT_SECONDS = 3.0
"""A Valkey that does not answer for this long is treated as gone."""
RETRY_SECONDS_FIRST = 0.05
RETRY_SECONDS_MAX = 1.0
Unavailable = (exceptions.ConnectionError, exceptions.TimeoutError, OSError, TimeoutError)
"""Valkey cannot be reached or does not answer. BusyLoading is a ConnectionError."""


def connect(url: str) -> Redis:
    """A client whose commands fail rather than wait for ever; it does not retry by itself."""
    return Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        retry=None,
        health_check_interval=0,
        decode_responses=False,
    )


class Backoff:
    """How long to wait before the next attempt; says once that Valkey is away and once that it is back."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._seconds = RETRY_SECONDS_FIRST
        self._is_down = False

    def failed(self, error: BaseException) -> float:
        """Seconds to wait after this failure."""
        if not self._is_down:
            log.warning("%s: Valkey is unreachable (%s), trying again", self._who, error or type(error).__name__)
        self._is_down = True
        seconds, self._seconds = self._seconds, min(self._seconds * 2, RETRY_SECONDS_MAX)
        return seconds

    def succeeded(self) -> None:
        if self._is_down:
            log.info("%s: Valkey answers again", self._who)
        self._is_down = False
        self._seconds = RETRY_SECONDS_FIRST
