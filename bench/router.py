"""Nanoseconds of a routing decision over 4 books of 20 levels and 2 pools, beside a bare merge and HiGHS.

    python -m bench.router [--cases 256] [--rounds 40] [--runs 5] [--agreement 10000] [--quick]

A decision counts fees, gas, whole lots and minimum sizes and ends in exact integer amounts of both pools (one v2, one
v3 with several initialized ticks). The floor merges the levels of the books by price and does nothing else. The peer is
the mixed integer program of the tests, solved by scipy's HiGHS on the same cases. ``--agreement`` compares that many
random markets with HiGHS and prints the largest difference in basis points; it takes minutes.
"""

import argparse
import statistics
import time

import parley_core

from tests.unit.core import router_reference as reference

PEER_CASES = 20
BASIS_POINTS = 1e4


def row(name: str, nanoseconds: float, note: str = "") -> None:
    print(f"{name:<44}{nanoseconds:>12,.0f} ns {1e9 / nanoseconds:>14,.0f} /s  {note}")


def measure(states: list[reference.State], rounds: int, runs: int) -> float:
    cases = [(state.order(), state.inputs()) for state in states]
    results = [parley_core.bench_router(cases, rounds) for _ in range(runs)]
    middle = {key: statistics.median(each[key] for each in results) for key in results[0]}
    best = min(each["ns"] for each in results)
    tail = f"p50 {middle['p50_ns']:,} ns, p99 {middle['p99_ns']:,} ns, p99.9 {middle['p999_ns']:,} ns, clock included"
    row("decision: 4 books x 20 levels, 2 pools", middle["ns"], tail)
    print(f"{'':44}best run {best:,.0f} ns; {middle['solves']:.1f} convex problems a decision")
    ratio = middle["ns"] / middle["floor_ns"]
    row("floor: merge of the levels alone", middle["floor_ns"], f"{ratio:.1f} times the floor")
    return float(middle["ns"])


def measure_peer(states: list[reference.State], decision_ns: float) -> None:
    router, times, worst = parley_core.Router(), [], 0.0
    for state in states:
        decision = router.route(state.order(), state.inputs())
        program = reference.Program(state, decision.routed_units)
        start = time.thread_time_ns()
        best = program.solve()
        times.append(time.thread_time_ns() - start)
        if best is not None:
            worst = max(worst, gap_of(state, decision, best))
    peer = statistics.median(times)
    row("peer: HiGHS on the same problem", peer, f"{peer / decision_ns:,.0f} times as long; largest gap {worst:.4f} bp")


def gap_of(state: reference.State, decision: parley_core.RouteDecision, best: float) -> float:
    return (state.sign * decision.total - best) / abs(best) * BASIS_POINTS


def compare(count: int) -> None:
    """Every market is routed by both; what HiGHS calls impossible or leaves worse than ours is counted apart."""
    router, gaps, unsolved, unproven = parley_core.Router(), [], 0, 0
    for seed in range(count):
        state = reference.random_state(seed)
        decision = router.route(state.order(), state.inputs())
        unproven += not decision.is_proven
        best = reference.Program(state, decision.routed_units).solve() if decision.routed_units else 0.0
        if best is None:
            unsolved += 1
        else:
            gaps.append(gap_of(state, decision, best) if best else 0.0)
    gaps.sort()
    high = gaps[len(gaps) * 999 // 1000]
    print(
        f"{count:,} random markets: largest gap {gaps[-1]:.4f} bp, 99.9 % below {high:.4f} bp; "
        f"HiGHS worse than us by over 0.01 bp in {sum(gap < -0.01 for gap in gaps)}, without an answer in {unsolved}; "
        f"search cut short in {unproven}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--agreement", type=int, default=0, help="compare so many random markets with HiGHS, no timing")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    arguments = parser.parse_args()
    if arguments.agreement:
        compare(arguments.agreement)
        return
    if arguments.quick:
        arguments.cases, arguments.rounds, arguments.runs = 64, 16, 3
    states = [reference.book_and_pool_state(seed) for seed in range(arguments.cases)]
    decision_ns = measure(states, arguments.rounds, arguments.runs)
    measure_peer(states[:PEER_CASES], decision_ns)


if __name__ == "__main__":
    main()
