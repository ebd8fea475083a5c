"""A plain HTTP/1.1 server on loopback for venues in tests: it can take a request and cut the line before it answers."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

LINE_MAX = 16 << 10
Headers = dict[str, str]
Answer = tuple[int, object, Headers]
Handle = Callable[[str, str, Headers, bytes], Awaitable[Answer | None]]
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 409: "Conflict", 418: "Teapot", 429: "Too Many", 503: "Unavailable"}  # fmt: skip


class HttpServer:
    """``handle``: (method, target, headers, body) to (status, content, headers); None cuts the connection."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def running(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LINE_MAX)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                method, target, _ = line.decode().split(" ", 2)
                headers: Headers = {}
                while (header := (await reader.readline()).strip()) != b"":
                    name, _, value = header.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                answer = await self._handle(method, target, headers, body)
                if answer is None:
                    writer.transport.abort()
                    return
                await self._answer(writer, *answer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, status: int, content: object, headers: Headers) -> None:
        body = json.dumps(content).encode()
        lines = [
            f"HTTP/1.1 {status} {REASONS.get(status, 'x')}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()
