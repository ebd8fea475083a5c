"""SIGKILL the gateway, the dispatcher and Valkey in the middle of a burst of orders (FAULTS.md S01, S02, S14).

Nothing acknowledged is lost, nothing is doubled, and books, database, blotter and journal agree within 30 s of the
restart.
"""

import threading
from collections.abc import Iterator

import pytest

from terminal.supervisor.stack import Stack
from tests.processes.conftest import NewState
from tests.processes.desk import RestDesk

bursts = pytest.importorskip("tests.processes.burst", exc_type=ImportError)

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

ORDERS = 1_000


@pytest.fixture
def desk(stack: Stack) -> Iterator[RestDesk]:
    trader = RestDesk(stack, "aurora")
    yield trader
    trader.close()


@pytest.fixture(scope="module")
def stack(new_state: NewState) -> Iterator[Stack]:
    with Stack(new_state("kills"), seed=11, without=("makers", "celery")) as running:
        yield running


def test_kill_gateway_dispatcher_and_valkey_in_a_burst_loses_and_doubles_nothing(stack: Stack, desk: RestDesk) -> None:
    waits: list[threading.Thread] = []
    kills = [
        (200, lambda: bursts.kill_and_wait(stack, "gateway", waits)),
        (450, lambda: bursts.kill_and_wait(stack, "dispatcher", waits)),
        (700, lambda: bursts.kill_and_wait(stack, "valkey", waits)),
    ]
    bursts.wait_for_market(desk)
    answers = bursts.send_burst(desk, ORDERS, kills)
    for thread in waits:
        thread.join()
    assert len(answers) == ORDERS
    assert len(waits) == len(kills)
    bursts.check_end(stack, desk, answers)
