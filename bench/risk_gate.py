"""Nanoseconds of the risk gate with every control on, and of a market move that revalues ten thousand accounts.

    python -m bench.risk_gate [--orders 200000] [--options 200] [--runs 5] [--quick]

Medians of several runs, in processor time of the one thread; the percentiles are of single orders, the clock's own cost
taken off. The account has fifty working orders, and the marks move every 64 orders. The floor does only
what cannot be left out: it adds one scenario vector and takes the least (orders), or adds one scenario vector for each
position and stores the sums (market moves).
"""

import argparse
import statistics

import parley_core

PARTS = (("floor: add a scenario vector, least of 33", 0), ("gate alone, all controls, portfolio margin", 1),
         ("engine: decode, gate, rest, then cancel", 2))  # fmt: skip
SHARES = (10, 50, 100)
ACCOUNTS, POSITIONS = 10_000, 20
ORDERS_QUICK, ACCOUNTS_QUICK = 20_000, 1_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.risk_gate", description=__doc__)
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--options", type=int, default=200, help="options that the account holds")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="fewer orders and runs: that it works, not how fast")
    given = parser.parse_args()
    orders = ORDERS_QUICK if given.quick else given.orders
    runs = 1 if given.quick else given.runs
    _show_gate(orders, given.options, runs)
    _show_revaluation(ACCOUNTS_QUICK if given.quick else ACCOUNTS, runs)


def _show_gate(orders: int, options: int, runs: int) -> None:
    print(f"one account with {options} options, {orders:,} orders a run, {runs} runs")
    print(f"{'':44}{'ns/order':>10}{'orders/s':>12}{'p50':>8}{'p99':>8}{'p99.9':>8}{'refused':>9}")
    for name, part in PARTS:
        results = [parley_core.bench_risk_gate(seed + 1, orders, options, part) for seed in range(runs)]
        mean, p50, p99, p999, refused = (
            statistics.median(float(result[key]) for result in results)
            for key in ("ns", "p50_ns", "p99_ns", "p999_ns", "refused")
        )
        print(f"{name:44}{mean:>10.1f}{1e9 / mean:>12,.0f}{p50:>8.0f}{p99:>8.0f}{p999:>8.0f}{refused:>9.0f}")


def _show_revaluation(accounts: int, runs: int) -> None:
    print(f"\na market move over {accounts:,} accounts with {POSITIONS} options each, 33 scenarios, {runs} runs")
    print(f"{'moved':>8}{'positions':>12}{'sums ms':>10}{'floor ms':>10}{'ns/position':>13}{'then margins ms':>17}")
    for share in SHARES:
        results = [parley_core.bench_revalue(accounts, POSITIONS, share) for _ in range(runs)]
        positions, sums, floor, margins = (
            statistics.median(float(result[key]) for result in results)
            for key in ("positions", "ms", "floor_ms", "margins_ms")
        )
        each = sums * 1e6 / positions
        print(f"{share:>7}%{positions:>12,.0f}{sums:>10.2f}{floor:>10.2f}{each:>13.1f}{margins:>17.2f}")


if __name__ == "__main__":
    main()
