"""Nanoseconds per event of the signal graph, beside recomputing the same numbers with NumPy after every event.

    python -m bench.signals [--events 400000] [--pairs 500] [--runs 5] [--quick]

The graph: pairs of instruments, each with log mid prices, spread and a z-score over a window. An event is a quote of
one instrument. The peer keeps the windows as arrays and recomputes the z-scores of the instrument's pairs from the
samples, as research code does; it is run on fewer events. Figures are medians of thread time.
"""

import argparse
import statistics
import time

import numpy as np

from strategies.signals import CompiledGraph, Graph

SYMBOLS = 250
WINDOW = 200
PEER_EVENTS = 2_000


def build(pairs: int) -> tuple[CompiledGraph, list[tuple[int, int]]]:
    graph = Graph()
    logs = [graph.mid(f"S{at}").log() for at in range(SYMBOLS)]
    legs = [(at % SYMBOLS, (at + 1 + at // SYMBOLS) % SYMBOLS) for at in range(pairs)]
    for at, (first, second) in enumerate(legs):
        logs[first].spread(logs[second], hedge=1.0).zscore(WINDOW).named(f"z{at}")
    return graph.compile(), legs


def make_events(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    rng = np.random.default_rng(1)
    instrument = rng.integers(0, SYMBOLS, count).astype(np.uint32)
    bid = 100.0 + np.cumsum(rng.normal(0.0, 0.001, count))
    sizes = np.full(count, 500.0)
    kinds = np.zeros(count, dtype=np.uint8)
    return np.arange(count, dtype=np.int64) * 1_000, instrument, kinds, (bid, bid + 0.02, sizes, sizes)


class Peer:
    """One array of samples per pair; the newest is written over the oldest."""

    def __init__(self, legs: list[tuple[int, int]]) -> None:
        self.legs = legs
        self.of_instrument: list[list[int]] = [[] for _ in range(SYMBOLS)]
        for pair, both in enumerate(legs):
            for instrument in both:
                self.of_instrument[instrument].append(pair)
        self.logs = np.full(SYMBOLS, np.nan)
        self.samples = np.full((len(legs), WINDOW), np.nan)
        self.counts = np.zeros(len(legs), dtype=int)
        self.values = np.full(len(legs), np.nan)

    def on_quote(self, instrument: int, bid: float, ask: float) -> None:
        self.logs[instrument] = np.log(0.5 * (bid + ask))
        for pair in self.of_instrument[instrument]:
            first, second = self.legs[pair]
            spread = self.logs[first] - self.logs[second]
            if np.isnan(spread):
                continue
            self.samples[pair, self.counts[pair] % WINDOW] = spread
            self.counts[pair] += 1
            if self.counts[pair] >= WINDOW:
                window = self.samples[pair]
                self.values[pair] = (spread - window.mean()) / window.std(ddof=1)


def row(name: str, nanoseconds: float, note: str = "") -> None:
    print(f"{name:<46}{nanoseconds:>12,.0f} ns {1e9 / nanoseconds:>14,.0f} /s  {note}")


def graph_ns(pairs: int, count: int) -> tuple[float, float]:
    """Thread nanoseconds per event and per node evaluated."""
    compiled, _ = build(pairs)
    events = make_events(count)
    start = time.thread_time_ns()
    compiled.run(*events, [])
    elapsed = time.thread_time_ns() - start
    return elapsed / count, elapsed / compiled.core.evaluations


def compare_with_peer(pairs: int, runs: int, ours: float) -> None:
    compiled, legs = build(pairs)
    warm_up = pairs * WINDOW // 3
    at_ns, instrument, kinds, columns = make_events(warm_up + PEER_EVENTS)
    times = []
    for _ in range(runs):
        peer = Peer(legs)
        quotes = list(zip(instrument.tolist(), columns[0].tolist(), columns[1].tolist(), strict=True))
        for quote in quotes[:warm_up]:
            peer.on_quote(*quote)
        start = time.thread_time_ns()
        for quote in quotes[warm_up:]:
            peer.on_quote(*quote)
        times.append((time.thread_time_ns() - start) / PEER_EVENTS)
    peer_ns = statistics.median(times)
    names = [f"z{at}" for at in range(pairs)]
    rows = compiled.run(at_ns, instrument, kinds, columns, names)
    row("peer: NumPy, recomputed after every event", peer_ns, f"the graph is {peer_ns / ours:.0f} times as fast")
    difference = np.nanmax(np.abs(rows[-1] - peer.values))
    both = int(np.isfinite(rows[-1]).sum())
    print(f"{'':46}largest difference of {both} z-scores at the end: {difference:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a quarter of the events, fewer runs")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.events, arguments.runs = arguments.events // 4, min(arguments.runs, 2)
    found = [graph_ns(arguments.pairs, arguments.events) for _ in range(arguments.runs)]
    event = statistics.median(each[0] for each in found)
    node = statistics.median(each[1] for each in found)
    row(f"a quote, {arguments.pairs} pairs of {SYMBOLS} instruments", event, f"{node:.1f} ns a node")
    compare_with_peer(arguments.pairs, 1 if arguments.quick else min(arguments.runs, 3), event)


if __name__ == "__main__":
    main()
