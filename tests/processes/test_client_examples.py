"""The examples of the Python client, run as their README says, against the real processes."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal.supervisor.stack import Stack
from tests.processes import desk as desks
from tests.processes.conftest import NewState
from tests.processes.desk import RestDesk

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

CLIENT = Path(__file__).parents[2] / "clients" / "python"
SECONDS_MAX = 90


@pytest.fixture(scope="module")
def stack(new_state: NewState) -> Iterator[Stack]:
    with Stack(new_state("clients"), seed=5, without=("makers",)) as running:
        yield running


def start(stack: Stack, example: str, firm: str, *arguments: str) -> subprocess.Popen[str]:
    key = stack.state_dir / "demo" / f"{firm}.json"
    environment = os.environ | {"PYTHONPATH": str(CLIENT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(CLIENT / "examples" / f"{example}.py"), stack.url, str(key), *arguments]
    return subprocess.Popen(
        command, env=environment, cwd=CLIENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_the_example_taker_buys_a_straddle_from_the_example_maker(stack: Stack) -> None:
    trader = RestDesk(stack, "aurora")
    desks.wait_for("tickers of options", lambda: len(trader.get("market/tickers", coin="BTC")) > 100)
    maker = start(stack, "maker", "dune", "--seconds", str(SECONDS_MAX))
    taker = start(stack, "taker", "aurora", "--quantity", "1")
    try:
        said, _ = taker.communicate(timeout=SECONDS_MAX)
        assert taker.returncode == 0, said
        found = re.search(r"rfq (\d+): filled at ([\d.]+)", said)
        assert found, said
        rfq = trader.get(f"rfqs/{found[1]}")
        assert (rfq["state"], rfq["structure"], rfq["traded_price"]) == ("filled", "straddle", found[2])
        assert said.count("  buy 1 BTC-") == 2, said
    finally:
        maker.terminate()
        taker.kill()
        quoted, _ = maker.communicate(timeout=SECONDS_MAX)
        trader.close()
    assert f"rfq {found[1]}, straddle: quoted as" in quoted, quoted
