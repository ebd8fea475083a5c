"""The planted bugs of the simulator change texts of the sources: each must still be there, once."""

import importlib.util
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).parents[3] / "core"


def _bugs():
    spec = importlib.util.spec_from_file_location("plant", CORE / "sim" / "plant.py")
    module = sys.modules["plant"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.BUGS


@pytest.mark.parametrize("bug", _bugs(), ids=lambda bug: bug.name)
def test_a_planted_bug_can_be_planted(bug):
    for file, text, replacement in bug.changes:
        assert (CORE / file).read_text().count(text) == 1, (file, text)
        assert text != replacement
        assert file.endswith(".cpp"), "only sources are compiled anew: a header would be planted nowhere"
