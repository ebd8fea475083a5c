"""A client that stops reading costs a bounded amount of memory and is closed by name."""

import base64
import json
import os
import socket
import threading
import time
from typing import Self

import msgspec
import pytest
import redis
from websockets.exceptions import ConnectionClosed

from accounts.models import User
from terminal import limits
from tests.integration.terminal.test_socket import publish
from tests.integration.terminal.web import Web, receive, session_of
from wire import transport

pytestmark = pytest.mark.django_db(transaction=True)

MIB = 1024 * 1024


def open_and_never_read(web: Web, user: User) -> socket.socket:
    """A raw TCP client with a small receive buffer: it subscribes, resumes, and reads nothing, not even a close."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", web.port))
    key = base64.b64encode(os.urandom(16)).decode()
    client.sendall(
        f"GET /ws/ HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\nOrigin: {web.origin}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Cookie: sessionid={session_of(user)}\r\n\r\n".encode()
    )
    time.sleep(0.3)
    for message in ({"type": "resume", "sequence": 0}, {"type": "subscribe", "keys": ["chain.BTC", "index.BTC"]}):
        client.sendall(masked(json.dumps(message).encode()))
    return client


def masked(payload: bytes) -> bytes:
    """One short text frame, masked with zeros."""
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


class Market:
    """Publishes a chain of 400 tickers, 400 bytes each, 20 times a second."""

    def __init__(self, valkey: redis.Redis) -> None:
        self._valkey = valkey
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stopping.wait(0.05):
            number += 1
            frame = json.dumps({"type": "ticker", "number": number, "filling": "x" * 360}).encode()
            batch = [(f"ticker.BTC-27MAR26-{strike}-C", frame) for strike in range(400)]
            self._valkey.publish(transport.MARKET_CHANNEL, msgspec.msgpack.encode(batch))


@pytest.mark.parametrize("fresh_web", ["daphne"], indirect=True)
def test_never_reading_sockets_cost_little_and_are_closed(
    fresh_web: Web, trader: User, valkey: redis.Redis
) -> None:
    with fresh_web.connect(trader) as healthy, Market(valkey):
        healthy.send(json.dumps({"type": "subscribe", "keys": ["index.BTC"]}))
        receive(healthy, "hello")
        time.sleep(1.0)
        before = fresh_web.resident_bytes()
        stopped = [open_and_never_read(fresh_web, trader) for _ in range(20)]
        peak, deadline = before, time.monotonic() + limits.STALL_SECONDS_MAX + 4
        while time.monotonic() < deadline:
            peak = max(peak, fresh_web.resident_bytes())
            healthy.send(json.dumps({"type": "ping", "client_time_ns": 1}))
            began = time.monotonic()
            receive(healthy, "pong")
            assert time.monotonic() - began < limits.STALL_SECONDS_MAX / 2, "who reads does not wait for who does not"
            time.sleep(0.2)
        assert peak - before < 50 * MIB
        for client in stopped:
            assert is_closed(client)
            client.close()


def is_closed(client: socket.socket) -> bool:
    """Whether the server has ended the connection, once what it had sent is read."""
    client.settimeout(3)
    try:
        while client.recv(65_536):
            continue
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def test_facts_beyond_the_window_wait_and_then_overflow(daphne: Web, daphne_trader: User) -> None:
    """A client that reads but never acknowledges gets a window of facts, and no more until it acknowledges."""
    publish(daphne_trader.firm_id, 1, limits.WINDOW_FRAMES_MAX + 10)
    with daphne.connect(daphne_trader) as client:
        client.send(json.dumps({"type": "resume", "sequence": 1}))
        got = [receive(client, "fact") for _ in range(limits.WINDOW_FRAMES_MAX)]
        with pytest.raises(TimeoutError):
            receive(client, "fact", seconds=0.5)
        client.send(json.dumps({"type": "acknowledge", "frame": got[-1]["frame"]}))
        got += [receive(client, "fact") for _ in range(9)]
        assert [fact["sequence"] for fact in got] == list(range(2, limits.WINDOW_FRAMES_MAX + 11))
        publish(daphne_trader.firm_id, limits.WINDOW_FRAMES_MAX + 11, limits.WINDOW_FRAMES_MAX)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                client.recv(timeout=limits.STALL_SECONDS_MAX + 60)
    assert closed.value.rcvd.code == 4408
