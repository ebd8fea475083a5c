"""A trader at the REST door of a running stack, and a look into its database."""

import contextlib
import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg

from terminal.supervisor.stack import Stack

SETTLE_SECONDS_MAX = 30
"""FAULTS.md: every order is in one known state this long after the restart."""
WAIT_SECONDS_MAX = 180
"""For what nobody promised a time: it is reached where something is wrong, however busy the machine."""
RETRIES_MAX = 400
RETRY_SECONDS = 0.1


@contextlib.contextmanager
def running(folder: Path, *, seed: int) -> Iterator[Stack]:
    """A desk without its makers, on a prepared folder."""
    with Stack(folder, seed=seed, without=("makers", "celery")) as stack:
        yield stack


@contextlib.contextmanager
def at_rest(stack: Stack, *firms: str) -> Iterator[dict[str, "RestDesk"]]:
    """By firm."""
    found = {firm: RestDesk(stack, firm) for firm in firms}
    yield found
    for desk in found.values():
        desk.close()


class RestDesk:
    """Acts for the user of an API key; a command without an answer is sent again under the same id, like a client."""

    def __init__(self, stack: Stack, firm: str) -> None:
        key = json.loads((stack.state_dir / "demo" / f"{firm}.json").read_text())
        self.account_id: int = key["account_id"]
        self.firm_id: int = key["firm_id"]
        self._http = httpx.Client(base_url=stack.url, headers={"Authorization": f"Bearer {key['token']}"}, timeout=10)
        self._numbers = itertools.count()
        self._prefix = f"{firm}-{time.time_ns()}"

    def command_id(self) -> str:
        return f"{self._prefix}-{next(self._numbers)}"

    def get(self, path: str, **query: Any) -> Any:
        answer = self._http.get(f"api/{path}", params=query)
        answer.raise_for_status()
        return answer.json()

    def send(self, path: str, command: dict[str, Any]) -> httpx.Response:
        """One attempt; the caller looks at the status."""
        return self._http.post(f"api/{path}", json=command)

    def send_until_answered(self, path: str, command: dict[str, Any]) -> dict[str, Any]:
        """Retry the same command through outages and fail-closed refusals until it is accepted, bounded."""
        last = "no connection"
        for _ in range(RETRIES_MAX):
            with contextlib.suppress(httpx.TransportError):
                answer = self.send(path, command)
                last = f"{answer.status_code} {answer.text}"
                if answer.status_code < 300:
                    return dict(answer.json())
                assert answer.status_code in (409, 422, 429, 500, 502, 503), answer.text
            time.sleep(RETRY_SECONDS)
        raise TimeoutError(f"{path} was not accepted in {RETRIES_MAX} attempts: {command}: {last}")

    def limit_order(self, instrument: str, side: str, price: str, quantity: str) -> dict[str, Any]:
        return {
            "command_id": self.command_id(),
            "account_id": self.account_id,
            "instrument_name": instrument,
            "side": side,
            "order_type": "limit",
            "price": price,
            "quantity": quantity,
        }

    def close(self) -> None:
        self._http.close()


@contextlib.contextmanager
def database(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        yield connection


def rows(connection: psycopg.Connection[Any], query: str, *parameters: object) -> list[tuple[Any, ...]]:
    return connection.execute(query, parameters).fetchall()  # type: ignore[arg-type]  # the tests' own literals


def wait_for(what: str, look: Callable[[], Any], seconds: float = WAIT_SECONDS_MAX) -> Any:
    """The first truthy answer of ``look``."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def left_over(look: Callable[[], list[str]], seconds: float = WAIT_SECONDS_MAX) -> list[str]:
    """Empty as soon as ``look`` finds nothing any more, else what it found last: nothing may move in between."""
    deadline = time.monotonic() + seconds
    while found := look():
        if time.monotonic() > deadline:
            return found
        time.sleep(0.1)
    return []
