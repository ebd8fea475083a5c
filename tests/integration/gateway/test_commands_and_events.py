"""Road A through the real gateway: nothing is lost and nothing doubled, whatever happens to Valkey or the process."""

import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tests.integration.gateway import rig
from wire.gateway import (
    CommandRefused,
    InstrumentListed,
    LimitsInForce,
    OrderAccepted,
    OrderExecuted,
    OrderRejected,
)
from wire.market import Book, Trades
from wire.transport import COMMANDS_WATERMARK, EVENTS_STREAM, MARKET_LATEST
from wire.units import Liquidity, Side, TimeInForce

pytestmark = pytest.mark.processes

SIMULATED = ("--simulated", "--seed", "11")
BURST = 600


def test_order_is_accepted_executed_and_shown(tmp_path: Path) -> None:
    with rig.running(tmp_path, *SIMULATED) as (_, gateway, desk):
        ticker = desk.quoted("BTC-PERPETUAL")
        desk.send(rig.limits())
        desk.send(rig.order(1, ticker, ticks_from_bid=100, time_in_force=TimeInForce.IOC, quantity_lots=10))
        desk.send(rig.order(2, ticker, ticks_from_bid=rig.FAR_TICKS, quantity_lots=77))

        rig.wait_for(lambda: desk.events_of(2), "the second order's event")

        assert desk.events_of(1) == ["OrderAccepted", "OrderExecuted"]
        assert desk.events_of(2) == ["OrderAccepted"]
        fill = next(e for e in desk.events if isinstance(e.event, OrderExecuted))
        assert (fill.command_sequence, fill.event.liquidity, fill.event.leaves_lots) == (2, Liquidity.TAKER, 0)
        listed = [e.event for e in desk.events if isinstance(e.event, InstrumentListed)]
        assert {e.terms.name for e in listed} >= {"BTC_USDC", "BTC-PERPETUAL", "ETH_USDC-PERPETUAL"}
        rig.wait_for(lambda: desk.taken() == 3, "the watermark of commands")
        trades = rig.wait_for(lambda: desk.client.hget(MARKET_LATEST, "trades.BTC-PERPETUAL"), "the public trade")
        shown = msgspec.json.decode(trades, type=Trades).trades
        assert [(t.execution_id, t.side, t.quantity) for t in shown] == [(fill.event.execution_id, Side.BUY, "10")]
        assert gateway.stop() == 0


def test_resting_order_is_in_the_book(tmp_path: Path) -> None:
    with rig.running(tmp_path, *SIMULATED) as (_, _, desk):
        ticker = desk.quoted("BTC-PERPETUAL")
        desk.send(rig.limits(max_order_quantity_lots=10**7))
        order = rig.order(1, ticker, ticks_from_bid=40, quantity_lots=9_000_003)
        desk.send(order)

        def find() -> bool:
            frame = desk.client.hget(MARKET_LATEST, "book.BTC-PERPETUAL")
            levels = {float(price): int(quantity) for price, quantity in msgspec.json.decode(frame, type=Book).bids}
            # Far above what the market quotes: it took what was offered, and the market cannot eat the rest.
            return levels.get(order.price_ticks * 0.5, 0) >= 100_000

        rig.wait_for(find, "the order in the book")


def test_malformed_commands_take_their_number_and_are_refused(tmp_path: Path) -> None:
    with rig.running(tmp_path, *SIMULATED) as (_, _, desk):
        ticker = desk.quoted("BTC-PERPETUAL")
        desk.send_raw(b"no json")
        desk.send_raw(b'{"command_sequence":2,"command":{"type":"gateway.fly","command_id":"fly-2"}}')
        desk.send_raw(
            b'{"command_sequence":9,"command":{"type":"gateway.cancel_order","command_id":"c-3","order_id":1}}'
        )
        desk.send(rig.limits(command_id="negative", max_order_quantity_lots=-1))
        desk.send(rig.limits(command_id="doge", coin="DOGE"))
        desk.send(rig.order(1, ticker, command_id="huge", quantity_lots=2**70))
        desk.send(rig.limits(command_id="x" * 65))
        desk.send_raw(b"\xff\xfe")
        desk.send(rig.limits())

        rig.wait_for(lambda: any(isinstance(e.event, LimitsInForce) for e in desk.events), "the good command")

        refused = [(e.command_sequence, e.event.command_id) for e in desk.events if isinstance(e.event, CommandRefused)]
        names = ["", "fly-2", "c-3", "negative", "doge", "huge", "x" * 64, ""]
        assert refused == list(enumerate(names, start=1))


def test_late_order_is_refused_by_the_gateways_clock(tmp_path: Path) -> None:
    with rig.running(tmp_path, *SIMULATED) as (_, _, desk):
        ticker = desk.quoted("BTC-PERPETUAL")
        desk.send(rig.limits())
        desk.send(rig.order(1, ticker, valid_until_ns=time.time_ns() - 1))

        rig.wait_for(lambda: desk.events_of(1), "the rejection")

        rejected = next(e.event for e in desk.events if isinstance(e.event, OrderRejected))
        assert rejected.reason == "command_expired"


def test_flushed_valkey_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with rig.running(tmp_path, *SIMULATED) as (_, _, desk):
        send_burst(desk, lambda number: number in {BURST // 3, BURST // 2} and desk.client.flushall())

        assert_each_order_answered_once(desk)


def test_stream_that_lost_its_newest_entry_goes_on(tmp_path: Path) -> None:
    with rig.running(tmp_path, *SIMULATED) as (_, gateway, desk):
        ticker = desk.quoted("BTC-PERPETUAL")
        desk.send(rig.limits())
        rig.wait_for(lambda: any(isinstance(e.event, LimitsInForce) for e in desk.events), "the limits")
        gateway.kill()
        [(newest, _)] = desk.client.xrevrange(EVENTS_STREAM, count=1)
        desk.client.xdel(EVENTS_STREAM, newest)
        gateway.start()

        desk.send(rig.order(1, ticker, ticks_from_bid=rig.FAR_TICKS, quantity_lots=1))

        rig.wait_for(lambda: desk.events_of(1), "the order's event")


def test_killed_gateway_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with rig.running(tmp_path, *SIMULATED) as (_, gateway, desk):

        def kill(number: int) -> None:
            if number in {BURST // 3, BURST // 2}:
                gateway.kill()
                gateway.start()

        send_burst(desk, kill)

        assert_each_order_answered_once(desk)
        rig.wait_for(lambda: desk.heartbeat()["command_sequence"] == BURST + 1, "the heartbeat")


def test_killed_valkey_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with rig.running(tmp_path, *SIMULATED) as (valkey, gateway, desk):

        def restart(number: int) -> None:
            if number == BURST // 2:
                valkey.kill()
                time.sleep(1)
                valkey.start()

        send_burst(desk, restart)

        assert_each_order_answered_once(desk)
        assert gateway.process.poll() is None


def test_paused_valkey_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with rig.running(tmp_path, *SIMULATED) as (valkey, _, desk):

        def pause(number: int) -> None:
            if number == BURST // 2:
                with valkey.paused():
                    time.sleep(5)

        send_burst(desk, pause)

        assert_each_order_answered_once(desk)


def test_gateway_that_starts_without_valkey_waits_for_it(tmp_path: Path) -> None:
    with rig.running(tmp_path, *SIMULATED) as (valkey, gateway, desk):
        gateway.kill()
        valkey.kill()
        gateway.start()
        time.sleep(1.5)
        assert gateway.process.poll() is None
        valkey.start()

        rig.wait_for(lambda: desk.heartbeat()["state"] == "running", "the heartbeat")
        desk.quoted("ETH-PERPETUAL")


def send_burst(desk: rig.Dispatcher, disturb: object) -> None:
    assert callable(disturb)
    ticker = desk.quoted("BTC-PERPETUAL")
    desk.send(rig.limits())
    for number in range(1, BURST + 1):
        desk.send(rig.order(number, ticker, ticks_from_bid=rig.FAR_TICKS - number % 20))
        time.sleep(0.002)
        disturb(number)
    rig.wait_for(lambda: desk.taken() == BURST + 1, "the last command")
    rig.wait_for(lambda: desk.events_of(BURST), "the last order's event")


def assert_each_order_answered_once(desk: rig.Dispatcher) -> None:
    assert [event.event_number for event in desk.events] == list(range(1, len(desk.events) + 1))
    keys = [(event.journal_sequence, event.index) for event in desk.events]
    assert keys == sorted(set(keys))
    answers = Counter(e.event.order_id for e in desk.events if isinstance(e.event, OrderAccepted | OrderRejected))
    assert answers == Counter(range(1, BURST + 1))
    sequences = [e.command_sequence for e in desk.events if isinstance(e.event, OrderAccepted | OrderRejected)]
    assert sequences == sorted(sequences)
    assert int(desk.client.get(COMMANDS_WATERMARK) or 0) == BURST + 1
