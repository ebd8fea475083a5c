"""From the click to what the trader sees, through the real processes. ``python -m bench.click_to_ack [--quick]``

``manage.py up`` on a folder of its own, with fsync on as in production and the simulated market running. One trader
places post-only orders below the market over the socket, one after the other. Measured from the command frame that
leaves to (a) the answer ``command_accepted``: the order is durable in PostgreSQL; (b) the fact that says ``new``: risk
was checked, the journal is on disk, the projection and the fact are committed. Then the same with eight in flight.
"""

import argparse
import contextlib
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from websockets.sync.client import ClientConnection, connect

from terminal.supervisor.stack import Stack

INSTRUMENT = "BTC-PERPETUAL"
TICK = 0.5
DISTANCE = 0.97
"""Price over best bid: inside the collar, never traded."""
ANSWER_SECONDS_MAX = 10
READY_SECONDS_MAX = 60

_numbers = itertools.count(1)


class Desk:
    """A trader's socket: sends commands, acknowledges frames, notes when answers and facts arrive."""

    def __init__(self, client: ClientConnection, account_id: int) -> None:
        self._client, self._account_id = client, account_id
        self.send(type="resume", sequence=0)
        self.send(type="subscribe", keys=[f"ticker.{INSTRUMENT}"])
        self._bid = self._first_bid()
        self.send(type="unsubscribe", keys=[f"ticker.{INSTRUMENT}"])

    def send(self, **message: Any) -> None:
        self._client.send(json.dumps(message))

    def receive(self) -> tuple[int, dict[str, Any]]:
        """(arrival in ns, message); frames are acknowledged."""
        text = self._client.recv(timeout=ANSWER_SECONDS_MAX)
        at = time.perf_counter_ns()
        message = json.loads(text)
        if "frame" in message:
            self.send(type="acknowledge", frame=message["frame"])
        return at, message

    def place(self, count: int, in_flight: int) -> tuple[list[float], list[float], float]:
        """Milliseconds to the answer and to the fact of each order, and orders a second."""
        sent: dict[str, int] = {}
        answered: dict[str, float] = {}
        seen: dict[str, float] = {}
        began = time.perf_counter()
        while len(seen) < count or len(answered) < count:
            while len(sent) < count and len(sent) - len(seen) < in_flight:
                command_id = f"click-{time.time_ns()}-{next(_numbers)}"
                sent[command_id] = time.perf_counter_ns()
                self._place(command_id)
            at, message = self.receive()
            if message["type"] == "command_refused":
                raise RuntimeError(f"refused: {message}")
            if message["type"] == "command_accepted":
                answered[message["command_id"]] = (at - sent[message["command_id"]]) / 1e6
            elif message["type"] == "fact" and message["fact"]["type"] == "order.changed":
                order = message["fact"]["order"]
                if order["state"] == "rejected":
                    raise RuntimeError(f"rejected: {order}")
                if order["state"] == "new" and order["command_id"] in sent:
                    seen.setdefault(order["command_id"], (at - sent[order["command_id"]]) / 1e6)
        return list(answered.values()), list(seen.values()), count / (time.perf_counter() - began)

    def warm_up(self, count: int) -> None:
        """Place a few orders, as soon as the instruments have reached the database."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while True:
            try:
                self.place(count, 1)
            except RuntimeError as error:
                if "unknown_instrument" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def cancel_all(self) -> None:
        self.send(type="order.cancel_all", command_id=f"cancel-{time.time_ns()}", account_id=self._account_id)
        while True:
            _, message = self.receive()
            if message["type"] == "fact" and message["fact"]["type"] == "order.cancel_all_done":
                return

    def _place(self, command_id: str) -> None:
        steps = round(self._bid * DISTANCE / TICK) - next(_numbers) % 2_000
        self.send(
            type="order.place",
            command_id=command_id,
            account_id=self._account_id,
            instrument_name=INSTRUMENT,
            side="buy",
            order_type="limit",
            quantity="10",
            price=f"{steps * TICK:.1f}",
            is_post_only=True,
        )

    def _first_bid(self) -> float:
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            _, message = self.receive()
            for frame in message.get("frames", ()):
                if frame.get("instrument_name") == INSTRUMENT and frame.get("bid_price"):
                    return float(frame["bid_price"])
        raise TimeoutError(f"nobody bids for {INSTRUMENT}")


@contextlib.contextmanager
def desk_of(stack: Stack) -> Iterator[Desk]:
    key = json.loads((stack.state_dir / "demo" / "aurora.json").read_text())
    headers = {"Authorization": f"Bearer {key['token']}"}
    url = stack.url.replace("http", "ws", 1) + "ws/"
    with connect(url, additional_headers=headers, max_size=2**24) as client:
        yield Desk(client, key["account_id"])


@contextlib.contextmanager
def stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            with Stack(folder / "state", without=("celery", "makers")) as running:
                yield running
        finally:
            from terminal import embedded

            embedded.forget(folder / "state")


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round")
    quick = parser.parse_args().quick
    rounds, count = (1, 50) if quick else (5, 200)
    table = Table(title=f"milliseconds from the command frame, medians of {rounds} rounds of {count} orders")
    columns = ("in flight", "accepted p50", "accepted p99", "fact p50", "fact p99", "orders/s")
    for column in columns:
        table.add_column(column, justify="right")
    with stack() as running, desk_of(running) as desk:
        desk.warm_up(20)
        for in_flight in (1, 8):
            results = []
            for _ in range(rounds):
                accepted, seen, rate = desk.place(count, in_flight)
                results.append(
                    (*(percentile(values, share) for values in (accepted, seen) for share in (0.5, 0.99)), rate)
                )
                desk.cancel_all()
            medians = [statistics.median(column) for column in zip(*results, strict=True)]
            table.add_row(str(in_flight), *(f"{value:.1f}" for value in medians))
    Console().print(table)


if __name__ == "__main__":
    main()
