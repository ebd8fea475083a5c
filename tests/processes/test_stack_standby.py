"""``manage.py up --standby``: the active gateway is killed in a burst, the other goes on, and then the other way round.

Nothing acknowledged is lost, nothing is doubled, and books, database, blotter and journal agree at the end.
"""

import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal.supervisor.stack import Stack
from tests.processes import desk as desks
from tests.processes.conftest import NewState
from tests.processes.desk import RestDesk

bursts = pytest.importorskip("tests.processes.burst", exc_type=ImportError)

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

ORDERS = 400
TOOK_OVER = re.compile(r"standby: took over in \d+ ms")


@pytest.fixture
def desk(stack: Stack) -> Iterator[RestDesk]:
    trader = RestDesk(stack, "aurora")
    yield trader
    trader.close()


@pytest.fixture(scope="module")
def stack(new_state: NewState) -> Iterator[Stack]:
    with Stack(new_state("standby"), seed=11, without=("makers", "celery"), standby=True) as running:
        yield running


def log_of(stack: Stack, name: str) -> Path:
    return stack.state_dir / "logs" / f"{name}.log"


def takeovers(stack: Stack, name: str) -> int:
    return len(TOOK_OVER.findall(log_of(stack, name).read_text()))


def wait_following(stack: Stack, name: str, times: int) -> None:
    """Until the process follows the journal for the ``times``-th time."""
    desks.wait_for(f"{name} to follow", lambda: log_of(stack, name).read_text().count("standby: following") >= times)


def test_kill_of_the_active_gateway_leaves_the_desk_open_on_the_standby(stack: Stack, desk: RestDesk) -> None:
    waits: list[threading.Thread] = []
    bursts.wait_for_market(desk)
    wait_following(stack, "standby", 1)
    active_before = {name: takeovers(stack, name) for name in ("gateway", "standby")}
    assert active_before == {"gateway": 1, "standby": 0}

    answers = bursts.send_burst(desk, ORDERS, [(ORDERS // 3, lambda: bursts.kill_and_wait(stack, "gateway", waits))])
    desks.wait_for("the standby to take over", lambda: takeovers(stack, "standby") == 1)
    wait_following(stack, "gateway", 2)
    answers |= bursts.send_burst(desk, ORDERS, [(ORDERS // 3, lambda: bursts.kill_and_wait(stack, "standby", waits))])
    desks.wait_for("the first to take over again", lambda: takeovers(stack, "gateway") == 2)

    for thread in waits:
        thread.join()
    for name in ("standby", "gateway"):
        sys.stdout.write(TOOK_OVER.findall(log_of(stack, name).read_text())[-1] + f" ({name})\n")
    assert len(answers) == 2 * ORDERS
    bursts.check_end(stack, desk, answers)
