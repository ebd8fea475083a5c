"""Orders per second and nanoseconds per operation of the core, beside a plain Python book on the same commands.

    python -m bench.engine [--count 1000000] [--resting 1000] [--runs 5] [--folder DIR] [--quick]

The workload is LOB-1K (see docs): 12.8 % GTC, 1.8 % IOC, 7.3 % cancel, 70.8 % move, 7.3 % reduce. Figures are medians
of several runs. Book and engine count processor time, so that other work on the machine does not; the journal counts
wall time, fsync included, on the disk that holds --folder.
"""

import argparse
import heapq
import shutil
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import parley_core

SECOND = 10**9
NOW = 1_800_000_000 * SECOND
BUY = 0
GTC, IOC, CANCEL, MOVE, REDUCE = range(5)
PEER_COUNT_MAX = 200_000
PLACES_PER_READ = 1_000
RESTING = (1_000, 1_000_000)
PERCENTILES = (("p50", "p50_ns"), ("p99", "p99_ns"), ("p99.9", "p999_ns"))

Command = tuple[int, int, int, int, int, int]


class PythonBook:
    """The peer: a heap of prices and a deque of orders per price, as one writes it in an afternoon."""

    def __init__(self) -> None:
        self.levels: tuple[dict[int, deque[list[int]]], dict[int, deque[list[int]]]] = ({}, {})
        self.heaps: tuple[list[int], list[int]] = ([], [])
        self.orders: dict[int, list[int]] = {}
        self.trades = 0

    def apply(self, command: Command) -> None:
        kind, order, account, side, price, lots = command
        if kind in {GTC, IOC}:
            self.place(order, account, side, price, lots, may_rest=kind == GTC)
        elif order in self.orders:
            old = self.orders[order]
            if kind == REDUCE:
                old[1] -= lots if old[1] > lots else 0
            else:
                leaves, old[1] = old[1], 0
                del self.orders[order]
                if kind == MOVE:
                    self.place(order, account, side, price, leaves, may_rest=True)

    def best(self, side: int) -> deque[list[int]] | None:
        """The queue at the best price of a side; filled and canceled orders are thrown away on the way."""
        heap, levels = self.heaps[side], self.levels[side]
        while heap:
            price = -heap[0] if side == BUY else heap[0]
            queue = levels[price]
            while queue and not queue[0][1]:
                queue.popleft()
            if queue:
                return queue
            heapq.heappop(heap)
            del levels[price]
        return None

    def place(self, order: int, account: int, side: int, price: int, lots: int, *, may_rest: bool) -> None:
        sign = 1 if side == BUY else -1
        while lots and (queue := self.best(1 - side)) is not None and sign * (price - queue[0][2]) >= 0:
            old = queue[0]
            if old[3] == account:
                return
            traded = min(lots, old[1])
            lots -= traded
            old[1] -= traded
            self.trades += 1
            if not old[1]:
                del self.orders[old[0]]
        if lots and may_rest:
            entry = self.orders[order] = [order, lots, price, account]
            if price not in self.levels[side]:
                self.levels[side][price] = deque()
                heapq.heappush(self.heaps[side], -price if side == BUY else price)
            self.levels[side][price].append(entry)


def peer_ns(seed: int, count: int, resting: int) -> tuple[float, int]:
    """Nanoseconds of processor time per command of the Python book, and its trades."""
    commands = parley_core.bench_commands(seed, count, resting)
    book = PythonBook()
    for command in commands[:resting]:
        book.apply(command)
    start = time.thread_time_ns()
    for command in commands[resting:]:
        book.apply(command)
    return (time.thread_time_ns() - start) / count, book.trades


def open_engine(folder: Path, *, fsync: bool) -> parley_core.Engine:
    engine = parley_core.Engine(folder, fsync=fsync)
    engine.start()
    engine.list_instrument(NOW, 1, "BTC-PERPETUAL", b"{}", 0, 0, 10 * SECOND, SECOND // 2, 0, 10**6)
    engine.set_quotes(NOW, NOW, 1, 120_000, [], [])
    engine.set_limits(NOW, 1, 7, 1, 1, 10**9, 10**18, 10**12, 10**18, 10_000)
    engine.flush()
    return engine


def place(engine: parley_core.Engine, number: int) -> None:
    side = number & 1
    price = 120_000 + (50 if side else -50) + number % 37
    engine.place_order(NOW, number + 1, NOW, number, 7, 1, 1, 1, 1, side, 0, 0, 10, price)


def burst_ns(folder: Path, count: int, *, fsync: bool) -> float:
    """Wall nanoseconds per order from the first call to the last event drained, orders put in as fast as they go."""
    engine = open_engine(folder, fsync=fsync)
    engine.drain()
    start, number = time.perf_counter_ns(), 0
    while number < count:
        try:
            place(engine, number + 1)
            number += 1
        except parley_core.QueueFull:
            time.sleep(0.0005)
        if number % PLACES_PER_READ == 0:
            engine.drain(10**6)
    engine.flush(120)
    engine.drain(10**7)
    elapsed = time.perf_counter_ns() - start
    engine.stop()
    return elapsed / count


def round_trip_ns(folder: Path, count: int) -> list[int]:
    """Sorted wall nanoseconds from one call to its durable event, one order at a time."""
    engine = open_engine(folder, fsync=True)
    times = []
    for number in range(1, count + 1):
        start = time.perf_counter_ns()
        place(engine, number)
        engine.flush()
        engine.drain()
        times.append(time.perf_counter_ns() - start)
    engine.stop()
    return sorted(times)


def in_fresh_folder(parent: Path | None, measure: Callable[[Path], float]) -> float:
    folder = Path(tempfile.mkdtemp(prefix="parley-bench-", dir=parent))
    try:
        return measure(folder)
    finally:
        shutil.rmtree(folder)


def row(name: str, nanoseconds: float, note: str = "") -> None:
    print(f"{name:<44}{nanoseconds:>12,.0f} ns {1e9 / nanoseconds:>14,.0f} /s  {note}")


def measured(name: str, results: list[dict[str, Any]]) -> float:
    """Prints medians over the runs; the mean of a command comes back."""
    middle = {key: statistics.median(each[key] for each in results) for key in results[0]}
    single = ", ".join(f"{name} {middle[key]:.0f}" for name, key in PERCENTILES)
    row(name, middle["ns_per_command"], f"single: {single} ns, of it clock {middle['clock_ns']:.0f}")
    return float(middle["ns_per_command"])


def compare_books(count: int, resting: int, runs: int) -> None:
    seeds = range(1, runs + 1)
    floor = measured("floor: a bare ladder", [parley_core.bench_floor(seed, count, resting) for seed in seeds])
    measured(
        "book alone, one command at a time",
        [parley_core.bench_matching_singly(seed, count, resting) for seed in seeds],
    )
    book = measured(
        "book alone, looking ahead in a batch",
        [parley_core.bench_matching(seed, count, resting) for seed in seeds],
    )
    print(f"{'':44}the book takes {book / floor:.1f} times as long as the floor")
    measured(
        "engine",
        [parley_core.bench_engine(seed, count, resting) for seed in seeds],
    )
    print(f"{'':4}floor: links and lots in arrays, nothing checked; book: order id, price and time, all order types")
    print(f"{'':4}engine: record decoded, order id, limits and controls of the account, position, book, events;")
    print(f"{'':4}groups of 1,000 records as the journal's service applies them, without the journal")


def compare_peer(count: int, runs: int) -> None:
    resting = RESTING[0]
    small = min(count, PEER_COUNT_MAX)
    peers = [peer_ns(seed, small, resting) for seed in range(1, runs + 1)]
    peer = statistics.median(each[0] for each in peers)
    check = parley_core.bench_matching(1, small, resting)
    faster = f"the core's book is {peer / check['ns_per_command']:.0f} times as fast"
    row("peer: Python book without risk or events", peer, faster)
    print(f"{'':44}trades of both on the same {small:,} commands: {check['trades']} and {peers[0][1]}")


def measure_journal(parent: Path | None, count: int, runs: int) -> None:
    for fsync in (False, True):
        figures = [
            in_fresh_folder(parent, lambda folder, fsync=fsync: burst_ns(folder, count, fsync=fsync))
            for _ in range(runs)
        ]
        note = "burst from Python to drained events, wall time"
        row(f"through the journal, {'group fsync' if fsync else 'no fsync'}", statistics.median(figures), note)
    folder = Path(tempfile.mkdtemp(prefix="parley-bench-", dir=parent))
    times = round_trip_ns(folder, 2_000)
    shutil.rmtree(folder)
    row("one order at a time, durable, p50", times[len(times) // 2], f"p99 {times[len(times) * 99 // 100]:,} ns")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--resting", type=int, nargs="*", default=None, help="default: 1,000 and 1,000,000")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=None, help="where the journals go; default: temporary folder")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.count, arguments.runs = arguments.count // 10, min(arguments.runs, 3)
    for resting in arguments.resting or RESTING:
        print(f"-- {resting:,} resting orders")
        compare_books(arguments.count, resting, arguments.runs)
    compare_peer(arguments.count, arguments.runs)
    measure_journal(arguments.folder, min(arguments.count, PEER_COUNT_MAX), arguments.runs)


if __name__ == "__main__":
    main()
