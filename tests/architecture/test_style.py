"""Our tree keeps the rules, and each rule finds a fault that was planted for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import rules

ROOT = Path(__file__).parents[2]
RULES = [
    rules.long_functions,
    rules.long_script_functions,
    rules.long_files,
    rules.silenced_without_reason,
    rules.foreign_models,
    rules.clocks_in_domain,
    rules.heavy_static_files,
    rules.inline_in_templates,
]
LONG_BODY = "\n".join(f"    a = {number}" for number in range(rules.FUNCTION_LINES_MAX))
LONG_SCRIPT = "\n".join(f"  a({number});" for number in range(rules.SCRIPT_FUNCTION_LINES_MAX))
PLANTED = [
    (rules.long_functions, "orders/services.py", f"def place():\n{LONG_BODY}\n"),
    (rules.long_functions, "gateway/feed.py", f"class A:\n    async def b(self):\n{LONG_BODY.replace('    a', '        a')}\n"),
    (rules.long_script_functions, "static/js/a.js", f"export function a(b) {{\n{LONG_SCRIPT}\n}}\n"),
    (rules.long_script_functions, "static/js/a.js", f"class A {{\n  async draw(b, c) {{\n{LONG_SCRIPT}\n  }}\n}}\n"),
    (rules.long_files, "rfq/selectors.py", "a = 1\n" * (rules.FILE_LINES_MAX + 1)),
    (rules.silenced_without_reason, "risk/services.py", "import os  # no" + "qa\n"),
    (rules.silenced_without_reason, "risk/services.py", "import os  # no" + "qa: F401\n"),
    (rules.silenced_without_reason, "risk/services.py", "a = b  # type: " + "ignore\n"),
    (rules.silenced_without_reason, "risk/services.py", "a = b  # type: " + "ignore[attr-defined]\n"),
    (rules.foreign_models, "rfq/services.py", "from accounts.models import User\n"),
    (rules.foreign_models, "rfq/services.py", "from accounts import models\n"),
    (rules.foreign_models, "terminal/hub.py", "import streams.models\n"),
    (rules.clocks_in_domain, "rfq/domain/timers.py", "from common import clock\nnow = clock.now()\n"),
    (rules.heavy_static_files, "static/js/a.js", "a" * (rules.SCRIPT_FILE_BYTES_MAX + 1)),
    (rules.heavy_static_files, "static/css/a.css", "a" * (rules.STYLE_BYTES_MAX + 1)),
    (rules.inline_in_templates, "templates/a.html", "<script>alert(1)</script>\n"),
    (rules.inline_in_templates, "templates/a.html", '<button onclick="a()">a</button>\n'),
    (rules.inline_in_templates, "templates/a.html", '<p style="color: red">a</p>\n'),
    (rules.inline_in_templates, "templates/a.html", '<link href="//cdn.example/a.css">\n'),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_tree_keeps_the_rule(rule: Callable[[Path], list[str]]) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize(("rule", "path", "content"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_rule_finds_a_planted_fault(
    tmp_path: Path, rule: Callable[[Path], list[str]], path: str, content: str
) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(content)
    assert len(rule(tmp_path)) == 1


def test_explained_silence_and_annotations_pass(tmp_path: Path) -> None:
    file = tmp_path / "rfq" / "services.py"
    file.parent.mkdir()
    file.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from accounts.models import User\n"
        "import os  # no" + "qa: F401 - read by the tests\n"
        "a = b  # type: " + "ignore[attr-defined]  # the stubs lack it\n"
    )
    assert rules.foreign_models(tmp_path) == rules.silenced_without_reason(tmp_path) == []
