import threading
from collections.abc import Iterator
from typing import Self

import pytest
import redis
from django.conf import settings
from django.db import connections

from terminal.dispatch import Dispatcher


@pytest.fixture
def valkey() -> Iterator[redis.Redis]:
    """Empty before the test."""
    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        client.flushall()
        yield client


class Running:
    """A dispatcher in a thread."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._dispatcher.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._dispatcher.run()
        finally:
            connections.close_all()
