"""The control port of a simulated venue: one line of JSON in, one line out. Loopback only."""

import asyncio
from collections.abc import Callable

LINE_BYTES_MAX = 64 << 10
CONNECTIONS_MAX = 16
HOST = "127.0.0.1"


async def serve_lines(answer: Callable[[bytes], bytes], port: int) -> asyncio.Server:
    """``answer`` takes a line and gives one without its end. Raises OSError where the port cannot be used."""
    gate = asyncio.Semaphore(CONNECTIONS_MAX)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with gate:
            try:
                while line := await reader.readline():
                    writer.write(answer(line) + b"\n")
                    await writer.drain()
            except (ConnectionError, ValueError, asyncio.CancelledError):
                return  # canceled only as the process ends, which asyncio would take for a fault of the connection
            finally:
                writer.close()

    return await asyncio.start_server(serve, HOST, port, limit=LINE_BYTES_MAX)
