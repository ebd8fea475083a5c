"""The one pooled Valkey client of this process."""

import functools

import redis
from django.conf import settings

CONNECTIONS_MAX = 64
CONNECT_TIMEOUT_S = 0.5
ANSWER_TIMEOUT_S = 2.0

Unreachable = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)
"""What a dead, paused or loading server raises."""


def client() -> redis.Redis:
    """A thread-safe client; connections are made when used and made again after a fork."""
    return _client_of(settings.VALKEY_URL)


@functools.lru_cache(maxsize=4)
def _client_of(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        max_connections=CONNECTIONS_MAX,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=ANSWER_TIMEOUT_S,
    )
