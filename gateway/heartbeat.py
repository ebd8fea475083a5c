"""What the rest of Parley watches: is the gateway there, and how far has it come."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec
import parley_core
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway import clock
from gateway.publisher import Publisher
from gateway.valkey import Backoff, Unavailable
from wire.transport import GATEWAY_HEARTBEAT

HEARTBEAT_SECONDS = 0.5
EXPIRES_MS = 3_000


Parts = Mapping[str, Callable[[], object]]
"""What parts of the gateway say of themselves, by name: ``fix`` its sessions, ``hot`` the hot path."""


def describe(engine: parley_core.Engine, publisher: Publisher, source: str, parts: Parts) -> bytes:
    """The heartbeat's JSON. ``state``: running, or halted and why."""
    state = "halted: the journal is behind the database" if publisher.is_ahead else str(engine.state)
    return msgspec.json.encode(
        {
            "at_ns": clock.now_ns(),
            "journal_sequence": int(engine.journal_sequence),
            "event_number": int(engine.event_number),
            "command_sequence": int(engine.command_sequence),
            "state": state,
            "source": source,
            **{name: say() for name, say in parts.items()},
        }
    )


async def beat(
    engine: parley_core.Engine, publisher: Publisher, source: str, client: Redis, parts: Parts
) -> None:
    """Write the heartbeat twice a second for ever; without it, the key expires."""
    backoff = Backoff("heartbeat")
    while True:
        try:
            await client.set(GATEWAY_HEARTBEAT, describe(engine, publisher, source, parts), px=EXPIRES_MS)
            backoff.succeeded()
            await asyncio.sleep(HEARTBEAT_SECONDS)
        except (*Unavailable, ResponseError) as error:
            await asyncio.sleep(backoff.failed(error))
