"""Cheap WebSocket clients over plain TCP: one thread, one selector, so that the server is what is measured."""

import base64
import json
import os
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

RECEIVE_BYTES = 262_144


class RawSocket:
    """A client that has done its handshake. ``frames`` yields the payloads that have arrived."""

    def __init__(self, port: int, path: str = "/ws/", headers: Iterable[str] = ()) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            f"Origin: http://127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            *headers,
        ]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        head, _, rest = self._read_head().partition(b"\r\n\r\n")
        assert b" 101 " in head.split(b"\r\n")[0], head.decode()
        self._buffer = bytearray(rest)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, message: dict[str, Any]) -> None:
        payload = json.dumps(message).encode()
        size = len(payload)
        header = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
        self._socket.setblocking(True)
        self._socket.sendall(header + b"\0\0\0\0" + payload)
        self._socket.setblocking(False)

    def frames(self) -> list[bytes]:
        """Payloads of the whole frames that can be read now. Raises ConnectionError once the server has closed."""
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return []
        if not data:
            raise ConnectionResetError("the server closed the socket")
        buffer = self._buffer
        buffer += data
        found, at, end = [], 0, len(buffer)
        while end - at >= 2:
            size, start = buffer[at + 1] & 0x7F, at + 2
            if size == 126:
                size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if end < start + size:
                break
            if buffer[at] & 0x0F == 1:
                found.append(bytes(buffer[start : start + size]))
            at = start + size
        del buffer[:at]
        return found

    def _read_head(self) -> bytes:
        head = b""
        while b"\r\n\r\n" not in head:
            part = self._socket.recv(65_536)
            assert part, f"the server closed during the handshake: {head!r}"
            head += part
        return head


def serve(clients: list[RawSocket], seconds: float, on_frames: Callable[[RawSocket, list[bytes]], None]) -> None:
    """Hand every client's frames to ``on_frames`` as they arrive, for so long."""
    with selectors.DefaultSelector() as ready:
        for client in clients:
            ready.register(client, selectors.EVENT_READ, client)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in ready.select(left):
                frames = key.data.frames()
                if frames:
                    on_frames(key.data, frames)


def newest_frame(payload: bytes) -> int:
    """The frame number of a fact, snapshot or market message; 0 of an answer."""
    at = payload.find(b'"frame":', 0, 40)
    if at < 0:
        return 0
    start = at + 8
    end = payload.index(b",", start)
    return int(payload[start:end])
