"""Tests that documents name as proofs are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPARISON = ROOT / "docs" / "rfq-comparison.md"


def missing(text: str) -> list[str]:
    """Names of tests without a file: those of the desk's own integration tests stand alone, others with their folder."""
    names = re.findall(r"`((?:[a-z_]+/)*test_[a-z_]+)`", text)
    assert names, "a comparison without a test proves nothing"
    places = [name.removeprefix("tests/") if "/" in name else f"integration/rfq/{name}" for name in names]
    return [place for place in places if not (ROOT / "tests" / f"{place}.py").is_file()]


def test_every_row_of_the_comparison_names_tests_that_are_there() -> None:
    text = COMPARISON.read_text()
    assert missing(text) == []
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")][1:]
    assert [row[1].strip() for row in rows if "`" not in row[3]] == [], "each row has its proof"
    assert missing("| a | b | `test_nowhere` |") == ["integration/rfq/test_nowhere"]
