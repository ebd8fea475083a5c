"""The front end's own rules: plain modules, nothing parsed from text, one direction of imports. Lengths are in ``rules``."""

import re
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "static" / "js"
LAYERS = ("lib", "store", "feeds", "widgets", "pages")
"""Bottom up: a module imports from its own layer or from those before it."""
FORBIDDEN = {
    r"\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write": "markup from text",
    r"\beval\(|new Function\(": "code from text",
    r"https?://": "an address outside",
    r"\bconsole\.": "a forgotten message",
}

modules = sorted(SCRIPTS.rglob("*.js"))


def test_there_are_modules() -> None:
    assert len(modules) > 20


@pytest.mark.parametrize("module", modules, ids=lambda path: str(path.relative_to(SCRIPTS)))
def test_imports_are_relative_and_point_one_way(module: Path) -> None:
    layer = LAYERS.index(module.parent.name)
    for target in re.findall(r"^(?:import|export) .*?from \"([^\"]+)\"|^import \"([^\"]+)\"", module.read_text(), re.MULTILINE):
        path = next(part for part in target if part)
        assert path.startswith(("./", "../")), path
        imported = (module.parent / path).resolve()
        assert imported.is_file(), path
        assert LAYERS.index(imported.parent.name) <= layer, f"{path} is above {module.name}"


@pytest.mark.parametrize("module", modules, ids=lambda path: str(path.relative_to(SCRIPTS)))
def test_nothing_is_made_from_text(module: Path) -> None:
    text = module.read_text()
    assert [why for pattern, why in FORBIDDEN.items() if re.search(pattern, text)] == []
