"""From the bytes of the feed to the bytes of an order: 500 pairs, every control of the gate in force.

    python -m bench.tick_to_order [--packets 400000] [--pairs 500] [--symbols 250] [--runs 5] [--quick]

Three clocks, never mixed. All read the processor's time-stamp counter, held against the steady clock:

1. a datagram in memory to both orders in memory: MoldUDP64, ITCH, books, signals, pairs, gate, OUCH, SoupBinTCP;
2. the datagram received by recv() to send() returned over TCP, loopback;
3. the peer's own clock from before it sends the datagram over UDP to after it has received the first order over TCP.

Floors run beside them: the same packets decoded and two orders encoded with nothing in between, a bare send(), bare
echoes. Only packets that led to orders count in the clocks. Orders are sent first and journaled beside (send_first); a
session that waits for its journal adds one fsync. The path is pinned to one core and the peer to the other.
"""

import argparse
import statistics

import parley_core

WINDOW = 200
SOCKET_PACKETS_MAX = 40_000

Quantiles = dict[str, float]


def row(name: str, runs: list[Quantiles], note: str = "") -> None:
    p50, p99, p999 = (statistics.median(run[key] for run in runs) for key in ("p50_ns", "p99_ns", "p999_ns"))
    count = min(int(run["count"]) for run in runs)
    if count == 0:
        message = f"{name.strip()}: a run took no sample, so there is nothing to report"
        raise RuntimeError(message)
    print(f"{name:<46}{p50:>10,.0f}{p99:>12,.0f}{p999:>14,.0f}{count:>10,}  {note}")


def measure_memory(pairs: "parley_core.BenchPairs", packets: int, runs: int) -> None:
    found = [pairs.run_ticks(packets // 2) for _ in range(runs)]
    row("1. bytes received to order bytes ready", [run["with_orders"] for run in found], "limit p50 500, p99.9 5,000")
    row("   after the bytes: counting them in every scope", [run["settling"] for run in found])
    row("   every packet, with orders or without", [run["all"] for run in found])
    row(
        "   floor: decode and two orders",
        [run["floor"] for run in found],
        f"clock itself {found[0]['clock_ns']:.0f} ns",
    )
    print(
        f"   {found[0]['messages']:,} messages, {found[0]['quotes']:,} quotes, {found[0]['orders']:,} orders a run, "
        f"{found[0]['quick_passes']:,} legs past the gate by its bounds"
    )


def measure_stages(pairs: "parley_core.BenchPairs", runs: int) -> None:
    found = [pairs.run_stages() for _ in range(runs)]
    decode, books, signals, whole = (
        statistics.median(run[key] for run in found) for key in ("decode_ns", "books_ns", "signals_ns", "all_ns")
    )
    print("thread time per packet, on average, of which few lead to orders:")
    for name, nanoseconds in (
        ("decode", decode),
        ("books", books - decode),
        ("framing, sequence, signals", signals - books),
        ("pairs, gate, orders, reports of fills", whole - signals),
    ):
        print(f"   {name:<43}{nanoseconds:>10,.0f} ns")


def times_floor(clock: Quantiles, floor: Quantiles) -> str:
    return f"{clock['p50_ns'] / floor['p50_ns']:.2f} times the floor"


def measure_sockets(pairs: "parley_core.BenchPairs", packets: int, runs: int) -> None:
    found = [pairs.run_sockets(packets) for _ in range(runs)]
    row(
        "2. recv() returned to send() returned, TCP",
        [run["sent"] for run in found],
        f"limit p50 5,000, {times_floor(found[0]['sent'], found[0]['send_floor'])}",
    )
    row("   of which until the bytes are ready", [run["ready"] for run in found])
    row("   floor: bare send() of two orders", [run["send_floor"] for run in found])
    row(
        "3. round trip: UDP in, TCP out",
        [run["round_trip"] for run in found],
        f"limit p50 12,000, {times_floor(found[0]['round_trip'], found[0]['tcp_floor'])}",
    )
    row("   floor: bare echo over TCP", [run["tcp_floor"] for run in found])
    row("   floor: bare echo over UDP", [run["udp_floor"] for run in found])
    if not all(run["is_pinned"] for run in found):
        print("   NOT PINNED: one core only, so path and peer wait for each other")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=400_000)
    parser.add_argument("--symbols", type=int, default=250)
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="fewer packets and runs")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.packets, arguments.runs = min(arguments.packets, 150_000), 2
    pairs = parley_core.BenchPairs(1, arguments.symbols, arguments.pairs, WINDOW, arguments.packets)
    print(f"{arguments.pairs} pairs of {arguments.symbols} symbols, {arguments.packets:,} packets, wall ns")
    print(f"{'':<46}{'p50':>10}{'p99':>12}{'p99.9':>14}{'samples':>10}")
    measure_memory(pairs, arguments.packets, arguments.runs)
    measure_sockets(pairs, min(arguments.packets // 2, SOCKET_PACKETS_MAX), arguments.runs)
    measure_stages(pairs, arguments.runs)


if __name__ == "__main__":
    main()
