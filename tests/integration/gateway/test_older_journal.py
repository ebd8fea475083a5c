"""A journal that somebody restored without its database: the gateway says so, and takes and publishes nothing."""

import asyncio
import contextlib
import shutil
import time
from pathlib import Path

import parley_core
import pytest

from gateway.engine import open_engine
from gateway.events import entry_id
from gateway.publisher import Publisher
from gateway.valkey import connect
from tests.integration.gateway import rig
from tests.integration.gateway.desks import wait_for
from wire.transport import EVENTS_STREAM, EVENTS_WATERMARK, EVENTS_WATERMARK_ID

pytestmark = pytest.mark.processes

WAIT_SECONDS = 30
HALTED = "halted: the journal is behind the database"


def test_journal_that_lacks_events_of_the_database_takes_no_command(tmp_path: Path) -> None:
    with rig.running(tmp_path, "--simulated", "--seed", "7") as (_, gateway, desk):
        journal, old, new = gateway.state / "gateway" / "journal", tmp_path / "old", tmp_path / "new"
        ticker = desk.quoted("BTC-PERPETUAL")
        desk.send(rig.limits())
        desk.send(rig.order(1, ticker, ticks_from_bid=rig.FAR_TICKS))
        rig.wait_for(lambda: desk.events_of(1), "the first order's event")
        assert gateway.stop() == 0
        shutil.copytree(journal, old)
        gateway.start()
        desk.send(rig.order(2, ticker, ticks_from_bid=rig.FAR_TICKS))
        rig.wait_for(lambda: desk.events_of(2), "the second order's event")
        assert gateway.stop() == 0
        seen = len(desk.events)
        journal.rename(new)
        shutil.copytree(old, journal)

        for _ in range(2):
            gateway.start()
            rig.wait_for(lambda: desk.heartbeat()["state"] == HALTED, "the halt")
            desk.send(rig.order(3, ticker, ticks_from_bid=rig.FAR_TICKS))
            time.sleep(1.5)
            assert desk.heartbeat()["command_sequence"] == 2
            assert len(desk.events) == seen
            gateway.kill()

        shutil.rmtree(journal)
        new.rename(journal)
        gateway.start()
        rig.wait_for(lambda: desk.events_of(3), "the third order's event")
        rig.wait_for(lambda: desk.heartbeat()["state"] == "running", "the heartbeat")


def journal_with_events(folder: Path) -> parley_core.Engine:
    engine = open_engine(folder)
    engine.start()
    for account_id in (1, 2, 3):
        engine.set_limits(1, account_id, account_id, 1, 1, 1, 1, 1, 1, 1)
    assert engine.flush(5)
    engine.stop()
    return open_engine(folder)


def test_as_many_events_under_other_ids_are_another_journal(tmp_path: Path) -> None:
    valkey = rig.Valkey(tmp_path)
    try:
        asyncio.run(check_ids(valkey.url, journal_with_events(tmp_path / "journal")))
    finally:
        valkey.kill()


async def check_ids(url: str, engine: parley_core.Engine) -> None:
    client = connect(url)
    publisher = Publisher(engine, client, lambda _: None)
    second = entry_id(engine.events_from(2, 1)[0])
    await client.mset({EVENTS_WATERMARK: 2, EVENTS_WATERMARK_ID: "7-1"})
    running = asyncio.create_task(publisher.run())
    await wait_for(lambda: publisher.is_ahead)
    await asyncio.sleep(1)
    assert publisher.is_ahead
    assert not publisher.agreed.is_set()
    assert await client.xlen(EVENTS_STREAM) == 0
    await client.mset({EVENTS_WATERMARK: 2, EVENTS_WATERMARK_ID: second})
    await asyncio.wait_for(publisher.agreed.wait(), WAIT_SECONDS)
    async with asyncio.timeout(WAIT_SECONDS):
        while await client.xlen(EVENTS_STREAM) < 1:  # noqa: ASYNC110 - the publisher brings it about
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    assert await client.xlen(EVENTS_STREAM) == 1
    assert not publisher.is_ahead
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await client.aclose()
    engine.stop()


def test_failure_while_taking_events_ends_the_publisher(tmp_path: Path) -> None:
    valkey = rig.Valkey(tmp_path)
    try:
        asyncio.run(check_failure(valkey.url, journal_with_events(tmp_path / "journal")))
    finally:
        valkey.kill()


async def check_failure(url: str, engine: parley_core.Engine) -> None:
    def fail(_: object) -> None:
        raise LookupError("nobody knows this instrument")

    client = connect(url)
    await client.set(EVENTS_WATERMARK, 3)
    publisher = Publisher(engine, client, fail)
    engine.start()
    publisher.attach(asyncio.get_running_loop())
    running = asyncio.create_task(publisher.run())
    await asyncio.wait_for(publisher.agreed.wait(), WAIT_SECONDS)
    engine.set_limits(1, 4, 4, 1, 1, 1, 1, 1, 1, 1)
    with pytest.raises(LookupError):
        await asyncio.wait_for(running, WAIT_SECONDS)
    await client.aclose()
    engine.stop()
