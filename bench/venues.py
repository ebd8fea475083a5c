"""Recorded frames a second through a venue's adapter, from bytes to books, beside ccxt's own parser in the same run.

    python -m bench.venues [--frames 4000] [--runs 7] [--quick]

Needs the recordings of PARLEY_DATA. ``decoder``: the core's alone. ``adapter``: ``client.take`` of gateway/venues,
which also reads tickers and trades, counts and watches for gaps. ``ccxt``: its JSON reader and the handler of ccxt.pro
for books, which checks no sequence at Deribit. ``over ccxt``: that, and each book through gateway/venues/ccxt, which
does so 20 times a second at most. The ways take turns; processor time, median of the runs; the best prices of all books
must agree at the end.
"""

import argparse
import asyncio
import dataclasses
import statistics
import time
from collections.abc import Callable

from bench.venue_frames import DATA, Frames, Recording, recordings
from bench.venue_peers import Play, ccxt_plays, own_plays


@dataclasses.dataclass
class Result:
    """Nanoseconds of processor time a frame, by way."""

    recording: Recording
    medians: dict[str, float]


async def measure(recording: Recording, plays: dict[str, Play], runs: int) -> Result:
    """In a loop, as the gateway runs it."""
    took: dict[str, list[float]] = {way: [] for way in plays}
    tops: dict[str, object] = {}
    for _ in range(runs):
        for way, play in plays.items():
            take, top = play()
            took[way].append(spend(take, recording.frames))
            tops[way] = top()
            await asyncio.sleep(0)
    assert len({str(top) for top in tops.values()}) == 1, f"{recording.name}: books differ: {tops}"
    return Result(recording, {way: statistics.median(each) for way, each in took.items()})


def spend(take: Callable[[bytes], object], frames: Frames) -> float:
    began = time.process_time_ns()
    for frame in frames:
        take(frame)
    return (time.process_time_ns() - began) / len(frames)


def show(result: Result) -> None:
    frames, medians = result.recording.frames, result.medians
    size = sum(map(len, frames)) / len(frames)
    print(f"{result.recording.name}: {len(frames)} recorded frames of {size:.0f} bytes on average")
    for way, spent in medians.items():
        ratio = f"{medians['ccxt'] / spent:>8.1f} x ccxt" if "ccxt" in medians else ""
        print(f"  {way:10} {spent:>10,.0f} ns/frame {1e9 / spent:>10,.0f} frames/s {ratio}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=4_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    if not (DATA / "venue_frames").is_dir():
        print("skipped, no recordings")
        return
    has_peer = False
    for recording in recordings(500 if given.quick else given.frames):
        peers = ccxt_plays(recording)
        has_peer = has_peer or bool(peers)
        if plays := own_plays(recording) | peers:
            show(asyncio.run(measure(recording, plays, 2 if given.quick else given.runs)))
    if not has_peer:
        print("  ccxt is not installed: no peer")


if __name__ == "__main__":
    main()
