"""SIGKILL the gateway while orders leave for two venues, one over FIX and one over a WebSocket, which both move on.

After the restart orders, executions and positions are the venues', each order sent once and each execution counted once
(FAULTS.md S01, S09 and S11). The venues are processes of the test, and are asked over a connection that is none of ours.
"""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redis

from terminal.embedded import free_port
from terminal.supervisor.stack import Stack
from tests.integration.venues.rig import CLIENT_ID, SECRET, VenueProcess, open_client
from tests.processes.conftest import NewState
from tests.processes.desk import RestDesk, database, left_over, rows, wait_for
from tests.processes.test_stack_venues import read
from wire.market import VenueLink

bursts = pytest.importorskip("tests.processes.burst", exc_type=ImportError)

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

VENUES = ("aster", "borea")
ORDERS, KILL_AFTER = 36, 14
CONTRACT_AMOUNT = 10
"""Dollars of one contract, which venues count in."""
ENDED = ("filled", "canceled", "rejected")
WORDS = {"open": {"new", "partially_filled"}, "filled": {"filled"}, "cancelled": {"canceled"}}
Venues = dict[str, VenueProcess]


@pytest.fixture(scope="module")
def folder(new_state: NewState) -> Path:
    return new_state("routes")


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port() for name in VENUES}


@pytest.fixture(scope="module")
def stack(folder: Path, ports: dict[str, int]) -> Iterator[Stack]:
    """Connected to venues that begin later, as they may."""
    secret = folder / "venue.secret.json"
    secret.touch(mode=0o600)
    secret.write_text(json.dumps({"key": CLIENT_ID, "secret": SECRET}))
    common = {"secret_file": str(secret), "is_test_network": True}
    fix = {"adapter": "fix", "url": f"fix://127.0.0.1:{ports['borea']}", "target_comp_id": "BOREA"}
    entries = [
        {"name": "aster", "adapter": "deribit", "url": f"ws://127.0.0.1:{ports['aster']}/ws/api/v2", **common},
        {"name": "borea", "session_file": str(folder / "borea.session"), **fix, **common},
    ]
    (folder / "named.json").write_text(json.dumps(entries))
    named = {"PARLEY_VENUES": str(folder / "named.json")}
    with Stack(folder, seed=11, without=("makers", "celery"), environment=named) as running:
        yield running


@pytest.fixture
def venues(stack: Stack, folder: Path, ports: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Venues]:
    """Each has a WebSocket, over which the test asks; Borea trades over FIX."""
    monkeypatch.setenv("VALKEY_URL", stack.valkey_url)
    fix = ("--fix-port", str(ports["borea"]), "--fix-store", str(folder / "borea.fix"))
    with (
        VenueProcess(folder / "aster", "aster", 1, "--follow", port=ports["aster"]) as aster,
        VenueProcess(folder / "borea", "borea", 1, "--follow", *fix) as borea,
    ):
        yield {"aster": aster, "borea": borea}


@pytest.fixture
def desk(stack: Stack) -> Iterator[RestDesk]:
    trader = RestDesk(stack, "aurora")
    yield trader
    trader.close()


def wait_ready(stack: Stack, since_ns: int = 0) -> None:
    client = redis.Redis.from_url(stack.valkey_url)

    def is_ready(name: str) -> bool:
        link = read(client, f"venue_link.{name}", VenueLink)
        return link is not None and link.is_ready and link.state == "live" and link.at_ns > since_ns

    wait_for("both venues", lambda: all(is_ready(name) for name in VENUES))


def make_routes(desk: RestDesk, count: int) -> list[dict[str, Any]]:
    """At each venue: one that is filled, one that rests far below, one that may or may not be filled."""
    ticker = bursts.ticker(desk)
    bid, ask = float(ticker["bid_price"]), float(ticker["ask_price"])
    routes = []
    for number in range(count):
        price = (ask * 1.01, bid * 0.97, bid)[number // 2 % 3]
        order = desk.limit_order(bursts.INSTRUMENT, "buy", f"{round(price):d}", str(1 + number % 4))
        routes.append(order | {"venue": VENUES[number % 2], "time_in_force": "gtc"})
    return routes


async def move_on(venue: VenueProcess) -> str:
    """A person at the venue cancels an order of ours and places one, and the venue takes a trade back. Our name of the
    canceled order.
    """
    async with open_client(venue.url) as plain:
        await plain.sign_in()
        (first, *_) = await plain.get("private/get_open_orders")
        await plain.get("private/cancel", order_id=first["order_id"])
        await plain.get(
            "private/buy",
            instrument_name=bursts.INSTRUMENT,
            amount=CONTRACT_AMOUNT,
            price=first["price"],
            label="by hand",
        )
    venue.misbehave(action="bust")
    return str(first["label"])


async def ask_all(venue: VenueProcess, ids: list[str], labels: list[str]) -> dict[str, Any]:
    """What the venue knows: trades, positions, our orders by id, how many there are under each of our names."""
    async with open_client(venue.url) as plain:
        await plain.sign_in()
        found = await plain.get("private/get_user_trades_by_currency", currency="any", count=1_000)
        return {
            "trades": Counter(trade["trade_id"] for trade in found["trades"]),
            "positions": {
                each["instrument_name"]: Decimal(str(each["size"])) / CONTRACT_AMOUNT
                for each in await plain.get("private/get_positions")
                if each["size"]
            },
            "orders": {each: await plain.get("private/get_order_state", order_id=each) for each in ids},
            "sent": [len(await plain.get("private/get_order_state_by_label", label=each)) for each in labels],
        }


def differences(stack: Stack, venue_name: str, venue: VenueProcess) -> list[str]:
    """Between the database and the venue; empty where they agree."""
    with database(stack) as connection:
        routes = rows(
            connection,
            "SELECT client_order_id, venue_order_id, state, cumulative_quantity, busted_quantity FROM orders_route "
            "WHERE venue = %s",
            venue_name,
        )
        fills = rows(
            connection,
            "SELECT venue_execution_id, side, quantity, is_bust FROM orders_routefill WHERE venue = %s",
            venue_name,
        )
        booked = rows(connection, "SELECT quantity, side FROM settlement_fill WHERE venue = %s", venue_name)
    theirs = asyncio.run(ask_all(venue, [row[1] for row in routes if row[1]], [row[0] for row in routes]))
    found = [f"{row[0]} is {row[2]}" for row in routes if row[2] not in {*ENDED, *WORDS["open"]}]
    for label, order_id, state, cumulative, busted in routes:
        shown = theirs["orders"].get(order_id)
        filled = Decimal(str(shown["filled_amount"])) / CONTRACT_AMOUNT if shown else Decimal(0)
        if (shown is None) != (state == "rejected") or cumulative + busted != filled:
            found.append(f"{label}: {state}, {cumulative} + {busted} here, {shown} there")
        elif shown is not None and state not in WORDS[shown["order_state"]]:
            found.append(f"{label}: {state} here, {shown['order_state']} there")
    if Counter(row[0] for row in fills if not row[3]) != theirs["trades"]:
        found.append(f"executions: {fills} here, {theirs['trades']} there")
    for what, each in (("routes", [(q, s) for _, s, q, _ in fills]), ("ledger", booked)):
        held = sum((quantity if side == "buy" else -quantity for quantity, side in each), Decimal(0))
        if held != theirs["positions"].get(bursts.INSTRUMENT, 0):
            found.append(f"position of {what}: {held} here, {theirs['positions']} there")
    return found + ["sent twice" for count in theirs["sent"] if count > 1]


def test_a_gateway_killed_with_orders_at_two_venues_agrees_with_both(
    stack: Stack, venues: Venues, desk: RestDesk
) -> None:
    bursts.wait_for_market(desk)
    wait_ready(stack)
    routes = make_routes(desk, ORDERS)
    for route in routes[:KILL_AFTER]:
        desk.send_until_answered("orders/routes", route)
    wait_for(
        "an order and a trade at each venue",
        lambda: all(asyncio.run(has_something(venue)) for venue in venues.values()),
    )
    killed_at_ns = time.time_ns()
    waits: list[threading.Thread] = []
    for route in routes[KILL_AFTER : KILL_AFTER + 4]:
        desk.send_until_answered("orders/routes", route)
    bursts.kill_and_wait(stack, "gateway", waits)
    canceled = {name: asyncio.run(move_on(venue)) for name, venue in venues.items()}
    for thread in waits:
        thread.join()
    wait_ready(stack, since_ns=max(killed_at_ns, time.time_ns()))
    for route in routes[KILL_AFTER + 4 :]:
        desk.send_until_answered("orders/routes", route)
    for name, venue in venues.items():
        assert left_over(lambda n=name, v=venue: differences(stack, n, v)) == []
    with database(stack) as connection:
        states = dict(rows(connection, "SELECT client_order_id, state FROM orders_route"))
        busts = rows(connection, "SELECT venue, count(*) FROM orders_routefill WHERE is_bust GROUP BY 1 ORDER BY 1")
        assert rows(connection, "SELECT count(*) FROM orders_route") == [(ORDERS,)]
        assert rows(connection, "SELECT venue FROM orders_venuebreak WHERE resolved_at IS NULL") == []
        found = rows(connection, "SELECT venue, state, quantity FROM orders_externalorder ORDER BY 1")
    assert found == [(name, "new", 1) for name in VENUES]
    assert [states[each] for each in canceled.values()] == ["canceled", "canceled"]
    assert busts == [("aster", 1), ("borea", 1)]
    checked = bursts.manage(stack, "check_ledger")
    assert checked.returncode == 0, checked.stdout + checked.stderr


async def has_something(venue: VenueProcess) -> bool:
    async with open_client(venue.url) as plain:
        await plain.sign_in()
        trades = await plain.get("private/get_user_trades_by_currency", currency="any", count=10)
        return bool(trades["trades"] and await plain.get("private/get_open_orders"))
