"""Frames of a JSON venue a second, from bytes to books of levels in the core, beside msgspec and a Python book.

    python -m bench.json [--frames 4000] [--runs 7] [--quick]

The workload is JSON (see docs): 767 bytes, a Binance depth update of 20 levels a side, from a seeded generator, around
a mid price that walks, on a book of 400 levels a side; quarter of the levels vanish. Means are of processor time, in
medians of the runs; the percentiles are of single frames with the clock's own reads. The floor looks at every byte
once and gathers digits. Recorded frames of three real streams are measured too where they are present.
"""

import argparse
import gzip
import os
import random
import statistics
import time
from pathlib import Path
from typing import Any

import msgspec
import parley_core

FRAME_BYTES = 767
LEVELS = 20
SYMBOL = "NKNUSDT"
TICKS_AROUND = 400
RECORDED = {
    "spot_btcusdt_20240808": ("BTCUSDT", "0.01", "0.00000001"),
    "spot_ethusdt_20240808": ("ETHUSDT", "0.01", "0.00000001"),
}
PEER_FRAMES_MAX = 2_000


class Delta(msgspec.Struct):
    """The peer's message: a depth update of Binance, typed."""

    e: str
    E: int
    s: str
    U: int
    u: int
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


def make_frames(seed: int, count: int) -> list[bytes]:
    """A snapshot and ``count`` deltas of exactly FRAME_BYTES bytes; the same for the same seed."""
    chance, mid, last = random.Random(seed), 5_000, 499_869_750
    sides = [[[f"0.{mid + sign * n:04d}", "1000"] for n in range(1, TICKS_AROUND + 1)] for sign in (-1, 1)]
    frames = [msgspec.json.encode({"lastUpdateId": last, "bids": sides[0], "asks": sides[1]})]
    for number in range(count):
        mid = min(8_000, max(2_000, mid + chance.choice((-1, 0, 0, 0, 1))))
        first, last = last + 1, last + chance.randint(1, 9)
        frames.append(make_delta(chance, 1_723_161_255_208 + 100 * number, mid, (first, last)))
    return frames


def make_delta(chance: random.Random, time_ms: int, mid: int, ids: tuple[int, int]) -> bytes:
    offsets = [[-n for n in range(1, LEVELS + 1)], list(range(1, LEVELS + 1))]
    prices = [[f"0.{mid + n:04d}".rstrip("0") for n in side] for side in offsets]
    gone = [[n > 2 and chance.random() < 1 / 4 for n in range(LEVELS)] for _ in prices]
    head = f'{{"e":"depthUpdate","E":{time_ms},"s":"{SYMBOL}","U":{ids[0]},"u":{ids[1]},"b":['
    bare = len(head) + len('],"a":[]}') + sum(len(f'["{p}",""]') for side in prices for p in side) + 2 * (LEVELS - 1)
    digits = FRAME_BYTES - bare - sum(map(sum, gone))
    kept = 2 * LEVELS - sum(map(sum, gone))
    widths = iter([digits // kept + (n < digits % kept) for n in range(kept)])
    texts = [
        ",".join(
            f'["{p}","{0 if is_gone else lots_of(chance, next(widths))}"]'
            for p, is_gone in zip(side, marks, strict=True)
        )
        for side, marks in zip(prices, gone, strict=True)
    ]
    frame = f'{head}{texts[0]}],"a":[{texts[1]}]}}'.encode()
    assert len(frame) == FRAME_BYTES, "the digits of the quantities fill the frame"
    return frame


def lots_of(chance: random.Random, width: int) -> int:
    return chance.randrange(10 ** (width - 1), 10**width)


def peer_ns(frames: list[bytes], *, is_applied: bool) -> float:
    """Processor nanoseconds a frame of msgspec into a typed struct and, if asked for, on into two dictionaries."""
    decoder = msgspec.json.Decoder(Delta)
    bids: dict[float, float] = {}
    asks: dict[float, float] = {}
    start = time.thread_time_ns()
    for frame in frames:
        delta = decoder.decode(frame)
        if not is_applied:
            continue
        for side, levels in ((bids, delta.b), (asks, delta.a)):
            for price, quantity in levels:
                if (size := float(quantity)) == 0:
                    side.pop(float(price), None)
                else:
                    side[float(price)] = size
    return (time.thread_time_ns() - start) / len(frames)


def from_python_ns(frames: list[bytes], symbol: str, sizes: tuple[str, str]) -> float:
    """Processor nanoseconds a frame of apply_frame, one call from Python each."""
    feed = parley_core.VenueFeed("binance_spot")
    slot = feed.list_instrument(symbol, *sizes)
    start = time.thread_time_ns()
    for frame in frames:
        feed.apply_frame(frame, 0, slot)
    elapsed = time.thread_time_ns() - start
    assert not feed.is_stale(slot), "the frames join"
    return elapsed / len(frames)


def row(name: str, nanoseconds: float, note: str = "") -> None:
    print(f"{name:<50}{nanoseconds:>10,.0f} ns {1e9 / nanoseconds:>13,.0f} /s  {note}")


def median_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: statistics.median(each[key] for each in runs) for key in runs[0]}


def measure_core(frames: list[bytes], symbol: str, sizes: tuple[str, str], runs: int) -> None:
    lines = b"\n".join(frames)
    names = {
        "scan": "floor: every byte once, digits gathered",
        "decode": "bytes to normalized updates",
        "books": "bytes to books: decoded, sequenced, applied",
    }
    size = len(lines) / len(frames)
    for what, name in names.items():
        result = median_of([parley_core.bench_frames(what, lines, symbol, *sizes) for _ in range(runs)])
        ns = result["ns_per_frame"]
        tail = f"p50 {result['p50_ns']:,.0f}, p99 {result['p99_ns']:,.0f}, p99.9 {result['p999_ns']:,.0f} ns"
        row(name, ns, f"{size / ns:.2f} GB/s; {tail}")
    ns = statistics.median(from_python_ns(frames, symbol, sizes) for _ in range(runs))
    row("the same, one call from Python a frame", ns)


def measure_peers(frames: list[bytes], runs: int) -> None:
    few = frames[1 : PEER_FRAMES_MAX + 1]
    row(
        "peer: msgspec to a typed struct, no book",
        statistics.median(peer_ns(few, is_applied=False) for _ in range(runs)),
    )
    row(
        "peer: msgspec, floats, two dictionaries", statistics.median(peer_ns(few, is_applied=True) for _ in range(runs))
    )


def read_recorded(name: str) -> list[bytes]:
    """The snapshot and the depth updates it joins, as recorded; empty where there are no recordings."""
    folder = Path(os.environ.get("PARLEY_DATA", Path(__file__).parents[2] / "shared" / "data"))
    path = folder / "binance_l2" / f"{name}.gz"
    if not path.is_file():
        return []
    frames = [line.split(b" ", 1)[1] for line in gzip.decompress(path.read_bytes()).splitlines()]
    snapshot = next(frame for frame in frames if frame.startswith(b'{"lastUpdateId"'))
    return [snapshot, *(frame for frame in frames if b'"depthUpdate"' in frame)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=4_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.frames, arguments.runs = arguments.frames // 10, min(arguments.runs, 3)
    frames = make_frames(1, arguments.frames)
    print(f"-- {len(frames) - 1:,} generated frames of {FRAME_BYTES} bytes")
    measure_core(frames, SYMBOL, ("0.0001", "1"), arguments.runs)
    measure_peers(frames, arguments.runs)
    for name, (symbol, tick, lot) in RECORDED.items():
        recorded = read_recorded(name)
        if not recorded:
            print(f"-- {name}: skipped, no recordings")
            continue
        size = sum(map(len, recorded)) / len(recorded)
        print(f"-- {name}: {len(recorded):,} recorded depth frames of {size:,.0f} bytes in the mean")
        measure_core(recorded, symbol, (tick, lot), arguments.runs)


if __name__ == "__main__":
    main()
