"""The core's own tests, in C++, built with the address and undefined-behavior sanitizers."""

import shutil
import subprocess
from pathlib import Path

import pytest

CORE = Path(__file__).parents[3] / "core"
FLAGS = ["-std=c++20", "-O1", "-g0", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-pthread"]


def test_core_tests_pass_under_sanitizers(tmp_path: Path) -> None:
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("skipped, no C++ compiler")
    sources = sorted([*(CORE / "src").glob("*.cpp"), *(CORE / "tests").glob("*.cpp")])
    program = tmp_path / "core_tests"
    subprocess.run([compiler, *FLAGS, f"-I{CORE / 'include'}", *sources, "-o", program], check=True, timeout=280)
    result = subprocess.run([program], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ok   flat_map_agrees_with_a_map" in result.stdout
