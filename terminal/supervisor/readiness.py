"""Questions with which the supervisor finds out whether a process does its work. Each answers within about a second."""

import contextlib
import http.client
import json

import psycopg
import redis

ANSWER_SECONDS_MAX = 2


def postgres_accepts(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=ANSWER_SECONDS_MAX) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def valkey_answers(url: str) -> bool:
    with contextlib.closing(_valkey(url)) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def beats_since(url: str, key: str, since_ns: int) -> bool:
    """Whether the heartbeat under ``key`` is younger than ``since_ns``: an older one is that of a process before."""
    heartbeat = _read(url, key)
    if heartbeat is None:
        return False
    try:
        return int(json.loads(heartbeat)["at_ns"]) >= since_ns
    except (ValueError, KeyError, TypeError):
        return False


def beats(url: str, key: str) -> bool:
    """Whether an expiring key stands in Valkey."""
    return _read(url, key) is not None


def web_answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS_MAX)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _read(url: str, key: str) -> bytes | str | None:
    with contextlib.closing(_valkey(url)) as client:
        try:
            return client.get(key)
        except redis.RedisError:
            return None


def _valkey(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=ANSWER_SECONDS_MAX, socket_connect_timeout=ANSWER_SECONDS_MAX)
