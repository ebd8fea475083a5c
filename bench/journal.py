"""Commands per second through the journal with fsync, and how long an acknowledgement takes, beside the bare disk.

    python -m bench.journal [--count 3000000] [--runs 3] [--folder DIR] [--quick]

The mix is LOB-1K with a move as two commands (cancel, order). One thread puts commands in, 64 at once, the engine's own
threads write, sync and apply them in groups, one thread drains the events. Latency runs from when a command was due to
when its acknowledgement could be read; at a fixed rate a queue that builds up is in it. The floor writes the same bytes
over zeros in groups of the same mean size with one fdatasync each. Wall time, on the disk that holds --folder.
"""

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import parley_core

from bench.engine import burst_ns

RATES = (250_000, 500_000, 1_000_000, 1_250_000)
SECONDS_AT_A_RATE = 3
BATCH = 64
PYTHON_COUNT = 200_000
LISTED_MS = 1e6


def in_fresh_folder(parent: Path | None, measure: Callable[[Path], Any]) -> Any:
    folder = Path(tempfile.mkdtemp(prefix="parley-bench-", dir=parent))
    try:
        return measure(folder)
    finally:
        shutil.rmtree(folder)


def run(folder: Path, count: int, rate: float) -> dict[str, float]:
    engine = parley_core.Engine(folder, queue_capacity=65_536)
    engine.start()
    figures = parley_core.bench_journal(engine, 1, count, BATCH, rate)
    live = engine.state_hash()
    engine.stop()
    assert parley_core.replay(folder)[0] == live, "the replay of what was journaled gives another state"
    return dict(figures)


def median_run(parent: Path | None, count: int, rate: float, runs: int) -> dict[str, float]:
    """The run of median throughput at full speed, of median p99 at a rate."""
    figures: list[dict[str, float]] = [
        in_fresh_folder(parent, lambda folder: run(folder, count, rate)) for _ in range(runs)
    ]
    figures.sort(key=lambda each: each["p99_ns"] if rate else each["seconds"])
    return figures[len(figures) // 2]


def show(name: str, figures: dict[str, float]) -> None:
    per_second = figures["commands"] / figures["seconds"]
    print(
        f"{name:<34}{1e9 / per_second:>8,.0f} ns {per_second:>12,.0f} /s   p50 {figures['p50_ns'] / LISTED_MS:.2f}"
        f"  p99 {figures['p99_ns'] / LISTED_MS:.2f}  p99.9 {figures['p999_ns'] / LISTED_MS:.2f}"
        f"  most {figures['most_ns'] / LISTED_MS:.2f} ms   {figures['commands'] / figures['groups']:,.0f} a group"
    )


def show_floor(parent: Path | None, figures: dict[str, float], runs: int) -> None:
    group = round(figures["bytes"] / figures["groups"])
    floors = [
        in_fresh_folder(parent, lambda folder: parley_core.bench_journal_floor(folder, int(figures["bytes"]), group))
        for _ in range(runs)
    ]
    seconds, p50, p99 = sorted(floors)[len(floors) // 2]
    print(
        f"{'floor: write and fdatasync alone':<34}{seconds / figures['commands'] * 1e9:>8,.0f} ns"
        f" {figures['commands'] / seconds:>12,.0f} /s   p50 {p50 / LISTED_MS:.2f}  p99 {p99 / LISTED_MS:.2f} ms"
        f" a group of {group:,} bytes; {figures['bytes'] / seconds / 1e6:,.0f} MB/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where the journals go; default: temporary folder")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, once")
    arguments = parser.parse_args()
    seconds: float = SECONDS_AT_A_RATE
    if arguments.quick:
        arguments.count, arguments.runs, seconds = arguments.count // 10, 1, SECONDS_AT_A_RATE / 10
    full = median_run(arguments.folder, arguments.count, 0, arguments.runs)
    show("as fast as they are taken", full)
    show_floor(arguments.folder, full, arguments.runs)
    for rate in RATES:
        show(f"offered {rate:,} /s", median_run(arguments.folder, int(rate * seconds), rate, arguments.runs))
    python = [
        in_fresh_folder(arguments.folder, lambda folder: burst_ns(folder, PYTHON_COUNT, fsync=True))
        for _ in range(arguments.runs)
    ]
    nanoseconds = statistics.median(python)
    print(f"{'from Python, one call an order':<34}{nanoseconds:>8,.0f} ns {1e9 / nanoseconds:>12,.0f} /s")


if __name__ == "__main__":
    main()
