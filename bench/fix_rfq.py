"""An RFQ between two FIX sessions through all processes: each message in, until the other side has what follows of it.

    python -m bench.fix_rfq [--quick]

``manage.py up`` on a folder of its own, everything durable. One taker and one maker by FIX 4.4 on one thread: R in to
the maker's R out, S in to the taker's S out (after the grace, which is waited for before), AJ in to the 8 of both.
Beside it, in the same run, what a session layer alone needs: quickfix's bare echo of ``bench.fix``, nothing on disk.
"""

import argparse
import contextlib
import json
import statistics
import time
from typing import Any

import simplefix

from bench.click_to_ack import stack
from bench.fix import Client as EchoClient
from bench.fix import serve_echo, served
from terminal.supervisor.stack import Stack
from tests.integration.gateway.fix.client import Client, Disconnected, timestamp, value
from tests.processes import desk as desks
from tests.processes.desk import RestDesk
from tests.processes.test_rfq_desk import TICK, pick_option

GRACE_SECONDS = 5.5
ANSWER_SECONDS = 60.0


class Party(Client):
    """Of one firm of the demo; what came and was not asked for yet is kept."""

    def __init__(self, running: Stack, firm: str) -> None:
        rows = json.loads((running.state_dir / "demo" / f"{firm}.fix.json").read_text())
        row = next(row for row in rows if row["BeginString"] == "FIX.4.4")
        super().__init__(running.fix_port, sender=row["SenderCompID"], secret=row["Password"])
        self._kept: list[simplefix.FixMessage] = []
        desks.wait_for("the logon", self._is_logged_on, ANSWER_SECONDS)

    def _is_logged_on(self) -> bool:
        """Once the gateway knows the session."""
        self.next_sent = 1
        with contextlib.suppress(Disconnected, OSError):
            return value(self.log_on((141, "Y")), 35) == "A"
        return False

    def get(self, kind: str, tag: int, text: str) -> simplefix.FixMessage:
        """The message of this type with this field. Raises TimeoutError with what came instead."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            for message in self._kept:
                if value(message, 35) == kind and value(message, tag) == text:
                    self._kept.remove(message)
                    return message
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {kind} with {tag}={text}, but {[str(each) for each in self._kept[-5:]]}")
            message = self.receive(seconds=max(0.1, deadline - time.monotonic()))
            if value(message, 35) == "1":
                self.send("0", (112, value(message, 112)))
            self._kept.append(message)


def negotiate(running: Stack, count: int) -> dict[str, list[float]]:
    """Milliseconds of each step."""
    rest = RestDesk(running, "aurora")
    ticker = pick_option(rest)
    name, price = ticker["instrument_name"], f"{round(ticker['mark_price'] / TICK + 5) * TICK:.4f}"
    maker_id = RestDesk(running, "dune").firm_id
    found: dict[str, list[float]] = {"R in, R out": [], "S in, S out": [], "AJ in, both 8 out": []}
    with Party(running, "aurora") as taker, Party(running, "dune") as maker:
        opened = {}
        for number in range(count):
            began = time.perf_counter()
            makers = (453, 1), (448, maker_id), (447, "D"), (452, 35)
            taker.send("R", (131, f"ask-{number}"), (146, 1), (55, name), (38, 1), *makers)
            rfq = value(taker.get("AI", 131, f"ask-{number}"), 58).removeprefix("rfq ")
            maker.get("R", 131, f"R{rfq}")
            found["R in, R out"].append((time.perf_counter() - began) * 1_000)
            opened[f"ask-{number}"] = rfq
        time.sleep(GRACE_SECONDS)
        for ask, rfq in opened.items():
            began = time.perf_counter()
            maker.send("S", (117, f"q-{ask}"), (131, f"R{rfq}"), (55, name), (133, price), (135, 1), (60, timestamp()))
            shown = taker.get("S", 131, ask)
            found["S in, S out"].append((time.perf_counter() - began) * 1_000)
            hit: Any = (693, f"hit-{ask}"), (117, value(shown, 117)), (694, 1), (54, 1), (55, name), (60, timestamp())
            began = time.perf_counter()
            taker.send("AJ", *hit)
            taker.get("8", 37, f"R{rfq}")
            maker.get("8", 37, f"R{rfq}")
            found["AJ in, both 8 out"].append((time.perf_counter() - began) * 1_000)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fix_rfq")
    parser.add_argument("--quick", action="store_true")
    count = 5 if parser.parse_args().quick else 30
    with served(serve_echo) as port:
        client = EchoClient(port)
        client.latencies_us(50)
        echo = statistics.median(client.latencies_us(200)) / 1_000
        client.close()
    print(f"quickfix echo, nothing on disk: p50 {echo:.2f} ms", flush=True)
    with stack() as running:
        found = negotiate(running, count)
    for step, taken in found.items():
        p50, p99 = statistics.median(taken), max(taken)
        print(f"{step:18} {len(taken):3} times   p50 {p50:8.1f} ms   worst {p99:8.1f} ms   {p50 / echo:6.0f} echoes")


if __name__ == "__main__":
    main()
