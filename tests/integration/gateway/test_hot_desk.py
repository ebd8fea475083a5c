"""The hot path's desk over a real journal against the real equities venue: what it writes down is what happened."""

import asyncio
import errno
import json
import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import msgspec
import parley_core
import pytest

from gateway.algos.desk import SteeringRefused
from gateway.events import EVENT_TYPES
from gateway.hot.desk import HotPathDesk
from gateway.hot.log import HotLog
from gateway.hot.service import HotService
from gateway.hot.settings import HotRefused, HotSettings
from gateway.venues.order_log import OrderLogDamaged
from gateway.venues.routes import OrderLogBehind
from terminal import embedded
from tests.integration.venues.equities_rig import PASSWORD, USER, EquitiesVenue
from tests.unit.gateway.hot.story import settings
from wire.gateway_routes import RouteReported
from wire.pairs import PairsAction, PairsSteered, SteerPairs
from wire.venue_reports import ExecutionReport

OWNER = {"account_id": 1, "user_id": 2, "desk_id": 3, "firm_id": 4, "strategy_id": 900}
FIRM, STRATEGY = 1, 6
REPORTED = EVENT_TYPES.index(RouteReported)
WAIT_SECONDS = 60


@pytest.fixture
def feed_port():
    return embedded.free_udp_port()


@pytest.fixture
def venue(tmp_path, feed_port):
    arguments = ("--feed-port", str(feed_port), "--symbols", "24", "--step-ms", "40", "--noise", "6")
    with EquitiesVenue(tmp_path / "venue", *arguments) as running:
        yield running


@pytest.fixture
def engine(tmp_path):
    made = parley_core.Engine(str(tmp_path / "journal"))
    made.start()
    made.set_limits(1, 1, 1, 4, 3, 10**6, 10**13, 10**7, 10**14, 1_000, -1, "")
    assert made.flush()
    yield made
    made.stop()


def make_settings(tmp_path, venue, feed_port, **changes):
    secret = tmp_path / "secret.json"
    secret.touch(mode=0o600)
    secret.write_text(json.dumps({"key": USER, "secret": PASSWORD}))
    ports = venue.ports
    sectors = ("AIR", "BNK", "CHP", "DRG", "ENG", "FUD", "GLD", "HSE")
    pairs = [
        {"first": f"{sector}{a:02d}", "second": f"{sector}{b:02d}", "hedge": 1.0, "lots": [10, 10], "entry": 1.5,
         "exit": 0.3, "stop": 9.0, "timeout_seconds": 5, "window": 30}
        for sector in sectors for a, b in ((1, 2), (1, 3), (2, 3))
    ]  # fmt: skip
    content = settings(
        owner=OWNER,
        feed={"port": feed_port, "gap_host": "127.0.0.1", "gap_port": ports["gap"]},
        orders={"host": "127.0.0.1", "port": ports["order"], "user": USER, "secret_file": str(secret)},
        pairs=pairs,
        **changes,
    )
    return msgspec.convert(content, HotSettings)


class Running:
    """A desk at work in a loop, with what the engine was told."""

    def __init__(self, engine, given, directory):
        self.engine, self.given, self.directory = engine, given, directory
        self.reported = {}

    async def __aenter__(self):
        self.desk = HotPathDesk(self.engine, self.given, PASSWORD, self.directory)
        is_open = asyncio.Event()
        is_open.set()
        self.service = HotService(self.engine, self.desk, is_open)
        self.tasks = [asyncio.create_task(part) for part in (self.service.run(), self.service.pump(), self._drain())]
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.desk.close()

    async def _drain(self):
        while True:
            for raw in self.engine.drain(512):
                if raw[5] == REPORTED:
                    number, body = raw[6][2], msgspec.json.decode(raw[6][-1], type=ExecutionReport)
                    assert number not in self.reported, "each number once"
                    self.reported[number] = body.strategy.told
                self.service.on_event(raw)
            await asyncio.sleep(0.02)

    async def wait(self, what, look, seconds=WAIT_SECONDS):
        async with asyncio.timeout(seconds):
            while not look():
                for task in self.tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.05)

    async def trade(self, orders):
        start = self.desk.book.last_order_id
        await self.wait("orders", lambda: self.desk.book.last_order_id >= start + orders)

    async def rest(self):
        """Nothing enters any more, nothing works, and the engine has been told everything. Pairs may still leave."""
        self.desk.book.is_entering = False
        await self.wait("no entries", lambda: not self.desk.is_entering)
        await self.wait("rest", lambda: not any(pair.working for pair in self.desk.book.pairs))
        await self.wait("the reports", lambda: not self.desk.log.told)

    def held(self):
        found = {}
        for pair in self.desk.book.pairs:
            for symbol, lots in zip((pair.listed.first, pair.listed.second), pair.held, strict=True):
                found[symbol] = found.get(symbol, 0) + lots
        return {symbol: lots for symbol, lots in found.items() if lots}


async def agree(running, venue):
    """Our shares are the venue's, once what is under way has come."""
    try:
        await running.wait("agreement", lambda: running.held() == venue.ask("account", user=USER)["positions"])
    except TimeoutError:
        assert running.held() == venue.ask("account", user=USER)["positions"]


@pytest.mark.parametrize("send", ["journal_first", "send_first"])
def test_what_is_traded_is_written_down_told_once_and_there_after_a_restart(
    tmp_path, engine, venue, feed_port, send
) -> None:
    given = make_settings(tmp_path, venue, feed_port, send=send)

    async def first():
        async with Running(engine, given, tmp_path / "hot") as running:
            await running.trade(20)
            venue.do("disconnect", user=USER)
            await running.trade(10)
            await running.rest()
            await agree(running, venue)
        return running.desk.log.number, running.held(), running.reported

    async def again():
        async with Running(engine, given, tmp_path / "hot") as running:
            assert running.held() == held
            assert [[one, other] for _, one, other, _ in running.desk.native.pairs()] == [
                pair.held for pair in running.desk.book.pairs
            ]
            await running.trade(6)
            await running.rest()
            await agree(running, venue)
            return running.reported

    number, held, reported = asyncio.run(first())
    assert sorted(reported) == list(range(1, max(reported) + 1))
    more = asyncio.run(again())
    assert not reported.keys() & more.keys()
    assert sorted({*reported, *more}) == list(range(1, max(more) + 1))
    assert max(more) >= number
    references = [order["user_reference"] for order in venue.ask("account", user=USER)["orders"]]
    assert len(set(references)) == len(references)


def test_another_day_begins_anew_from_a_folded_log(tmp_path, engine, venue, feed_port) -> None:
    given = make_settings(tmp_path, venue, feed_port)

    async def live():
        async with Running(engine, given, tmp_path / "hot") as running:
            await running.trade(12)
            records = running.desk.log.records
            session = running.desk.book.session
            venue.do("new_session")
            await running.wait("another session", lambda: running.desk.book.session not in ("", session))
            await running.trade(6)
            assert running.desk.log.records < records + running.desk.log.number
            await running.rest()
            await agree(running, venue)

    asyncio.run(live())


def last_turned_off(reported) -> int:
    """Number of the fact behind which the path decides no entry any more; 0: none was told."""
    off = PairsAction.ENTERING_OFF
    return max((n for n, told in reported.items() if isinstance(told, PairsSteered) and told.action is off), default=0)


def test_a_kill_switch_stops_entries_within_its_event_and_lets_pairs_leave(tmp_path, engine, venue, feed_port) -> None:
    given = make_settings(tmp_path, venue, feed_port)

    async def live():
        async with Running(engine, given, tmp_path / "hot") as running:
            await running.trade(12)
            engine.set_kill_switch(1, 2, FIRM, 4, True)
            await running.wait("the switch", lambda: running.desk.controls.in_force.blocked_by)
            assert not running.desk.is_entering, "in the same step"
            await running.wait("its fact", lambda: last_turned_off(running.reported))
            settled = last_turned_off(running.reported)
            await asyncio.sleep(3)
            entered = [
                each
                for number, each in running.reported.items()
                if number > settled and getattr(each, "before", None) == "flat"
            ]
            assert entered == []
            assert not running.desk.is_entering
            await running.wait("everything left", lambda: not running.held())

    asyncio.run(live())


def test_commands_are_in_the_log_and_taken_once(tmp_path, engine, venue, feed_port) -> None:
    given = make_settings(tmp_path, venue, feed_port)
    pair = given.pairs[0]

    def command(action, **changes):
        fields = {"command_id": "pairs:1", "valid_until_ns": 2**62, "venue": "equities", "action": PairsAction(action),
                  "user_id": 2, "first": pair.first, "second": pair.second, **changes}  # fmt: skip
        return SteerPairs(**fields)

    async def live():
        async with Running(engine, given, tmp_path / "hot") as running:
            await running.wait("the session", lambda: running.desk.native.state == "open")
            with pytest.raises(SteeringRefused, match="pair_not_disabled"):
                await running.desk.on_command(1, command("enable"))
            for unknown in (command("disable", first="ZZZ"), command("disable", venue="aster")):
                with pytest.raises(SteeringRefused, match="unknown"):
                    await running.desk.on_command(1, unknown)
            with pytest.raises(SteeringRefused, match="command_expired"):
                await running.desk.on_command(1, command("disable", valid_until_ns=1))
            await running.desk.on_command(2, command("disable"))
            await running.desk.on_command(2, command("disable"))
            await running.wait("its answer", lambda: not running.desk.book.commands)
            assert running.desk.native.pairs()[0][0] == "disabled"
            await running.desk.on_command(3, command("entering_off", first="", second=""))
            await running.rest()

    async def again():
        async with Running(engine, given, tmp_path / "hot") as running:
            assert running.desk.native.pairs()[0][0] == "disabled"
            await running.wait("no entries", lambda: not running.desk.is_entering)
            await running.desk.on_command(3, command("entering_on", first="", second=""))
            assert not running.desk.book.is_entering, "the number was taken before"

    asyncio.run(live())
    asyncio.run(again())


async def settled_orders(venue) -> int:
    """How many orders the venue has, once what left before has arrived."""
    known, since = -1, time.monotonic()
    async with asyncio.timeout(WAIT_SECONDS):
        while time.monotonic() - since < 0.5:
            count = len(venue.ask("account", user=USER)["orders"])
            if count != known:
                known, since = count, time.monotonic()
            await asyncio.sleep(0.05)
    return known


def test_an_append_under_way_goes_to_its_end_before_the_log_is_closed(tmp_path, engine, monkeypatch) -> None:
    given = make_settings(tmp_path, SimpleNamespace(ports={"gap": 9, "order": 9}), 9)
    command = SteerPairs(
        command_id="pairs:1", valid_until_ns=2**62, venue="equities", action=PairsAction.ENTERING_OFF, user_id=2
    )
    is_writing, may_end, append = threading.Event(), threading.Event(), HotLog.append

    def append_slowly(log, records):
        is_writing.set()
        may_end.wait(WAIT_SECONDS)
        append(log, records)

    async def live():
        desk = HotPathDesk(engine, given, PASSWORD, tmp_path / "hot")
        monkeypatch.setattr(HotLog, "append", append_slowly)
        commanding = asyncio.create_task(desk.on_command(7, command))
        await asyncio.to_thread(is_writing.wait, WAIT_SECONDS)
        commanding.cancel()
        closing = asyncio.create_task(desk.close())
        await asyncio.sleep(0.3)
        assert not closing.done()
        may_end.set()
        await closing
        assert desk.log.command_sequence == 7

    asyncio.run(live())
    monkeypatch.undo()

    async def again():
        desk = HotPathDesk(engine, given, PASSWORD, tmp_path / "hot")
        assert (desk.log.command_sequence, desk.book.is_entering) == (7, False)
        await desk.close()

    asyncio.run(again())


def test_a_log_that_cannot_be_written_lets_nothing_leave(tmp_path, engine, venue, feed_port, monkeypatch) -> None:
    given = make_settings(tmp_path, venue, feed_port)
    real = os.fdatasync

    def fail(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").readlink().name == "hot.log":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    async def live():
        async with Running(engine, given, tmp_path / "hot") as running:
            await running.trade(6)
            monkeypatch.setattr(os, "fdatasync", fail)
            await running.wait("the failure", lambda: running.desk.failure)
            known = await settled_orders(venue)
            await asyncio.sleep(2)
            assert len(venue.ask("account", user=USER)["orders"]) == known
            assert "No space left" in running.service.describe()["log_state"]
            assert running.desk.native.state == "stopped"

    asyncio.run(live())


def test_a_log_that_is_not_the_journals_is_refused(tmp_path, engine, venue, feed_port) -> None:
    given = make_settings(tmp_path, venue, feed_port)

    async def live():
        async with Running(engine, given, tmp_path / "hot") as running:
            await running.trade(4)
            await running.rest()

    asyncio.run(live())
    with pytest.raises(OrderLogBehind):
        HotPathDesk(engine, given, PASSWORD, tmp_path / "another")
    path = tmp_path / "hot" / "hot.log"
    content = path.read_bytes()
    path.write_bytes(content[:50] + b"x" + content[51:])
    with pytest.raises(OrderLogDamaged):
        HotPathDesk(engine, given, PASSWORD, tmp_path / "hot")


def test_an_account_without_limits_does_not_trade(tmp_path, venue, feed_port) -> None:
    bare = parley_core.Engine(str(tmp_path / "bare"))
    bare.start()

    async def live():
        async with Running(bare, make_settings(tmp_path, venue, feed_port), tmp_path / "hot") as running:
            await asyncio.sleep(2)
            assert (running.desk.native.state, running.reported) == ("idle", {})

    asyncio.run(live())
    bare.stop()


def test_a_core_that_is_not_ours_is_refused(tmp_path, engine, venue, feed_port) -> None:
    with pytest.raises(HotRefused, match="Core 1023 is not among"):
        HotPathDesk(engine, make_settings(tmp_path, venue, feed_port, cpu=1_023), PASSWORD, tmp_path / "hot")
