"""The front end's own rules: plain modules, nothing parsed from text, short functions, one direction of imports."""

import re
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "static" / "js"
FUNCTION_LINES_MAX = 25
FILE_LINES_MAX = 400
BYTES_MAX = 320_000
LAYERS = ("lib", "store", "feeds", "widgets", "pages")
"""Bottom up: a module imports from its own layer or from those before it."""
FORBIDDEN = {
    r"\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write": "markup from text",
    r"\beval\(|new Function\(": "code from text",
    r"https?://": "an address outside",
    r"\bconsole\.": "a forgotten message",
}
_START = re.compile(r"^(?P<indent> {0,2})(?:export )?(?:async )?(?:function )?(?:get |set |static )?[\w$]+\([^()]*(?:\([^()]*\)[^()]*)*\) \{$")

modules = sorted(SCRIPTS.rglob("*.js"))


def functions(text: str) -> list[tuple[str, int]]:
    """(first line, number of lines) of every function and method that stands on lines of its own."""
    found, lines = [], text.splitlines()
    for number, line in enumerate(lines):
        match = _START.match(line)
        if match and not line.strip().startswith(("if ", "for ", "while ", "switch ")):
            end = next(i for i in range(number, len(lines)) if lines[i] in (f"{match['indent']}}}", f"{match['indent']}}},"))
            found.append((line.strip(), end - number + 1))
    return found


def test_there_are_modules() -> None:
    assert len(modules) > 20
    assert len(functions((SCRIPTS / "feeds" / "socket.js").read_text())) > 10


@pytest.mark.parametrize("module", modules, ids=lambda path: str(path.relative_to(SCRIPTS)))
def test_functions_are_short(module: Path) -> None:
    text = module.read_text()
    assert [(name, lines) for name, lines in functions(text) if lines > FUNCTION_LINES_MAX] == []
    assert len(text.splitlines()) <= FILE_LINES_MAX


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


def test_all_modules_together_stay_small() -> None:
    assert sum(module.stat().st_size for module in modules) <= BYTES_MAX
