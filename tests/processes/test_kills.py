"""SIGKILL the gateway, the dispatcher and Valkey in the middle of a burst of orders (FAULTS.md S01, S02, S14).

Nothing acknowledged is lost, nothing is doubled, and books, database and blotter agree within 30 s of the restart.
"""

import concurrent.futures
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from terminal.supervisor.stack import BASE_FOLDER, Stack
from tests.processes import desk as desks
from tests.processes.desk import RestDesk, database, rows, wait_for

parley_core = pytest.importorskip("parley_core")

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

ORDERS = 1_000
SENDERS = 4
INSTRUMENT = "BTC-PERPETUAL"
SETTLED_STATES = {"new", "partially_filled", "filled", "canceled", "rejected", "expired"}


@pytest.fixture
def desk(stack: Stack) -> Iterator[RestDesk]:
    trader = RestDesk(stack, "aurora")
    yield trader
    trader.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = desks.state_folder(tmp_path_factory, "kills")
    with Stack(folder, seed=11, without=("makers", "celery")) as running:
        yield running


def manage(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "DATABASE_URL": stack.database_url,
        "VALKEY_URL": stack.valkey_url,
        "PARLEY_STATE": str(stack.state_dir),
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_FOLDER, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )


def wait_for_market(desk: RestDesk) -> None:
    wait_for("the instrument", lambda: any(
        row["terms"]["name"] == INSTRUMENT for row in desk.get("market/instruments", coin="BTC")
    ))


def ticker(desk: RestDesk) -> dict[str, Any]:
    found = [item for item in desk.get("market/tickers", coin="BTC") if item["instrument_name"] == INSTRUMENT]
    assert found and found[0].get("bid_price") and found[0].get("ask_price"), found
    return dict(found[0])


def burst(desk: RestDesk, kills: list[tuple[int, Any]]) -> dict[str, dict[str, Any]]:
    """Send ORDERS orders from SENDERS threads; run each kill when that many were answered. command id -> answer."""
    price = ticker(desk)
    bid, ask = float(price["bid_price"]), float(price["ask_price"])
    orders = []
    for number in range(ORDERS):
        if number % 4 == 3:
            order = desk.limit_order(INSTRUMENT, "buy" if number % 8 == 3 else "sell", "0", "1")
            order["price"] = f"{round(ask * 1.01):d}" if order["side"] == "buy" else f"{round(bid * 0.99):d}"
            order["time_in_force"] = "ioc"
        else:
            order = desk.limit_order(INSTRUMENT, "buy", f"{round(bid * 0.98) - number % 40:d}", "1")
        orders.append(order)
    answers: dict[str, dict[str, Any]] = {}
    lock = threading.Lock()

    def send(order: dict[str, Any]) -> None:
        answer = desk.send_until_answered("orders", order)
        with lock:
            answers[order["command_id"]] = answer
            due = [kill for at, kill in kills if at == len(answers)]
        for kill in due:
            kill()

    with concurrent.futures.ThreadPoolExecutor(SENDERS) as senders:
        for done in concurrent.futures.as_completed([senders.submit(send, order) for order in orders]):
            if done.exception() is not None:
                senders.shutdown(cancel_futures=True)
            done.result()
    return answers


def settled(stack: Stack, desk: RestDesk) -> bool:
    with database(stack) as connection:
        states = rows(connection, "SELECT DISTINCT state FROM orders_order WHERE firm_id = %s", desk.firm_id)
        sent = rows(connection, "SELECT max(command_sequence), count(*) FILTER (WHERE command_sequence IS NULL) "
                                "FROM streams_outboxcommand")
    return {state for (state,) in states} <= SETTLED_STATES and not sent[0][1]


def check_database(stack: Stack, desk: RestDesk, answers: dict[str, dict[str, Any]]) -> None:
    with database(stack) as connection:
        stored = dict(rows(connection, "SELECT command_id, id FROM orders_order WHERE firm_id = %s", desk.firm_id))
        doubled = rows(connection, "SELECT execution_id, account_id, count(*) FROM settlement_fill "
                                   "GROUP BY 1, 2 HAVING count(*) > 1")
        unequal = rows(connection, "SELECT o.id FROM orders_order o LEFT JOIN settlement_fill f ON f.order_id = o.id "
                                   "WHERE o.firm_id = %s GROUP BY o.id, o.cumulative_lots "
                                   "HAVING o.cumulative_lots <> coalesce(sum(f.quantity), 0)", desk.firm_id)
    assert {command_id: answer["entity_id"] for command_id, answer in answers.items()}.items() <= stored.items()
    assert len(stored) == len(set(stored.values()))
    assert doubled == []
    assert unequal == []


def check_blotter(stack: Stack, desk: RestDesk) -> None:
    blotter: dict[int, dict[str, Any]] = {}
    before: int | None = None
    while True:
        page = desk.get("orders", **({"before": before} if before else {}))
        if not page:
            break
        blotter |= {order["order_id"]: order for order in page}
        before = min(blotter)
    with database(stack) as connection:
        stored = dict(rows(connection, "SELECT id, state FROM orders_order WHERE firm_id = %s", desk.firm_id))
    assert {order_id: order["state"] for order_id, order in blotter.items()} == stored


def kill_and_wait(stack: Stack, name: str, waits: list[threading.Thread]) -> None:
    pid = stack.kill(name)
    thread = threading.Thread(target=stack.wait_restarted, args=(name, pid))
    thread.start()
    waits.append(thread)


def test_kill_gateway_dispatcher_and_valkey_in_a_burst_loses_and_doubles_nothing(stack: Stack, desk: RestDesk) -> None:
    waits: list[threading.Thread] = []
    kills = [
        (200, lambda: kill_and_wait(stack, "gateway", waits)),
        (450, lambda: kill_and_wait(stack, "dispatcher", waits)),
        (700, lambda: kill_and_wait(stack, "valkey", waits)),
    ]
    wait_for_market(desk)
    answers = burst(desk, kills)
    for thread in waits:
        thread.join(desks.SETTLE_SECONDS_MAX)
    restarted = time.monotonic()
    wait_for("every order in a known state", lambda: settled(stack, desk))
    assert time.monotonic() - restarted <= desks.SETTLE_SECONDS_MAX
    assert len(answers) == ORDERS
    assert len(waits) == len(kills)
    check_database(stack, desk, answers)
    check_blotter(stack, desk)
    for command in ("verify_audit", "check_ledger"):
        done = manage(stack, command)
        assert done.returncode == 0, done.stdout + done.stderr
