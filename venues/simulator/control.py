"""What the control port of a simulated venue answers: one JSON action a line in, one JSON answer a line out."""

import asyncio

import msgspec

from venues.control_port import serve_lines
from venues.simulator.faults import AnyAction, Faults

_decode = msgspec.json.Decoder(AnyAction).decode


async def serve_control(faults: Faults, port: int) -> asyncio.Server:
    """Answers {"ok": true, "fired": n}, or {"error": sentence}."""
    return await serve_lines(lambda line: _answer(faults, line), port)


def _answer(faults: Faults, line: bytes) -> bytes:
    try:
        faults.plan(_decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return msgspec.json.encode({"error": str(error)})
    return msgspec.json.encode({"ok": True, "fired": faults.fired})
