"""The compiled engine as the rest of this package sees it: typed, and never blocking the loop when it is full."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import parley_core

from gateway import clock
from gateway.registry import Contract

log = logging.getLogger(__name__)

Level = tuple[int, int]
"""(price_ticks, lots)"""
Depth = tuple[list[Level], list[Level]]
"""(bids, asks), best first."""
RawEvent = tuple[int, int, int, int, int, int, tuple[object, ...]]
"""(event_number, journal_sequence, index, at_ns, command_sequence, kind, payload)"""

QUEUE_FULL_WAIT_SECONDS = 0.002
QUEUE_FULL_LOG_SECONDS = 1.0
HALTED_PREFIX = "halted"


class EngineStopped(RuntimeError):
    """The engine takes no more inputs: its journal failed. Nothing was acknowledged that is not on disk."""


def open_engine(directory: Path) -> parley_core.Engine:
    """Open and recover the journal. Raises parley_core.JournalLocked, JournalDamaged, OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    log.info("gateway: opening the journal; without a snapshot that this build reads, all of it is replayed")
    return parley_core.Engine(str(directory))


def is_halted(engine: parley_core.Engine) -> bool:
    return engine.state.startswith(HALTED_PREFIX)


async def submit(call: Callable[..., object], *arguments: object) -> None:
    """Hand one input to the engine, stamped with the wall clock; wait while its queue is full.

    Raises EngineStopped once the engine has halted.
    """
    waiting_since = 0.0
    while True:
        try:
            call(clock.now_ns(), *arguments)
        except parley_core.QueueFull:
            now = clock.monotonic()
            waiting_since = waiting_since or now
            if now - waiting_since > QUEUE_FULL_LOG_SECONDS:
                log.warning("the engine's queue has been full for %.1f s", now - waiting_since)
                waiting_since = now
            await asyncio.sleep(QUEUE_FULL_WAIT_SECONDS)
        except parley_core.EngineHalted as error:
            raise EngineStopped(str(error)) from error
        else:
            return


async def list_contract(engine: parley_core.Engine, contract: Contract, terms_json: bytes, collar_floor: int) -> None:
    """Announce a contract to the engine."""
    await submit(
        engine.list_instrument,
        contract.instrument_id,
        contract.name,
        terms_json,
        contract.value_kind,
        contract.coin_id,
        contract.lot_nanos,
        contract.tick_nanos,
        contract.terms.expiry_at_ns,
        collar_floor,
    )
