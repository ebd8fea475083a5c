"""Every algorithm on the recorded book and trades of Binance BTCUSDT: how it kept its schedule, and what it cost.

``python -m bench algos [--svg FILE]`` prints the table of docs/algos.md; ``--svg`` draws what was traded by when.
"""

import argparse
import gzip
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec
import parley_core

from orders.domain.volumes import cut
from strategies.algos import Levels, scheduled_lots
from strategies.algos.paper import Fill, Paper
from wire.algos import ALGORITHMS, AlgoName
from wire.gateway_algos import AlgoTerms
from wire.units import NANOSECONDS_PER_SECOND, PegReference, Side

DATA = Path(os.environ.get("PARLEY_DATA", Path(__file__).parents[2] / "shared" / "data"))
SYMBOL, TICK, LOT = "BTCUSDT", "0.01", "0.00000001"
LEVELS = 10
TICK_NS = NANOSECONDS_PER_SECOND // 4
WARM_UP_NS = 106 * NANOSECONDS_PER_SECOND
"""What the volume curve is measured of; the algorithms begin after it."""
DURATION_NS = 230 * NANOSECONDS_PER_SECOND
MINUTE_NS = 60 * NANOSECONDS_PER_SECOND
CURVE_PARTS_A_MINUTE = 6
QUANTITY = Decimal(2)
"""BTC to buy: some percent of what trades meanwhile."""


@dataclass(frozen=True, slots=True)
class Trade:
    price_ticks: int
    lots: int
    aggressor: Side


Moment = tuple[int, Levels | Trade]


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    paper: Paper
    deviations: list[float]
    """|traded - scheduled| over the quantity, every quarter of a second while it worked."""


def read_moments() -> Iterator[Moment]:
    """(receive time, book or trade) in their order, from the first book on. Raises OSError without the recording."""
    feed = parley_core.VenueFeed("binance_spot")
    feed.list_instrument(SYMBOL, TICK, LOT)
    with gzip.open(DATA / "binance_l2" / "spot_btcusdt_20240808.gz", "rb") as lines:
        for line in lines:
            head, _, frame = line.partition(b" ")
            at_ns = int(head)
            if b'"e":"trade"' in frame:
                yield at_ns, _trade(frame)
                continue
            feed.apply_frame(frame.strip(), at_ns, 0)
            if feed.state(0) == "live" and b'"e":"depthUpdate"' in frame:
                yield at_ns, _levels(feed)


def volume_curve(moments: list[Moment], count: int) -> tuple[int, ...]:
    """Volumes of equal parts of the time that the algorithms work in, by the part of the minute in which trades fell
    before they began: each part of a minute by its own time, for the last minute before is not whole.
    """
    first_ns, start_ns = moments[0][0], moments[0][0] + WARM_UP_NS
    part_ns, lots, seen_ns = MINUTE_NS // CURVE_PARTS_A_MINUTE, [0] * CURVE_PARTS_A_MINUTE, [0] * CURVE_PARTS_A_MINUTE
    for at_ns in range(first_ns, start_ns, NANOSECONDS_PER_SECOND):
        seen_ns[at_ns % MINUTE_NS // part_ns] += NANOSECONDS_PER_SECOND
    for at_ns, moment in moments:
        if isinstance(moment, Trade) and at_ns < start_ns:
            lots[at_ns % MINUTE_NS // part_ns] += moment.lots
    rates = [MINUTE_NS * done // seen if seen else 0 for done, seen in zip(lots, seen_ns, strict=True)]
    return cut(rates, period_ns=MINUTE_NS, start_ns=start_ns, duration_ns=DURATION_NS, count=count)


def make_terms(algo: AlgoName, curve: tuple[int, ...], mid_ticks: int) -> AlgoTerms:
    """The same quantity and time for each; a sniper waits for two dollars below the mid at the start."""
    return AlgoTerms(
        algo=algo,
        side=Side.BUY,
        quantity_lots=int(QUANTITY / Decimal(LOT)),
        duration_ns=DURATION_NS,
        slice_ns=10 * NANOSECONDS_PER_SECOND,
        participation_basis_points=500,
        volume_curve=curve,
        urgency_milli=2_000,
        display_lots=20_000_000,
        peg_reference=PegReference.PRIMARY,
        peg_offset_ticks=0,
        trigger_ticks=mid_ticks - 200,
        limit_ticks=0,
        max_participation_basis_points=0,
        max_child_lots=0,
    )


def run(algo: AlgoName, moments: list[Moment], curve: tuple[int, ...]) -> Result:
    """One algorithm over the whole recording."""
    start_ns = moments[0][0] + WARM_UP_NS
    before = [moment for at_ns, moment in moments if at_ns <= start_ns and isinstance(moment, Levels)]
    levels = before[-1]
    paper = Paper(make_terms(algo, curve, levels.mid_half_ticks // 2), levels, start_ns)
    deviations: list[float] = []
    next_ns = start_ns
    for at_ns, moment in moments:
        if at_ns <= start_ns:
            continue
        while next_ns < at_ns and not paper.state.is_ended:
            paper.on_time(next_ns)
            deviations.append(_deviation(paper, next_ns))
            next_ns += TICK_NS
        if isinstance(moment, Trade):
            paper.on_trade(at_ns, moment.price_ticks, moment.lots, moment.aggressor)
        else:
            paper.on_book(moment)
    return Result(algo.value, paper, deviations if paper.state.plan else [])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.algos", description=__doc__)
    parser.add_argument("--svg", type=Path, help="draw what was traded by when")
    parser.add_argument("--quick", action="store_true", help="two algorithms only")
    given = parser.parse_args()
    if not (DATA / "binance_l2").is_dir():
        print("skipped, no recordings")
        return
    moments = list(read_moments())
    curve = volume_curve(moments, DURATION_NS // (10 * NANOSECONDS_PER_SECOND))
    algos = list(ALGORITHMS[:2] if given.quick else ALGORITHMS)
    results = [run(algo, moments, curve) for algo in algos]
    for line in table(results):
        print(line)
    if given.svg:
        given.svg.write_text(draw(results))


def table(results: list[Result]) -> Iterator[str]:
    """Markdown."""
    yield (
        "| algorithm | filled | deviation, mean | deviation, largest | participation | at rest | children |"
        " against arrival | against market VWAP |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for result in results:
        yield f"| {result.name} | " + " | ".join(_figures(result)) + " |"


def _figures(result: Result) -> list[str]:
    state, fills = result.paper.state, result.paper.fills
    done = state.executed_lots
    rested = sum(fill.lots for fill in fills if fill.is_passive)
    average = state.executed_tick_lots / done if done else math.nan
    market = state.market_tick_lots / state.market_lots if state.market_lots else math.nan
    mean = sum(result.deviations) / len(result.deviations) if result.deviations else math.nan
    return [
        f"{done / state.terms.quantity_lots:.1%}",
        _share(mean),
        _share(max(result.deviations, default=math.nan)),
        f"{done / (done + state.market_lots):.1%}",
        _share(rested / done if done else math.nan),
        str(state.children_sent),
        _cost(average, state.arrival_mid_half_ticks / 2),
        _cost(average, market),
    ]


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"


def _cost(price: float, benchmark: float) -> str:
    return "-" if math.isnan(price) else f"{(price - benchmark) / benchmark * 10_000:+.2f} bp"


def _deviation(paper: Paper, at_ns: int) -> float:
    state = paper.state
    due = scheduled_lots(state.plan, at_ns - state.started_at_ns)
    return abs(state.executed_lots - due) / state.terms.quantity_lots


def _trade(frame: bytes) -> Trade:
    data = msgspec.json.decode(frame)["data"]
    aggressor = Side.SELL if data["m"] else Side.BUY
    return Trade(int(Decimal(data["p"]) / Decimal(TICK)), int(Decimal(data["q"]) / Decimal(LOT)), aggressor)


def _levels(feed: parley_core.VenueFeed) -> Levels:
    (bid_prices, bid_lots), (ask_prices, ask_lots) = feed.depth(0, LEVELS)
    return Levels(
        bids=tuple(zip(map(int, bid_prices), map(int, bid_lots), strict=True)),
        asks=tuple(zip(map(int, ask_prices), map(int, ask_lots), strict=True)),
    )


WIDTH, HEIGHT, COLUMNS = 300, 150, 4
MARGIN = 24


def draw(results: list[Result]) -> str:
    """An SVG of small pictures: the schedule dotted, what was traded solid."""
    rows = -(-len(results) // COLUMNS)
    parts = [_picture(result, number) for number, result in enumerate(results)]
    size = f'width="{WIDTH * COLUMNS}" height="{HEIGHT * rows}"'
    style = "text{font:12px sans-serif;fill:#888}path{fill:none;stroke-width:1.6}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>\n' + "\n".join(parts) + "\n</svg>\n"


def _picture(result: Result, number: int) -> str:
    left, top = number % COLUMNS * WIDTH, number // COLUMNS * HEIGHT
    state = result.paper.state
    plan = [(0.0, 0.0), *((at / DURATION_NS, lots / state.terms.quantity_lots) for at, lots in state.plan)]
    schedule = _path(plan, "stroke:#c80;stroke-dasharray:2 3") if state.plan else ""
    traded = _path(_steps(result.paper.fills, state.started_at_ns, state.terms.quantity_lots), "stroke:#27d")
    return (
        f'<g transform="translate({left},{top})"><text x="{MARGIN}" y="16">{result.name.replace("_", " ")}</text>'
        f'<path d="M{MARGIN} {MARGIN}V{HEIGHT - 8}H{WIDTH - 8}" style="stroke:#888"/>{schedule}{traded}</g>'
    )


def _steps(fills: list[Fill], start_ns: int, quantity_lots: int) -> list[tuple[float, float]]:
    points, total = [(0.0, 0.0)], 0.0
    for fill in fills:
        at = (fill.at_ns - start_ns) / DURATION_NS
        points.append((at, total))
        total += fill.lots / quantity_lots
        points.append((at, total))
    return [*points, (max(1.0, points[-1][0]), total)]


def _path(points: list[tuple[float, float]], style: str) -> str:
    width, height = WIDTH - MARGIN - 20, HEIGHT - MARGIN - 10
    texts = [f"{MARGIN + x * width:.1f} {HEIGHT - 8 - y * height:.1f}" for x, y in points]
    kept = list(dict.fromkeys(texts))
    return f'<path d="M{"L".join(kept)}" style="{style}"/>'


if __name__ == "__main__":
    main()
