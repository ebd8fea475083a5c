"""The stub of the compiled core is whole, typed, and says what everything is and in which unit."""

import ast
from pathlib import Path

import parley_core
import pytest

STUB = Path(parley_core.__file__).with_name("_core.pyi")
UNITS = (
    "count", "bytes", "ticks", "lots", "nanoseconds", " ns", "number", "slot", "fraction", "volatility", "price",
    "True", "decimal", "sequence", "no unit", "units", "milliseconds", "seconds", "basis points", "micro", "USD",
)  # fmt: skip
"""Words of which the docstring of a function of feeds must have one: what its numbers are counted in."""
FEEDS = ("VenueFeed", "TardisReader", "update_dtype", "bench_frames", "bench_nothing", "FrameRefused")


def has_numbers(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and any(word in ast.unparse(node) for word in ("int", "float"))


def names_a_unit(node: ast.FunctionDef | ast.ClassDef) -> bool:
    text = (ast.get_docstring(node) or "").lower()
    return any(unit.lower() in text for unit in UNITS)


def stub_tree() -> ast.Module:
    return ast.parse(STUB.read_text())


def public_definitions() -> list[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    found: list[tuple[str, ast.FunctionDef | ast.ClassDef]] = []
    for node in stub_tree().body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.append((node.name, node))
            if isinstance(node, ast.ClassDef):
                found += [
                    (f"{node.name}.{each.name}", each)
                    for each in node.body
                    if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")
                ]
    return found


def test_stub_names_what_the_module_has() -> None:
    in_stub = {name for name, _ in public_definitions() if "." not in name}
    in_module = {name for name in dir(parley_core._core) if not name.startswith("_")}  # noqa: SLF001  the compiled module
    assert in_stub == in_module


def test_every_public_name_of_the_module_has_a_docstring() -> None:
    assert [name for name, node in public_definitions() if "." not in name and not ast.get_docstring(node)] == []


@pytest.mark.parametrize("name", FEEDS)
def test_feeds_say_what_they_are_and_in_which_unit(name: str) -> None:
    parts = [(at, node) for at, node in public_definitions() if at == name or at.startswith(f"{name}.")]
    assert parts
    silent = [at for at, node in parts if not ast.get_docstring(node)]
    assert silent == []
    unitless = [at for at, node in parts if has_numbers(node) and not names_a_unit(node)]
    assert unitless == []


def test_every_function_of_the_stub_is_typed() -> None:
    untyped = [
        name
        for name, node in public_definitions()
        if isinstance(node, ast.FunctionDef)
        and (
            node.returns is None
            or any(each.annotation is None for each in [*node.args.args, *node.args.kwonlyargs] if each.arg != "self")
        )
    ]
    assert untyped == []


def test_arrays_of_feeds_are_numpy_arrays_for_the_type_checker() -> None:
    returns = {
        name: ast.unparse(node.returns)
        for name, node in public_definitions()
        if isinstance(node, ast.FunctionDef) and node.returns
    }
    assert returns["VenueFeed.decode"] == "numpy.typing.NDArray[numpy.void]"
    assert returns["update_dtype"] == "numpy.dtype[numpy.void]"
    assert "numpy.typing.NDArray[numpy.void]" in returns["TardisReader.read"]
