"""The rules of style that a machine can check, as functions from a folder to the list of what breaks them."""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

FUNCTION_LINES_MAX = 50
SCRIPT_FUNCTION_LINES_MAX = 25
FILE_LINES_MAX = 400
SCRIPT_BYTES_MAX = 460_000
SCRIPT_FILE_BYTES_MAX = 16_000
STYLE_BYTES_MAX = 60_000
DJANGO_APPS = ("pairs", "compliance", "makers", "rfq", "orders", "risk", "settlement", "market", "accounts", "audit", "streams")
PACKAGES = (*DJANGO_APPS, "terminal", "common", "wire", "gateway", "strategies", "venues", "bench", "tests")

_NOQA = re.compile(r"#\s*noqa\b(?P<rest>.*)", re.IGNORECASE)
_NOQA_WITH_REASON = re.compile(r"^: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*\s+[-#(]*\s*(?![A-Z]+[0-9]+\b)\w")
_TYPE_IGNORE = re.compile(r"#\s*type:\s*ignore(?P<rest>.*)")
_TYPE_IGNORE_WITH_REASON = re.compile(r"^\[[a-z-]+(, ?[a-z-]+)*\]\s+[-#(]*\s*\w")
_SCRIPT_FUNCTION = re.compile(
    r"^\s*(export\s+)?(default\s+)?(static\s+)?(async\s+)?"
    r"(function\b[^{]*|(get\s+|set\s+|#)?[\w$]+\s*\([^;{}]*\)|(const|let)\s+[\w$]+\s*=\s*(async\s*)?[^;{}]*=>)\s*\{\s*$"
)
_SCRIPT_KEYWORDS = re.compile(r"^\s*(if|for|while|switch|catch|else|do|try|with)\b")
_SCRIPT_TEXT = re.compile(r"//.*|'(\\.|[^'\\])*'|\"(\\.|[^\"\\])*\"|`(\\.|[^`\\])*`|/\*.*?\*/")


def python_files(root: Path) -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def long_functions(root: Path) -> list[str]:
    """Functions of more than FUNCTION_LINES_MAX lines, decorators not counted."""
    found = []
    for path in python_files(root):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    found.append(f"{path.relative_to(root)}:{node.lineno} {node.name} has {lines} lines")
    return found


def long_script_functions(root: Path) -> list[str]:
    """JavaScript functions and methods of more than SCRIPT_FUNCTION_LINES_MAX lines."""
    found = []
    for path in sorted((root / "static" / "js").rglob("*.js")):
        lines = path.read_text().splitlines()
        for start, line in enumerate(lines):
            if _SCRIPT_FUNCTION.match(line) and not _SCRIPT_KEYWORDS.match(line):
                length = _block_length(lines, start)
                if length > SCRIPT_FUNCTION_LINES_MAX:
                    found.append(f"{path.relative_to(root)}:{start + 1} has {length} lines: {line.strip()}")
    return found


def long_files(root: Path) -> list[str]:
    scripts = sorted((root / "static").rglob("*.js"))
    lengths = {path: len(path.read_text().splitlines()) for path in itertools.chain(python_files(root), scripts)}
    return [
        f"{path.relative_to(root)} has {lines} lines" for path, lines in lengths.items() if lines > FILE_LINES_MAX
    ]


def silenced_without_reason(root: Path) -> list[str]:
    """``noqa`` and ``type: ignore`` need a code and a reason: ``# noqa: S105 - the demo's password is no secret``."""
    found = []
    for path in python_files(root):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if _is_silenced_without_reason(line):
                found.append(f"{path.relative_to(root)}:{number} {line.strip()}")
    return found


def foreign_models(root: Path) -> list[str]:
    """Imports of another app's models. For annotations alone, under ``if TYPE_CHECKING``, they are allowed."""
    found = []
    for app in (*DJANGO_APPS, "terminal"):
        for path in sorted((root / app).rglob("*.py")):
            tree = ast.parse(path.read_text())
            annotations_only = set(_type_checking_nodes(tree))
            for node in ast.walk(tree):
                other = None if node in annotations_only else _imported_models(node)
                if other and other != app:
                    found.append(f"{path.relative_to(root)}:{node.lineno} imports the models of {other}")
    return found


def clocks_in_domain(root: Path) -> list[str]:
    """The clock is an argument of every rule: nothing under ``domain/`` may ask for the time."""
    found = []
    for path in sorted(root.glob("*/domain/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("now", "now_ns", "utcnow", "time_ns", "today"):
                found.append(f"{path.relative_to(root)}:{node.lineno} asks for the time")
    return found


def heavy_static_files(root: Path) -> list[str]:
    """What a browser loads of ours: bounded in sum and in each script."""
    found = []
    for folder, ending, bytes_max in (("js", "*.js", SCRIPT_BYTES_MAX), ("css", "*.css", STYLE_BYTES_MAX)):
        sizes = {path: path.stat().st_size for path in (root / "static" / folder).rglob(ending)}
        if sum(sizes.values()) > bytes_max:
            found.append(f"static/{folder} has {sum(sizes.values())} bytes of at most {bytes_max}")
        if folder == "js":
            found += [
                f"{path.relative_to(root)} has {size} bytes"
                for path, size in sorted(sizes.items())
                if size > SCRIPT_FILE_BYTES_MAX
            ]
    return found


def inline_in_templates(root: Path) -> list[str]:
    """Scripts, handlers and styles written into a page, which the content security policy would refuse.

    The reports of a month and of a study are no pages of the terminal: each is one file that is opened from disk.
    """
    patterns = {
        "an inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*\btype=\"(importmap|application/json)\")", re.IGNORECASE),
        "an event handler": re.compile(r"<[^>{%]*\son[a-z]+\s*=", re.IGNORECASE),
        "an inline style": re.compile(r"<style(?![^>]*\bnonce=)|<[^>{%]*\sstyle\s*=", re.IGNORECASE),
        "something from outside": re.compile(r"(src|href)=[\"'](https?:)?//", re.IGNORECASE),
    }
    found = []
    for path in sorted((root / "templates").rglob("*.html")):
        if path.parent.name in {"rfq_study", "trading_month"}:
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            found += [
                f"{path.relative_to(root)}:{number} {what}" for what, pattern in patterns.items() if pattern.search(line)
            ]
    return found


def _is_silenced_without_reason(line: str) -> bool:
    pairs = ((_NOQA, _NOQA_WITH_REASON), (_TYPE_IGNORE, _TYPE_IGNORE_WITH_REASON))
    matches = ((silence.search(line), explained) for silence, explained in pairs)
    return any(match and not explained.match(match["rest"]) for match, explained in matches)


def _block_length(lines: list[str], start: int) -> int:
    depth = 0
    for offset, line in enumerate(lines[start:]):
        code = _SCRIPT_TEXT.sub("", line)
        depth += code.count("{") - code.count("}")
        if depth <= 0:
            return offset + 1
    return len(lines) - start


def _type_checking_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from itertools.chain.from_iterable(ast.walk(child) for child in node.body)


def _imported_models(node: ast.AST) -> str | None:
    """The app whose models ``node`` imports."""
    if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        package, _, module = node.module.partition(".")
        is_models = module.split(".")[0] == "models" or (not module and any(a.name == "models" for a in node.names))
        return package if is_models and package in DJANGO_APPS else None
    if isinstance(node, ast.Import):
        for alias in node.names:
            package, _, module = alias.name.partition(".")
            if package in DJANGO_APPS and module.split(".")[0] == "models":
                return package
    return None
