"""The example in docs/python-core.md runs as printed."""

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "python-core.md"


def test_example_builds_and_plots_a_recorded_book(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("plotly")
    if not (recordings / "binance_l2").is_dir():
        pytest.skip("skipped, no recordings")
    printed = re.search(r"```python\n(import gzip.*?)```", PAGE.read_text(), re.DOTALL)
    assert printed is not None
    names: dict[str, Any] = {}
    exec(printed[1].replace("../shared/data", str(recordings)), names)  # noqa: S102  our own page
    figure = names["figure"]
    assert [trace.name for trace in figure.data] == ["best bid", "best ask", "bids", "asks"]
    assert len(figure.data[0].x) > 3_000
    assert (figure.data[1].y > figure.data[0].y).all()
    assert "'gaps': 0" in capsys.readouterr().out
