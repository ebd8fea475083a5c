"""ITCH messages per second: the bare walk, the decoder, and the books of all orders of 8,371 symbols.

    python -m bench.itch [--messages 30000000] [--runs 5] [--quick]

The workload is ours and seeded: A 45.2 %, D 40.2 %, U 8.8 %, E 1.9 %, I 1.6 %, X 1.0 %, F and P 0.6 % each, C 0.1 %, in
memory (about 31 bytes a message). Symbols are drawn evenly, and so is the order that a message touches among all that
rest, which is harder on the caches than a real day. Figures are medians of processor time on one thread.
"""

import argparse
import statistics

import parley_core

SYMBOLS = 8_371
RESTING_OF_MESSAGES = 0.0407
QUANTILE_MESSAGES_MAX = 3_000_000


def row(name: str, nanoseconds: float, note: str = "") -> None:
    print(f"{name:<44}{nanoseconds:>10.2f} ns {1e3 / nanoseconds:>9.1f} M/s  {note}")


def median_ns(runs: list[dict[str, float]]) -> float:
    return statistics.median(run["ns_per_message"] for run in runs)


def measure(messages: int, runs: int) -> None:
    feed = parley_core.BenchItchFeed(1, messages, SYMBOLS)
    orders_max = max(100_000, int(messages * RESTING_OF_MESSAGES * 1.2))
    print(f"{messages:,} messages, {len(feed):,} bytes, {SYMBOLS:,} symbols")
    row("floor: walk and sum one field, unchecked", median_ns([feed.run_floor() for _ in range(runs)]))
    decoded = [feed.run_decode() for _ in range(runs)]
    row("decode: lengths checked, every field read", median_ns(decoded))
    books = [feed.run_books(orders_max) for _ in range(runs)]
    note = f"{books[0]['orders']:,} orders rest at the end, {books[0]['flaws']} flaws"
    row("L3 books, looking ahead", median_ns(books), note)


def measure_single(messages: int) -> None:
    feed = parley_core.BenchItchFeed(1, messages, SYMBOLS)
    single = feed.run_books(max(100_000, messages // 10), singly=True)
    tail = f"p50 {single['p50_ns']} ns, p99 {single['p99_ns']} ns, p99.9 {single['p999_ns']} ns, clock included"
    row("L3 books, message by message, timed singly", single["ns_per_message"], tail)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=30_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.messages, arguments.runs = arguments.messages // 10, min(arguments.runs, 3)
    measure(arguments.messages, arguments.runs)
    measure_single(min(arguments.messages, QUANTILE_MESSAGES_MAX))


if __name__ == "__main__":
    main()
