"""The equities venue as a real process, and a client of it that is built from the core's sessions alone."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import parley_core
from parley_core import ouch

from tests.integration.venues.rig import BASE_FOLDER, READY_SECONDS_MAX

LOOPBACK = "127.0.0.1"
USER, PASSWORD = "DESK", "secret77"
WAIT_SECONDS = 10.0
MOMENT_MS = 20
END_SECONDS = 60.0
DATAGRAMS_MAX = 1_000
"""Taken in one go."""


class VenueFailed(AssertionError):
    """The venue did not come up, or did not say what was waited for."""


class EquitiesVenue:
    """A process of the venue and its ports; ``feed`` receives its datagrams."""

    def __init__(self, folder: Path, *arguments: str, seed: int = 7) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.feed = FeedReader()
        clients, ports = folder / "clients.json", folder / "ports.json"
        clients.touch(mode=0o600)
        clients.write_text(json.dumps({USER: PASSWORD, "OTHER": "another1"}))
        self.log = folder / "venue.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "venues.equities", "--feed-port", str(self.feed.port)),
                    *("--control-port", "0", "--clients", str(clients), "--ports", str(ports), "--seed", str(seed)),
                    *arguments,
                ],
                cwd=BASE_FOLDER, stdout=log, stderr=log, env=os.environ,
            )  # fmt: skip
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not ports.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.feed.close()
                raise VenueFailed(self.log.read_text())
            time.sleep(0.02)
        self.ports: dict[str, int] = json.loads(ports.read_text())
        self._control = socket.create_connection(("127.0.0.1", self.ports["control"]), WAIT_SECONDS)
        self._lines = self._control.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        self._lines.close()
        self._control.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(WAIT_SECONDS)
        self.feed.close()
        return code

    def say(self, **line: Any) -> dict[str, Any]:
        """Anything to the control port, and its answer."""
        self._control.sendall(json.dumps(line).encode() + b"\n")
        answer: dict[str, Any] = json.loads(self._lines.readline())
        return answer

    def do(self, action: str, **fields: Any) -> None:
        answer = self.say(action=action, **fields)
        assert answer.get("ok"), answer

    def ask(self, what: str, **fields: Any) -> dict[str, Any]:
        answer = self.say(what=what, **fields)
        assert answer.get("ok"), answer
        return answer

    def touch(self, symbol: str) -> tuple[int, int]:
        """Best bid and ask."""
        book = self.ask("book", symbol=symbol)
        return book["bid_e4"], book["ask_e4"]

    def client(self, user: str = USER, password: str = PASSWORD) -> "OrderClient":
        return OrderClient(self.ports["order"], user, password)


class FeedReader:
    """Datagrams of the feed as they arrive, put in order, gaps asked for. ``group``: a multicast group to join."""

    def __init__(self, group: str = "") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind((group or LOOPBACK, 0))
        if group:
            joined = socket.inet_aton(group) + socket.inet_aton(LOOPBACK)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        self._socket.setblocking(False)
        self._arrivals = select.poll()
        self._arrivals.register(self._socket, select.POLLIN)
        self.port = int(self._socket.getsockname()[1])
        self.receiver = parley_core.MoldReceiver(1)
        self.messages: list[bytes] = []
        self.datagrams: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def read(self) -> None:
        """Takes what has arrived, or the first that arrives within a moment."""
        self._arrivals.poll(MOMENT_MS)
        for _ in range(DATAGRAMS_MAX):
            try:
                self.datagrams.append(self._socket.recv(65_536))
            except BlockingIOError:
                return
            self.messages += [message for _, message in self.receiver.push(self.datagrams[-1])]

    def read_while(self, is_wanting: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while is_wanting():
            assert time.monotonic() < deadline, what
            self.read()

    def wait_for_messages(self, count: int) -> None:
        self.read_while(lambda: len(self.messages) < count, f"{count} messages")

    def wait_for_datagrams(self, count: int) -> list[bytes]:
        self.read_while(lambda: len(self.datagrams) < count, f"{count} datagrams")
        return self.datagrams

    def wait_for(self, datagram: bytes) -> bool:
        self.read_while(lambda: datagram not in self.datagrams, "the datagram")
        return True

    def wait_for_gap(self) -> None:
        self.read_while(lambda: not self.receiver.has_gap, "a gap")

    def last(self, count: int) -> bytes:
        self.wait_for_messages(count)
        return self.messages[count - 1]

    def books_of(self, count: int) -> parley_core.ItchBooks:
        """Made of so many messages."""
        self.wait_for_messages(count)
        books = parley_core.ItchBooks(10_000, 10_000)
        books.apply(self.framed())
        return books

    def send(self, request: bytes, gap_port: int) -> None:
        self._socket.sendto(request, (LOOPBACK, gap_port))

    def fill(self, gap_port: int) -> None:
        """Asks until nothing is missing."""
        progress, deadline = 0, 0.0
        while self.receiver.has_gap:
            if self.receiver.next_sequence > progress:
                progress, deadline = self.receiver.next_sequence, time.monotonic() + WAIT_SECONDS
            assert time.monotonic() < deadline, f"message {progress} is not told again"
            if request := self.receiver.request(time.monotonic_ns()):
                self.send(request, gap_port)
            self.read()

    def read_until_ended(self, gap_port: int) -> None:
        deadline = time.monotonic() + END_SECONDS
        self.read()
        while not self.receiver.is_ended:
            assert time.monotonic() < deadline, "the session does not end"
            self.fill(gap_port)
            self.read()

    def ask_for_all(self, session: str, count: int, gap_port: int) -> None:
        """Every message of a session from the first on, by requests alone."""
        while len(self.messages) < count:
            before = len(self.messages)
            self.send(parley_core.mold_request(session, before + 1, 60_000), gap_port)
            self.read_while(lambda before=before: len(self.messages) == before, f"message {before + 1}")

    def framed(self) -> bytes:
        return b"".join(len(message).to_bytes(2, "big") + message for message in self.messages)


class OrderClient:
    """One account's session. ``reports``: every message that it read, in order, over all its connections."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self._port, self._user, self._password = port, user, password
        self._socket: socket.socket
        self.soup: parley_core.SoupClient
        self.session = ""
        self.reports: list[ouch.Event] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if hasattr(self, "_socket"):
            self._socket.close()

    def login(self, sequence: int = 1, session: str = "", password: str = "") -> str:
        """The state of the session after the venue's answer."""
        self.close()
        self._socket = socket.create_connection(("127.0.0.1", self._port), WAIT_SECONDS)
        self._socket.settimeout(0.02)
        self.soup = parley_core.SoupClient()
        self._socket.sendall(
            self.soup.login(self._user, password or self._password, time.monotonic_ns(), session, sequence)
        )
        deadline = time.monotonic() + WAIT_SECONDS
        while self.soup.state == "logging_in" and self.pump() and time.monotonic() < deadline:
            pass
        self.session = self.soup.session or self.session
        return self.soup.state

    def again(self) -> str:
        """The same session from the message after the last one that was read."""
        return self.login(len(self.reports) + 1, self.session)

    def again_until_open(self) -> None:
        """As ``again``, as often as the venue cuts or refuses."""
        deadline = time.monotonic() + WAIT_SECONDS
        while self.again() != "open":
            assert time.monotonic() < deadline, "the venue lets nobody in"
            time.sleep(0.02)

    def positions(self) -> dict[str, int]:
        """Of what was reported."""
        orders: dict[int, ouch.OrderStanding] = {}
        held: dict[str, int] = {}
        for report in self.reports:
            if isinstance(report, ouch.OrderStanding):
                orders[report.user_reference] = report
            elif isinstance(report, ouch.OrderExecuted):
                order = orders[report.user_reference]
                signed = report.last_quantity if order.side == "B" else -report.last_quantity
                held[order.symbol] = held.get(order.symbol, 0) + signed
        return {symbol: shares for symbol, shares in held.items() if shares}

    def send(self, *requests: ouch.Request) -> None:
        """In one piece."""
        self._socket.sendall(
            b"".join(self.soup.send(ouch.encode(request), time.monotonic_ns()) for request in requests)
        )

    def pump(self) -> bool:
        """Reads what arrives within a moment; False where the venue closed the connection."""
        try:
            data = self._socket.recv(1 << 20)
        except TimeoutError:
            return True
        except ConnectionError:
            return False
        self.reports += [ouch.decode_event(message) for _, message in self.soup.push(data, time.monotonic_ns())]
        return bool(data)

    def wait_for(self, kind: type[ouch.Event], count: int = 1) -> list[Any]:
        """The reports of that kind, once there are so many."""
        deadline = time.monotonic() + WAIT_SECONDS
        while len(found := [report for report in self.reports if isinstance(report, kind)]) < count:
            if time.monotonic() > deadline or not self.pump():
                raise VenueFailed(f"{count} of {kind.__name__} wanted, got {self.reports}")
        return found

    def count(self, kind: type[ouch.Event]) -> int:
        return sum(isinstance(report, kind) for report in self.reports)

    def wait_for_reports(self, count: int) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while len(self.reports) < count:
            assert time.monotonic() < deadline, f"{count} reports wanted, {len(self.reports)} came"
            self.pump()

    def wait_until_closed(self) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while self.pump():
            assert time.monotonic() < deadline, "the venue keeps the connection"
