"""A counterparty of its own making: simplefix puts messages together and takes them apart, nothing of Parley does."""

import datetime as dt
import socket
import time
from typing import Self

import simplefix

WAIT_SECONDS = 60.0
TARGET = "PARLEY"
HOST = "127.0.0.1"

Pairs = tuple[tuple[int, object], ...]


class Disconnected(Exception):
    """The other side has closed the connection."""


class Client:
    """Keeps its two numbers itself, as a counterparty does: over connections, and whatever the other side says."""

    def __init__(self, port: int, *, begin_string: str = "FIX.4.4", sender: str = "AURORA", secret: str = "") -> None:
        self.port, self.begin_string, self.sender, self.secret = port, begin_string, sender, secret
        self.next_sent = self.next_expected = 1
        self.received: list[simplefix.FixMessage] = []
        self._socket: socket.socket | None = None
        self._parser = simplefix.FixParser()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def connect(self) -> None:
        self.cut()
        self._parser = simplefix.FixParser()
        self._socket = socket.create_connection((HOST, self.port), timeout=WAIT_SECONDS)

    def cut(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def build(self, kind: str, *body: tuple[int, object], sequence: int, header: Pairs = ()) -> simplefix.FixMessage:
        message = simplefix.FixMessage()
        message.append_pair(8, self.begin_string, header=True)
        message.append_pair(35, kind, header=True)
        for tag, value in ((49, self.sender), (56, TARGET), (34, sequence), (52, timestamp()), *header):
            message.append_pair(tag, value, header=True)
        for tag, value in body:
            message.append_pair(tag, value)
        return message

    def send(self, kind: str, *body: tuple[int, object], sequence: int = 0, header: Pairs = ()) -> bytes:
        """``sequence`` 0: the next one."""
        data = bytes(self.build(kind, *body, sequence=sequence or self.next_sent, header=header).encode())
        if not sequence:
            self.next_sent += 1
        self.send_bytes(data)
        return data

    def send_bytes(self, data: bytes) -> None:
        assert self._socket is not None, "connected before"
        self._socket.sendall(data)

    def receive(self, *kinds: str, seconds: float = WAIT_SECONDS) -> simplefix.FixMessage:
        """The next message, heartbeats left out unless asked for. Raises Disconnected, TimeoutError."""
        assert self._socket is not None, "connected before"
        deadline = time.monotonic() + seconds
        while True:
            message = self._parser.get_message()
            if message is None:
                self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
                data = self._read()
                self._parser.append_buffer(data)
                continue
            self._note(message)
            if value(message, 35) in kinds or (not kinds and value(message, 35) != "0"):
                return message

    def _read(self) -> bytes:
        assert self._socket is not None, "connected before"
        try:
            data = self._socket.recv(65_536)
        except ConnectionError as error:
            raise Disconnected from error
        if not data:
            raise Disconnected
        return data

    def _note(self, message: simplefix.FixMessage) -> None:
        self.received.append(message)
        sequence, is_duplicate = int(value(message, 34)), value(message, 43) == "Y"
        if value(message, 35) == "4":
            self.next_expected = max(self.next_expected, int(value(message, 36)))
        elif sequence == self.next_expected:
            self.next_expected += 1
        elif not is_duplicate and value(message, 141) == "Y":
            self.next_expected = sequence + 1

    def log_on(self, *body: tuple[int, object], heartbeat: int = 30) -> simplefix.FixMessage:
        """Connect and log on; the answer, or what came instead of it."""
        self.connect()
        fields: list[tuple[int, object]] = [(98, 0), (108, heartbeat), *body]
        if self.begin_string == "FIX.4.2":
            fields += [(95, len(self.secret)), (96, self.secret)]
        else:
            fields += [(1137, 9)] if self.begin_string == "FIXT.1.1" else []
            fields += [(553, self.sender), (554, self.secret)]
        self.send("A", *fields)
        return self.receive("A", "5")

    def log_out(self) -> None:
        self.send("5")
        self.receive("5")
        self.cut()

    def test(self, word: str, seconds: float = WAIT_SECONDS) -> simplefix.FixMessage:
        """A test request and the heartbeat that answers it."""
        self.send("1", (112, word))
        while True:
            message = self.receive("0", seconds=seconds)
            if value(message, 112) == word:
                return message


def value(message: simplefix.FixMessage, tag: int) -> str:
    """Empty where the message has no such field."""
    found = message.get(tag)
    return found.decode() if found is not None else ""


def timestamp(offset_seconds: float = 0) -> str:
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=offset_seconds)
    return at.strftime("%Y%m%d-%H:%M:%S.%f")[:-3]
