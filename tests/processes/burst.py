"""A burst of orders at a running stack in which processes are killed, and what must hold at its end."""

import concurrent.futures
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import parley_core
import psycopg

from terminal.supervisor.stack import BASE_FOLDER, Stack
from tests.processes.desk import SETTLE_SECONDS_MAX, RestDesk, database, rows, wait_for

SENDERS = 4
INSTRUMENT = "BTC-PERPETUAL"
ENDED_STATES = ["filled", "canceled", "rejected", "expired"]
SETTLED_STATES = {"new", "partially_filled", *ENDED_STATES}
SIDES = {"buy": 0, "sell": 1}

Kill = tuple[int, Callable[[], None]]
"""After so many answers: what is done."""


def manage(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "DATABASE_URL": stack.database_url,
        "VALKEY_URL": stack.valkey_url,
        "PARLEY_STATE": str(stack.state_dir),
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def wait_for_market(desk: RestDesk) -> None:
    wait_for(
        "the instrument",
        lambda: any(row["terms"]["name"] == INSTRUMENT for row in desk.get("market/instruments", coin="BTC")),
    )


def ticker(desk: RestDesk) -> dict[str, Any]:
    """Once somebody bids and asks."""

    def find() -> dict[str, Any] | None:
        quoted = [item for item in desk.get("market/tickers", coin="BTC") if item["instrument_name"] == INSTRUMENT]
        return dict(quoted[0]) if quoted and quoted[0].get("bid_price") and quoted[0].get("ask_price") else None

    return dict(wait_for("a quote of the instrument", find))


def make_orders(desk: RestDesk, count: int) -> list[dict[str, Any]]:
    """Three that rest below the market, then one that crosses it, and so on."""
    price = ticker(desk)
    bid, ask = float(price["bid_price"]), float(price["ask_price"])
    orders = []
    for number in range(count):
        if number % 4 == 3:
            order = desk.limit_order(INSTRUMENT, "buy" if number % 8 == 3 else "sell", "0", "1")
            order["price"] = f"{round(ask * 1.01):d}" if order["side"] == "buy" else f"{round(bid * 0.99):d}"
            order["time_in_force"] = "ioc"
        else:
            order = desk.limit_order(INSTRUMENT, "buy", f"{round(bid * 0.98) - number % 40:d}", "1")
        orders.append(order)
    return orders


def send_burst(desk: RestDesk, count: int, kills: list[Kill]) -> dict[str, dict[str, Any]]:
    """Send ``count`` orders from SENDERS threads; run each kill when it is due. command id -> answer."""
    orders = make_orders(desk, count)
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
    """Whether every order is in a state that stays and every command has its number; False while the database is away."""
    with contextlib.suppress(psycopg.OperationalError), database(stack) as connection:
        states = rows(connection, "SELECT DISTINCT state FROM orders_order WHERE firm_id = %s", desk.firm_id)
        waiting = rows(connection, "SELECT 1 FROM streams_outboxcommand WHERE command_sequence IS NULL LIMIT 1")
        crossing = rows(
            connection,
            "SELECT 1 FROM orders_order WHERE firm_id = %s AND time_in_force = 'ioc' AND NOT state = ANY(%s) LIMIT 1",
            desk.firm_id,
            ENDED_STATES,
        )
        return {state for (state,) in states} <= SETTLED_STATES and not waiting and not crossing
    return False


def check_database(stack: Stack, desk: RestDesk, answers: dict[str, dict[str, Any]]) -> None:
    with database(stack) as connection:
        stored = dict(rows(connection, "SELECT command_id, id FROM orders_order WHERE firm_id = %s", desk.firm_id))
        doubled = rows(
            connection,
            "SELECT execution_id, account_id, count(*) FROM settlement_fill GROUP BY 1, 2 HAVING count(*) > 1",
        )
        unequal = rows(
            connection,
            "SELECT o.id FROM orders_order o LEFT JOIN settlement_fill f ON f.order_id = o.id "
            "WHERE o.firm_id = %s GROUP BY o.id, o.cumulative_lots "
            "HAVING o.cumulative_lots <> coalesce(sum(f.quantity), 0)",
            desk.firm_id,
        )
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
        fresh = {order["order_id"]: order for order in page}
        assert not blotter.keys() & fresh.keys()
        blotter |= fresh
        before = page[-1]["order_id"]  # newest first by time: with equal times and two senders not by id
    with database(stack) as connection:
        stored = dict(rows(connection, "SELECT id, state FROM orders_order WHERE firm_id = %s", desk.firm_id))
    assert {order_id: order["state"] for order_id, order in blotter.items()} == stored


def kill_and_wait(stack: Stack, name: str, waits: list[threading.Thread]) -> None:
    pid = stack.kill(name)
    thread = threading.Thread(target=stack.wait_restarted, args=(name, pid))
    thread.start()
    waits.append(thread)


def check_end(stack: Stack, desk: RestDesk, answers: dict[str, dict[str, Any]]) -> None:
    """Everything that was answered is there once, in a known state, and books, audit and journal agree.

    Stops the stack: its journal can be read by one engine at a time.
    """
    settling_from = time.monotonic()
    wait_for("every order in a known state", lambda: settled(stack, desk))
    assert time.monotonic() - settling_from <= SETTLE_SECONDS_MAX
    check_database(stack, desk, answers)
    check_blotter(stack, desk)
    for command in ("verify_audit", "check_ledger"):
        done = manage(stack, command)
        assert done.returncode == 0, done.stdout + done.stderr
    check_journal(stack)


def check_journal(stack: Stack) -> None:
    """Stop the stack and compare the working orders and positions of its journal with what the database said."""
    working, positions = working_orders(stack), open_positions(stack)
    assert working
    assert stack.stop() == 0
    engine = parley_core.Engine(str(stack.state_dir / "gateway" / "journal"))
    try:
        assert engine.working_orders() == working
        totals = dict(positions)
        for _, account_id, instrument_id, side, _, _, leaves in working:
            lots = list(totals.get((account_id, instrument_id), (0, 0, 0)))
            lots[1 + side] += leaves
            totals[account_id, instrument_id] = tuple(lots)
        assert {(row[0], row[1]): tuple(row[2:]) for row in engine.positions()} == totals
    finally:
        engine.stop()


def working_orders(stack: Stack) -> list[tuple[int, ...]]:
    """As ``Engine.working_orders`` tells them, from the database."""
    with database(stack) as connection:
        found = rows(
            connection,
            "SELECT id, account_id, instrument_id, side, price_ticks, quantity_lots, "
            "quantity_lots - cumulative_lots - canceled_lots FROM orders_order "
            "WHERE NOT state = ANY(%s) ORDER BY id",
            ENDED_STATES,
        )
    return [(*row[:3], SIDES[row[3]], *row[4:]) for row in found]


def open_positions(stack: Stack) -> dict[tuple[int, int], tuple[int, ...]]:
    """(account, instrument) -> (lots, nothing working) of the clients, from the database."""
    with database(stack) as connection:
        found = rows(
            connection,
            "SELECT p.account_id, p.instrument_id, p.quantity / i.lot_size "
            "FROM settlement_position p JOIN market_instrument i ON i.id = p.instrument_id "
            "WHERE p.account_id IS NOT NULL AND p.quantity <> 0",
        )
    return {(account_id, instrument_id): (int(lots), 0, 0) for account_id, instrument_id, lots in found}
