"""SIGKILL PostgreSQL in the middle of a burst of orders (FAULTS.md S12).

A client whose command got no answer does not know whether it was done, and sends it again under the same id. Nothing
acknowledged is lost, nothing is doubled, and books, database, blotter and journal agree within 30 s of the restart.
"""

import threading
from collections.abc import Iterator

import pytest

from terminal.supervisor.stack import Stack
from tests.processes.conftest import NewState
from tests.processes.desk import RestDesk

bursts = pytest.importorskip("tests.processes.burst", exc_type=ImportError)

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

ORDERS = 300
KILL_AFTER = 120


@pytest.fixture
def stack(new_state: NewState) -> Iterator[Stack]:
    with Stack(new_state("database_kill"), seed=12, without=("makers", "celery")) as running:
        yield running


def test_kill_postgres_in_a_burst_loses_and_doubles_nothing(stack: Stack) -> None:
    desk = RestDesk(stack, "aurora")
    waits: list[threading.Thread] = []
    try:
        bursts.wait_for_market(desk)
        kills = [(KILL_AFTER, lambda: bursts.kill_and_wait(stack, "postgres", waits))]
        answers = bursts.send_burst(desk, ORDERS, kills)
        for thread in waits:
            thread.join()
        assert len(answers) == ORDERS
        assert len(waits) == len(kills)
        bursts.check_end(stack, desk, answers)
    finally:
        desk.close()
