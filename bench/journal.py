"""Commands per second through the journal with fsync, and how long an acknowledgement takes, beside the bare disk.

    python -m bench.journal [--count 3000000] [--runs 3] [--folder DIR] [--quick]

The mix is LOB-1K; a move amends the price of an order, a reduce its quantity. One thread puts commands in, 64 at once,
the engine's own threads write, sync and apply them in groups, one thread drains the events. Latency runs from when a
command was due to when its acknowledgement could be read. As fast as they are taken, QUEUED commands may wait for the
engine, and whoever puts more in is held back: p99 is the time through that queue. At a fixed rate nobody is held back:
what builds up is in it. The floor writes the same bytes over zeros in groups of the same mean size with one fdatasync
each. Then where the time goes: of the engine thread by the wall, of each thread by the processor. Wall time, on the
disk that holds --folder, on as many cores as there are: the service has three threads, its load two more.
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
TABLE_RATE = 1_000_000
BATCH = 64
QUEUED = 4_096
QUEUED_AT_A_RATE = 65_536
PYTHON_COUNT = 200_000
LISTED_MS = 1e6
THREADS = ("engine", "syncer", "keeper")
STAGES = {
    "idle": "engine thread: waits for input",
    "write": "engine thread: stamp, CRC-32C, copy to the page cache",
    "wait": "engine thread: waits for the sync of the group before",
    "apply": "engine thread: applies",
    "release": "engine thread: releases events, wakes the reader",
    "snapshot": "engine thread: copies the state for a snapshot",
    "sync": "syncer: fdatasync, look for another epoch, mark",
}


def in_fresh_folder(parent: Path | None, measure: Callable[[Path], Any]) -> Any:
    folder = Path(tempfile.mkdtemp(prefix="parley-bench-", dir=parent))
    try:
        return measure(folder)
    finally:
        shutil.rmtree(folder)


def thread_cpu_ns() -> dict[str, int]:
    """Processor time so far of the service's threads."""
    spent = {}
    for task in Path("/proc/self/task").iterdir():
        name = (task / "comm").read_text().strip()
        if name in THREADS:
            spent[name] = int((task / "schedstat").read_text().split()[0])
    return spent


def run(folder: Path, count: int, rate: float) -> dict[str, Any]:
    engine = parley_core.Engine(folder, queue_capacity=QUEUED_AT_A_RATE if rate else QUEUED)
    engine.start()
    figures = dict(parley_core.bench_journal(engine, 1, count, BATCH, rate))
    figures["cpu"] = thread_cpu_ns()
    live = engine.state_hash()
    engine.stop()
    assert parley_core.replay(folder)[0] == live, "the replay of what was journaled gives another state"
    return figures


def median_run(parent: Path | None, count: int, rate: float, runs: int) -> dict[str, Any]:
    """The run of median throughput at full speed, of median p99 at a rate."""
    figures: list[dict[str, Any]] = [
        in_fresh_folder(parent, lambda folder: run(folder, count, rate)) for _ in range(runs)
    ]
    figures.sort(key=lambda each: each["p99_ns"] if rate else each["seconds"])
    return figures[len(figures) // 2]


def show(name: str, figures: dict[str, Any]) -> None:
    per_second = figures["commands"] / figures["seconds"]
    print(
        f"{name:<34}{1e9 / per_second:>8,.0f} ns {per_second:>12,.0f} /s   p50 {figures['p50_ns'] / LISTED_MS:.2f}"
        f"  p99 {figures['p99_ns'] / LISTED_MS:.2f}  p99.9 {figures['p999_ns'] / LISTED_MS:.2f}"
        f"  most {figures['most_ns'] / LISTED_MS:.2f} ms   {figures['commands'] / figures['groups']:,.0f} a group"
    )


def show_floor(parent: Path | None, figures: dict[str, Any], runs: int) -> None:
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


def show_parts(figures: dict[str, Any]) -> None:
    """Where each microsecond goes: wall time of the steps, processor time of the threads, of one command."""
    count = figures["commands"]
    print(f"of a command at {TABLE_RATE:,} /s, wall time (and the longest turn):")
    for stage, what in STAGES.items():
        total, most = figures["stages"][stage]
        print(f"  {what:<56}{total / count:>6,.0f} ns   {most / LISTED_MS:>7.2f} ms")
    spent = {
        "producer": figures["producer_cpu_ns"],
        **{name: figures["cpu"].get(name, 0) for name in THREADS},
        "consumer": figures["consumer_cpu_ns"],
    }
    shares = "  ".join(f"{name} {nanoseconds / count:,.0f}" for name, nanoseconds in spent.items())
    print(f"  processor time by thread: {shares}; {sum(spent.values()) / count:,.0f} ns together")


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
    show(f"as fast as taken, {QUEUED:,} queued", full)
    show_floor(arguments.folder, full, arguments.runs)
    at_rates = {}
    for rate in RATES:
        at_rates[rate] = median_run(arguments.folder, int(rate * seconds), rate, arguments.runs)
        show(f"offered {rate:,} /s", at_rates[rate])
    show_parts(at_rates[TABLE_RATE])
    python = [
        in_fresh_folder(arguments.folder, lambda folder: burst_ns(folder, PYTHON_COUNT, fsync=True))
        for _ in range(arguments.runs)
    ]
    nanoseconds = statistics.median(python)
    print(f"{'from Python, one call an order':<34}{nanoseconds:>8,.0f} ns {1e9 / nanoseconds:>12,.0f} /s")


if __name__ == "__main__":
    main()
