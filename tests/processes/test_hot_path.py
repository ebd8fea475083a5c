"""Pairs trade at the equities venue while gateway, dispatcher and PostgreSQL are killed, lines are cut, and a day ends.

At the end the venue's own record of the account, the gateway's log and the database agree to the share: no order twice,
none lost (FAULTS.md S01, S02, S11, S12). A kill switch by the road of the terminal stops entries and holds (S17).
"""

import contextlib
import itertools
import json
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.hot.log import FILE_NAME, HotLog
from terminal.supervisor.equities import NAME, USER
from terminal.supervisor.stack import Stack
from tests.processes.conftest import NewState
from tests.processes.desk import RestDesk, database, left_over, rows, wait_for

bursts = pytest.importorskip("tests.processes.burst", exc_type=ImportError)

pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]

GATEWAY_KILLS = 3
ORDERS_BEFORE = 12
"""New orders that are waited for before the next thing is broken."""
WAIT_SECONDS = 120
LINE_BYTES_MAX = 64 << 20


class VenueControl:
    """The control port of the running venue."""

    def __init__(self, stack: Stack) -> None:
        self._port = _control_port(stack)

    def say(self, **line: Any) -> dict[str, Any]:
        with socket.create_connection(("127.0.0.1", self._port), 10) as connection:
            connection.sendall(json.dumps(line).encode() + b"\n")
            answer: dict[str, Any] = json.loads(connection.makefile("rb").readline(LINE_BYTES_MAX))
        assert answer.get("ok"), answer
        return answer

    def orders(self) -> dict[int, dict[str, Any]]:
        """Of the account, of all days, by our id."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self.say(what="account", user=USER, first=len(found))
            found += answer["orders"]
            if len(found) >= answer["orders_total"]:
                break
        by_id = {each["user_reference"]: each for each in found}
        assert len(by_id) == len(found), "an id came twice"
        return by_id

    def positions(self) -> dict[str, int]:
        return dict(self.say(what="account", user=USER, orders_max=0)["positions"])


def _control_port(stack: Stack) -> int:
    """As the venue was started."""
    pid = stack.pids[NAME]
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return int(words[words.index(b"--control-port") + 1])


@pytest.fixture(params=["journal_first", "send_first"])
def stack(new_state: NewState, request: pytest.FixtureRequest) -> Iterator[Stack]:
    folder = new_state(f"hot_{request.param}")
    with Stack(folder, seed=7, without=("makers", "celery"), pairs=True, send=request.param) as running:
        yield running


@pytest.fixture
def desk(stack: Stack) -> Iterator[RestDesk]:
    trader = RestDesk(stack, "aurora")
    yield trader
    trader.close()


def count_orders(stack: Stack) -> int:
    with database(stack) as connection:
        return int(rows(connection, "SELECT count(*) FROM pairs_pairorder")[0][0])


def is_there(stack: Stack) -> bool:
    with contextlib.suppress(psycopg.Error):
        return count_orders(stack) > 0
    return False


def wait_for_orders(stack: Stack, more: int = ORDERS_BEFORE) -> None:
    before = count_orders(stack)
    wait_for(f"{more} more orders", lambda: count_orders(stack) >= before + more, WAIT_SECONDS)


def steer(desk: RestDesk, action: str) -> None:
    command = {"command_id": desk.command_id(), "venue": NAME, "action": action}
    desk.send_until_answered("pairs/steer", command)


def is_quiet(stack: Stack, venue: VenueControl) -> bool:
    """Nothing works, and the database has seen every record of the gateway."""
    with database(stack) as connection:
        working = rows(connection, "SELECT count(*) FROM pairs_pairorder WHERE leaves_lots > 0")
        (known,) = rows(connection, "SELECT count(*), coalesce(sum(filled_lots), 0) FROM pairs_pairorder")
    theirs = venue.orders()
    return working == [(0,)] and known[1] == sum(order["filled"] for order in theirs.values())


def differences(stack: Stack, venue: VenueControl) -> list[str]:
    """Between database and venue; empty where they agree."""
    theirs = venue.orders()
    with database(stack) as connection:
        ours = rows(connection, "SELECT order_id, symbol, side, lots, filled_lots, state FROM pairs_pairorder")
        fills = rows(
            connection,
            "SELECT o.order_id, f.match_number, f.lots FROM pairs_pairfill f JOIN pairs_pairorder o ON o.id = f.order_id",
        )
        held = rows(connection, "SELECT symbol, lots FROM pairs_pairposition WHERE lots <> 0")
        legs = rows(
            connection,
            "SELECT symbol, sum(lots) FROM (SELECT first symbol, held_first lots FROM pairs_pair UNION ALL"
            " SELECT second, held_second FROM pairs_pair) legs GROUP BY 1 HAVING sum(lots) <> 0",
        )
    found = []
    known = {row[0]: row for row in ours}
    found += [f"order {each} is only at the venue" for each in theirs.keys() - known.keys()]
    for order_id, symbol, side, lots, filled, state in ours:
        there = theirs.get(order_id)
        if there is None:
            found += [f"order {order_id} {state} filled {filled}, unknown there"] if filled or state != "rejected" else []
        elif (symbol, side[0].upper(), lots, filled) != (
            there["symbol"], there["side"].replace("T", "S"), there["quantity"], there["filled"],
        ):  # fmt: skip
            found.append(f"order {order_id}: {symbol} {side} {lots} {filled} here, {there} there")
    executed = {(id_, fill["match_number"], fill["quantity"]) for id_, o in theirs.items() for fill in o["executions"]}
    if len(fills) != len(set(fills)) or set(fills) != executed:
        found.append(f"executions: {len(fills)} here, {len(executed)} there")
    for what, positions in (("positions", held), ("legs", legs)):
        if {symbol: int(lots) for symbol, lots in positions} != venue.positions():
            found.append(f"{what}: {positions} here, {venue.positions()} there")
    return found


Records = tuple[int, dict[tuple[str, str], list[int]]]
"""The number of the last one, and what each pair holds by it."""


def read_log(stack: Stack, folder: Path) -> Records:
    """Of the gateway, in a copy that nobody has open; a record under way is cut off."""
    folder.mkdir()
    shutil.copy(stack.state_dir / "gateway" / "hot" / NAME / FILE_NAME, folder / FILE_NAME)
    with contextlib.closing(HotLog(folder, 0)) as log:
        return log.number, {(pair.listed.first, pair.listed.second): pair.held for pair in log.book.pairs}


def agreed_number(stack: Stack, folder: Path) -> int:
    """Of the last record, where log and database hold the same by it; 0: the log went on meanwhile."""
    stored = check_records(stack)
    return stored[0] if read_log(stack, folder) == stored else 0


def test_nothing_is_lost_or_sent_twice_whatever_dies(stack: Stack, desk: RestDesk, tmp_path: Path) -> None:
    venue = VenueControl(stack)
    waits: list[Any] = []
    wait_for_orders(stack, 2 * ORDERS_BEFORE)
    with database(stack) as connection:
        assert rows(connection, "SELECT count(*) >= 24 FROM pairs_pair") == [(True,)]
    for kill in range(GATEWAY_KILLS):
        wait_for_orders(stack)
        bursts.kill_and_wait(stack, "gateway", waits)
        if kill == 1:
            bursts.kill_and_wait(stack, "dispatcher", waits)
        for thread in waits:
            thread.join()
    venue.say(action="disconnect", user=USER)
    wait_for_orders(stack)
    bursts.kill_and_wait(stack, "postgres", waits)
    for thread in waits:
        thread.join()
    wait_for("the database again", lambda: is_there(stack), WAIT_SECONDS)
    wait_for_orders(stack)
    venue.say(action="new_session")
    wait_for_orders(stack)
    check_kill_switch(stack, desk, waits)
    steer(desk, "entering_off")
    assert left_over(lambda: differences(stack, venue) if is_quiet(stack, venue) else ["orders work"], WAIT_SECONDS) == []
    copies = (tmp_path / f"log{number}" for number in itertools.count())
    number = wait_for("the log to be as the database", lambda: agreed_number(stack, next(copies)), WAIT_SECONDS)
    checked = bursts.manage(stack, "verify_audit")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    stack.stop()
    assert read_log(stack, next(copies))[0] >= number, "what came while it stopped is told at the next start"


def check_records(stack: Stack) -> Records:
    """Each record of the log is audited once. The last that the database has, and what its pairs hold."""
    with database(stack) as connection:
        ((number,),) = rows(connection, "SELECT report_number FROM pairs_pairsdesk")
        held = rows(connection, "SELECT first, second, held_first, held_second FROM pairs_pair")
        told = rows(
            connection,
            "SELECT count(*), count(DISTINCT after->>'report_number'), max((after->>'report_number')::bigint)"
            " FROM audit_auditrecord WHERE action LIKE 'pairs.%%' AND after ? 'report_number'",
        )
    assert told[0][0] == told[0][1] == told[0][2] >= number
    return number, {(first, second): [one, other] for first, second, one, other in held}


def check_kill_switch(stack: Stack, desk: RestDesk, waits: list[Any]) -> None:
    """No pair enters from its event on, also not after a restart; positions may be left."""
    command = {"command_id": desk.command_id(), "scope": "firm", "scope_id": desk.firm_id}
    desk.send_until_answered("risk/controls/kill", command)
    wait_for("the kill switch on the path", lambda: is_blocked(desk), WAIT_SECONDS)
    engaged_at = time.time()
    time.sleep(3)
    bursts.kill_and_wait(stack, "gateway", waits)
    for thread in waits:
        thread.join()
    restarted_at = time.time()
    wait_for("the kill switch after the restart", lambda: is_blocked(desk, since=restarted_at), WAIT_SECONDS)
    time.sleep(5)
    with database(stack) as connection:
        entered = rows(
            connection,
            "SELECT order_id, decided_at FROM pairs_pairorder WHERE before = 'flat' AND decided_at > to_timestamp(%s)",
            engaged_at,
        )
    assert entered == []


def is_blocked(desk: RestDesk, since: float = 0.0) -> bool:
    shown = desk.get("pairs/live")
    return bool(
        shown and shown["at_ns"] > since * 1e9 and any("kill switch of firm" in each for each in shown["blocked_by"])
    )
