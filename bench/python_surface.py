"""What the core costs from Python: single calls beside an empty one, and arrays of normalized updates.

    python -m bench.python_surface [--updates 1000000] [--runs 7] [--quick]

A call is compared with a nanobind function that returns its argument: the difference is ours. The arrays hold deltas of
20 levels on the books of 100 instruments, made beforehand; they are applied in batches of several sizes. The floors are
NumPy's sum of one column of the same array and its copy. Processor time, medians of the runs; percentiles of batches.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import parley_core
from numpy.typing import NDArray

INSTRUMENTS = 100
LEVELS_A_MESSAGE = 20
CALLS = 200_000
KIND_CLEAR = 3
FLAG_SNAPSHOT, FLAG_LAST = 1, 2
BATCHES = (1_000, 10_000, 100_000, 1_000_000)

Updates = NDArray[np.void]


def open_feed() -> parley_core.VenueFeed:
    feed = parley_core.VenueFeed("recorded")
    for number in range(INSTRUMENTS):
        feed.list_instrument(f"I{number}", "0.01", "1")
    snapshot = np.zeros(INSTRUMENTS * 3, dtype=parley_core.update_dtype())
    snapshot["instrument_slot"] = np.repeat(np.arange(INSTRUMENTS), 3)
    snapshot["kind"] = np.tile([KIND_CLEAR, 0, 0], INSTRUMENTS)
    snapshot["side"] = np.tile([0, 0, 1], INSTRUMENTS)
    snapshot["price_ticks"] = np.tile([0, 9_999, 10_001], INSTRUMENTS)
    snapshot["quantity_lots"] = np.tile([0, 1, 1], INSTRUMENTS)
    snapshot["flags"] = np.tile([FLAG_SNAPSHOT, FLAG_SNAPSHOT, FLAG_SNAPSHOT | FLAG_LAST], INSTRUMENTS)
    assert feed.apply_updates(snapshot) == len(snapshot), "every book is live"
    return feed


def make_updates(seed: int, count: int) -> Updates:
    """Whole messages of LEVELS_A_MESSAGE levels within 30 ticks of the middle, a tenth of them gone."""
    chance = np.random.default_rng(seed)
    messages = count // LEVELS_A_MESSAGE
    updates = np.zeros(messages * LEVELS_A_MESSAGE, dtype=parley_core.update_dtype())
    updates["instrument_slot"] = np.repeat(chance.integers(0, INSTRUMENTS, messages), LEVELS_A_MESSAGE)
    side = np.sort(chance.integers(0, 2, (messages, LEVELS_A_MESSAGE)), axis=1)
    away = np.sort(chance.integers(1, 31, (messages, LEVELS_A_MESSAGE)), axis=1)
    updates["side"] = side.ravel()
    updates["price_ticks"] = (10_000 + np.where(side == 0, -away, away)).ravel()
    updates["quantity_lots"] = np.where(chance.random(len(updates)) < 0.1, 0, chance.integers(1, 1_000, len(updates)))
    updates["flags"] = np.tile([*[0] * (LEVELS_A_MESSAGE - 1), FLAG_LAST], messages)
    return updates


def call_ns(call: Callable[[int], object], count: int) -> float:
    """Processor nanoseconds of one call with one argument, the loop included."""
    numbers = [0] * count
    start = time.thread_time_ns()
    for number in numbers:
        call(number)
    return (time.thread_time_ns() - start) / count


def batch_times(feed: parley_core.VenueFeed, updates: Updates, batch: int) -> tuple[float, list[int]]:
    """Processor nanoseconds an update, and sorted wall nanoseconds of each batch."""
    parts = [updates[at : at + batch] for at in range(0, len(updates), batch)]
    walls = []
    start = time.thread_time_ns()
    for part in parts:
        before = time.perf_counter_ns()
        taken = feed.apply_updates(part)
        walls.append(time.perf_counter_ns() - before)
        assert taken == len(part), "every update is taken"
    return (time.thread_time_ns() - start) / len(updates), sorted(walls)


def timed(work: Callable[[], Any], count: int) -> float:
    start = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - start) / count


def row(name: str, nanoseconds: float, note: str = "") -> None:
    print(f"{name:<50}{nanoseconds:>10,.1f} ns {1e9 / nanoseconds:>13,.0f} /s  {note}")


def measure_calls(feed: parley_core.VenueFeed, count: int, runs: int) -> None:
    calls: dict[str, Callable[[int], object]] = {
        "floor: an empty nanobind function": parley_core.bench_nothing,
        "VenueFeed.is_stale(slot)": feed.is_stale,
        "VenueFeed.last_sequence(slot)": feed.last_sequence,
        "VenueFeed.best(slot), a tuple of four": feed.best,
    }
    medians = {name: statistics.median(call_ns(call, count) for _ in range(runs)) for name, call in calls.items()}
    floor = next(iter(medians.values()))
    for name, nanoseconds in medians.items():
        row(name, nanoseconds, "" if nanoseconds == floor else f"{nanoseconds - floor:+.0f} ns over the floor")
    one = make_updates(2, LEVELS_A_MESSAGE)[-1:].copy()
    nanoseconds = statistics.median(call_ns(lambda _: feed.apply_updates(one), count) for _ in range(runs))
    row(
        "VenueFeed.apply_updates(array of 1), with a lambda",
        nanoseconds,
        f"{nanoseconds - floor:+.0f} ns over the floor",
    )


def measure_batches(feed: parley_core.VenueFeed, count: int, runs: int) -> None:
    updates = make_updates(1, count)
    column = updates["price_ticks"]
    row("floor: NumPy's sum of one column", statistics.median(timed(column.sum, len(updates)) for _ in range(runs)))
    row("floor: NumPy's copy of the array", statistics.median(timed(updates.copy, len(updates)) for _ in range(runs)))
    for batch in BATCHES:
        if batch > len(updates):
            continue
        results = [batch_times(feed, updates, batch) for _ in range(runs)]
        walls = sorted(wall for _, part in results for wall in part)
        p50, p99, p999 = (walls[min(len(walls) - 1, len(walls) * permille // 1_000)] for permille in (500, 990, 999))
        note = f"batch p50 {p50 / 1e3:,.0f}, p99 {p99 / 1e3:,.0f}, p99.9 {p999 / 1e3:,.0f} µs of wall time"
        row(f"apply_updates, batches of {batch:,}", statistics.median(each for each, _ in results), note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    arguments = parser.parse_args()
    calls = CALLS
    if arguments.quick:
        arguments.updates, arguments.runs, calls = arguments.updates // 10, min(arguments.runs, 3), CALLS // 10
    feed = open_feed()
    measure_calls(feed, calls, arguments.runs)
    measure_batches(feed, arguments.updates, arguments.runs)


if __name__ == "__main__":
    main()
