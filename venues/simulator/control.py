"""The control port of a simulated venue: one JSON action a line in, one JSON answer a line out. Loopback only."""

import asyncio

import msgspec

from venues.simulator.faults import AnyAction, Faults

LINE_BYTES_MAX = 64 << 10
CONNECTIONS_MAX = 16
HOST = "127.0.0.1"
_decode = msgspec.json.Decoder(AnyAction).decode


async def serve_control(faults: Faults, port: int) -> asyncio.Server:
    """Answers {"ok": true, "fired": n}, or {"error": sentence}."""
    gate = asyncio.Semaphore(CONNECTIONS_MAX)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with gate:
            try:
                while line := await reader.readline():
                    writer.write(_answer(faults, line) + b"\n")
                    await writer.drain()
            except (ConnectionError, ValueError):
                return
            finally:
                writer.close()

    return await asyncio.start_server(serve, HOST, port, limit=LINE_BYTES_MAX)


def _answer(faults: Faults, line: bytes) -> bytes:
    try:
        faults.plan(_decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return msgspec.json.encode({"error": str(error)})
    return msgspec.json.encode({"ok": True, "fired": faults.fired})
