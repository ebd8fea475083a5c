"""The examples of the Python client, run as their README says, against the real processes."""

import contextlib
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


class Example:
    """A program of the examples at work; what it said is in a file."""

    def __init__(self, stack: Stack, folder: Path, example: str, firm: str, *arguments: str) -> None:
        key = stack.state_dir / "demo" / f"{firm}.json"
        environment = os.environ | {"PYTHONPATH": str(CLIENT), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, str(CLIENT / "examples" / f"{example}.py"), stack.url, str(key), *arguments]
        self._output = folder / f"{example}.txt"
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(command, env=environment, cwd=CLIENT, stdout=output, stderr=output)

    @property
    def said(self) -> str:
        return self._output.read_text()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(SECONDS_MAX)


def test_the_example_taker_buys_a_straddle_from_the_example_maker(stack: Stack, tmp_path: Path) -> None:
    trader = RestDesk(stack, "aurora")
    desks.wait_for("tickers of options", lambda: len(trader.get("market/tickers", coin="BTC")) > 100)
    with contextlib.ExitStack() as programs:
        programs.callback(trader.close)
        maker = Example(stack, tmp_path, "maker", "dune", "--seconds", str(SECONDS_MAX))
        programs.callback(maker.end)
        taker = Example(stack, tmp_path, "taker", "aurora", "--quantity", "1")
        programs.callback(taker.end)
        assert taker.process.wait(SECONDS_MAX) == 0, f"{taker.said}\nmaker: {maker.said}"
        found = re.search(r"rfq (\d+): filled at ([\d.]+)", taker.said)
        assert found, taker.said
        quoted = f"rfq {found[1]}, straddle: quoted as"
        desks.wait_for("the maker's word", lambda: quoted in maker.said, SECONDS_MAX)
        rfq = trader.get(f"rfqs/{found[1]}")
        assert (rfq["state"], rfq["structure"], rfq["traded_price"]) == ("filled", "straddle", found[2])
        assert taker.said.count("  buy 1 BTC-") == 2, taker.said
