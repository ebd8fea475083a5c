"""The core's own tests, in C++, a moment of every fuzz target and some seeds of the simulator, with every assert.

`make check-core` runs the same under sanitizers. Any compiler will do: the fuzz targets run on a plain driver over
seeds and their random mutations.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

CORE = Path(__file__).parents[3] / "core"
FLAGS = ["-std=c++20", "-O1", "-g0", "-pthread"]
FUZZ_RUNS = 3_000
SEEDS = 50
SEEDS_REPEATED = 8
COMPILE_SECONDS_MAX = 600


class Builder:
    """Objects of the core, each compiled once, in a library of which a program takes what it needs."""

    def __init__(self, compiler: str, archiver: str, folder: Path) -> None:
        self._compiler, self._folder = compiler, folder
        self._core = folder / "libparley.a"
        objects = self.compile((CORE / "src").glob("*.cpp"))
        subprocess.run([archiver, "rcs", self._core, *objects], check=True, timeout=COMPILE_SECONDS_MAX)

    def compile(self, sources: Iterable[Path]) -> list[Path]:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return list(threads.map(self._compile_one, sources))

    def link(self, name: str, objects: list[Path]) -> Path:
        program = self._folder / name
        self._run([*FLAGS, *objects, self._core, "-o", program])
        return program

    def _compile_one(self, source: Path) -> Path:
        target = self._folder / f"{source.parent.name}_{source.stem}.o"
        self._run([*FLAGS, f"-I{CORE / 'include'}", "-c", source, "-o", target])
        return target

    def _run(self, arguments: list[str | Path]) -> None:
        subprocess.run([self._compiler, *arguments], check=True, timeout=COMPILE_SECONDS_MAX)


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    archiver = shutil.which("ar") or shutil.which("llvm-ar")
    if compiler is None or archiver is None:
        pytest.skip("skipped, no C++ compiler")
    return Builder(compiler, archiver, tmp_path_factory.mktemp("core"))


@pytest.mark.timeout(1800)
def test_core_tests_pass(builder: Builder) -> None:
    program = builder.link("core_tests", builder.compile((CORE / "tests").glob("*.cpp")))
    result = subprocess.run([program], capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ok   flat_map_agrees_with_a_map" in result.stdout


@pytest.mark.timeout(1800)
def test_fuzz_targets_hold_for_a_moment(builder: Builder, tmp_path: Path) -> None:
    targets = sorted((CORE / "fuzz").glob("fuzz_*.cpp"))
    assert len(targets) >= 3
    [driver, corpus, *objects] = builder.compile([CORE / "fuzz/driver.cpp", CORE / "fuzz/make_corpus.cpp", *targets])
    subprocess.run([builder.link("make_corpus", [corpus]), tmp_path], check=True, timeout=600)

    def hold(source: Path, compiled: Path) -> None:
        program = builder.link(source.stem, [driver, compiled])
        seeds = [tmp_path / source.stem, CORE / "fuzz/corpus" / source.stem]
        command = [program, f"-runs={FUZZ_RUNS}", *(folder for folder in seeds if folder.is_dir())]
        where = tmp_path / f"run-{source.stem}"
        where.mkdir()
        result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=where)
        assert result.returncode == 0, f"{source.stem}: {result.stdout}{result.stderr}"
        assert "Done " in result.stdout

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        assert len(list(threads.map(hold, targets, objects))) == len(targets)


@pytest.mark.timeout(1800)
def test_simulated_seeds_hold_and_reproduce(builder: Builder) -> None:
    program = builder.link("simulate", builder.compile((CORE / "sim").glob("*.cpp")))

    def simulate(seeds: int) -> "subprocess.CompletedProcess[str]":
        command = [program, "--seeds", str(seeds), "--jobs", str(os.cpu_count() or 1)]
        return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    many, first, second = simulate(SEEDS), simulate(SEEDS_REPEATED), simulate(SEEDS_REPEATED)
    assert many.returncode == 0, many.stdout + many.stderr
    assert "faults fired: 0" not in many.stdout
    assert digest_of(first.stdout) == digest_of(second.stdout), "the same seeds do the same"
    assert digest_of(first.stdout) != digest_of(many.stdout), "other seeds do something else"


def digest_of(report: str) -> str:
    [line] = [line for line in report.splitlines() if line.startswith("digest ")]
    return line
