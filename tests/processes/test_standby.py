"""Two gateways on one journal: the standby goes on where the primary was killed, or put to sleep.

Nothing acknowledged is lost, nothing is doubled, and what a sleeper still does when it wakes does not count.
"""

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import parley_core
import pytest

from tests.integration.gateway import rig

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

ORDERS = 600
KILL_AFTER = 200
MARKET = ("--simulated", "--seed", "5", "--standby", "--lease-seconds", "1.5")
TAKEOVER_SECONDS_MAX = 60
"""A bound for a machine that is busy with other things; what it took is printed."""


@contextlib.contextmanager
def pair(folder: Path) -> Iterator[tuple[rig.Gateway, rig.Gateway, rig.Dispatcher]]:
    """Primary and standby; the standby follows when this begins."""
    with rig.running(folder, *MARKET) as (valkey, primary, desk):
        desk.quoted("BTC-PERPETUAL")
        standby = rig.Gateway(folder / "state", valkey.url, *MARKET)
        try:
            rig.wait_for(lambda: primary.log.read_text().count("standby: following") == 2, "the standby")
            time.sleep(0.5)
            yield primary, standby, desk
        finally:
            if standby.process.poll() is None:
                standby.process.kill()
            standby.process.wait()


def check_journal(gateway: rig.Gateway, desk: rig.Dispatcher, orders: int) -> None:
    """Each order was accepted once, and the journal says so too."""
    rig.wait_for(lambda: desk.taken() == len(desk.outbox), "every command")
    rig.wait_for(lambda: all(desk.events_of(order) for order in range(1, orders + 1)), "every order's event")
    accepted = [desk.events_of(order).count("OrderAccepted") for order in range(1, orders + 1)]
    assert accepted == [1] * orders
    assert gateway.stop() == 0
    journal = gateway.state / "gateway" / "journal"
    from_genesis, from_snapshot = parley_core.replay(journal, True), parley_core.replay(journal, False)
    assert from_genesis == from_snapshot
    engine = parley_core.Engine(journal)
    try:
        assert engine.state_hash() == from_genesis[0]
        assert len(engine.working_orders()) == orders
    finally:
        engine.stop()


def takeover_seconds(desk: rig.Dispatcher, order: int, since: float) -> float:
    rig.wait_for(lambda: desk.events_of(order), "the first order after the takeover", seconds=TAKEOVER_SECONDS_MAX)
    return time.monotonic() - since


def test_standby_takes_over_from_a_primary_that_is_killed_in_a_burst(tmp_path: Path) -> None:
    with pair(tmp_path) as (primary, standby, desk):
        ticker = desk.quoted("BTC-PERPETUAL")
        desk.send(rig.limits())
        for order in range(1, ORDERS + 1):
            desk.send(rig.order(order, ticker, ticks_from_bid=rig.FAR_TICKS - order % 40))
            if order == KILL_AFTER:
                rig.wait_for(lambda: desk.events_of(KILL_AFTER // 2), "half of the orders before the kill")
                primary.kill()
                killed_at = time.monotonic()
        took = takeover_seconds(desk, ORDERS, killed_at)
        sys.stdout.write(f"killed to the last of {ORDERS - KILL_AFTER} orders acknowledged: {took:.2f} s\n")
        sys.stdout.write([line for line in standby.log.read_text().splitlines() if "took over in" in line][-1] + "\n")
        check_journal(standby, desk, ORDERS)


def test_primary_that_slept_through_a_takeover_ends_and_nothing_of_it_counts(tmp_path: Path) -> None:
    with pair(tmp_path) as (primary, standby, desk):
        ticker = desk.quoted("BTC-PERPETUAL")
        desk.send(rig.limits())
        desk.send(rig.order(1, ticker, ticks_from_bid=rig.FAR_TICKS))
        rig.wait_for(lambda: desk.events_of(1), "the first order's event")
        primary.process.send_signal(signal.SIGSTOP)
        slept_at = time.monotonic()
        desk.send(rig.order(2, ticker, ticks_from_bid=rig.FAR_TICKS - 1))
        took = takeover_seconds(desk, 2, slept_at)
        sys.stdout.write(f"asleep to the next order acknowledged: {took:.2f} s, of which the lease is 1.5 s\n")
        desk.send(rig.order(3, ticker, ticks_from_bid=rig.FAR_TICKS - 2))
        primary.process.send_signal(signal.SIGCONT)
        desk.send(rig.order(4, ticker, ticks_from_bid=rig.FAR_TICKS - 3))
        assert primary.process.wait(60) == 7
        desk.send(rig.order(5, ticker, ticks_from_bid=rig.FAR_TICKS - 4))
        check_journal(standby, desk, 5)
