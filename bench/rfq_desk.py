"""RFQs with many makers through the real processes. ``python -m bench.rfq_desk [--quick | --rfqs N] [--at-once N]``

``manage.py up`` on a folder of its own, fsync on. Takers ask 20 makers each for a straddle; every maker quotes and
replaces its quote three times; RFQs then end in four ways: an accept at the instant of expiry, two accepts at once, a
trade with the pool, an accept beside a cancel. Afterwards nothing may be pending, doubled or lost: states, sizes,
fills, ledger and allocations are checked in the database. Printed: RFQs and quotes a second, milliseconds from the
accept to the last fill message of both parties, CPU seconds of each process, and what committing one row takes.
"""

import argparse
import asyncio
import time
from decimal import Decimal

import psutil
import psycopg
from parley_client import ParleyClient, messages
from rich.console import Console
from rich.table import Table

from bench import rfq_firms
from bench.click_to_ack import percentile, stack
from bench.rfq_firms import Party
from bench.rfq_parties import Maker, Outcome, Taker
from terminal.supervisor.stack import Stack

MAKERS, TAKERS, REPLACEMENTS = 20, 4, 3
RFQS, QUICK = 500, 24
OPEN_AT_ONCE = 1
"""Of each taker."""
ROWS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} RFQs")
    parser.add_argument("--rfqs", type=int, default=RFQS, help="how many RFQs")
    parser.add_argument("--at-once", type=int, default=OPEN_AT_ONCE, help="RFQs that each taker has open at once")
    asked = parser.parse_args()
    count = QUICK if asked.quick else asked.rfqs
    with stack() as running:
        rfq_firms.connect(running)
        makers = [rfq_firms.lay_down(f"Maker {number:02}", is_maker=True) for number in range(MAKERS)]
        takers = [rfq_firms.lay_down(f"Taker {number:02}", is_maker=False) for number in range(TAKERS)]
        rfq_firms.wait_for_limits([party.account_id for party in (*makers, *takers)])
        before = _cpu_seconds(running)
        began = time.perf_counter()
        outcomes, refusals, quotes, latencies = asyncio.run(_play(running.url, makers, takers, count, asked.at_once))
        seconds = time.perf_counter() - began
        cpu = {name: used - before.get(name, 0.0) for name, used in _cpu_seconds(running).items()}
        states = rfq_firms.check_books([outcome.rfq_id for outcome in outcomes])
        floor = _commit_milliseconds(running)
    _print(count, seconds, quotes, latencies, states, refusals, cpu, floor)


async def _play(
    url: str, makers: list[Party], takers: list[Party], count: int, at_once: int
) -> tuple[list[Outcome], dict[str, int], int, list[float]]:
    legs, mids = await _straddle(url, takers[0])
    makes = [Maker(url, party, number, mids, REPLACEMENTS) for number, party in enumerate(makers)]
    takes = [Taker(url, party, makers, legs, 1 + REPLACEMENTS) for party in takers]
    await asyncio.gather(*(each.start() for each in (*makes, *takes)))
    making = [asyncio.create_task(maker.make_markets()) for maker in makes]
    numbers = iter(range(count))
    outcomes: list[Outcome] = []

    async def work(taker: Taker) -> None:
        outcomes.extend([await taker.trade(number) for number in numbers])

    await asyncio.gather(*(work(taker) for taker in takes for _ in range(at_once)))
    await asyncio.gather(*(each.wait_for_fills() for each in (*makes, *takes)))
    latencies = _latencies(outcomes, takes, makes)
    for task in making:
        task.cancel()
    await asyncio.gather(*making, return_exceptions=True)
    await asyncio.gather(*(each.stop() for each in (*makes, *takes)))
    refusals: dict[str, int] = {}
    for each in (*makes, *takes):
        for reason, times in each.refusals.items():
            refusals[reason] = refusals.get(reason, 0) + times
    return outcomes, refusals, sum(maker.quotes for maker in makes), latencies


def _latencies(outcomes: list[Outcome], takes: list[Taker], makes: list[Maker]) -> list[float]:
    """Milliseconds from each accept that filled to the last message of a fill, taker's and makers'."""
    found = []
    for outcome in outcomes:
        arrived = [each.filled_at[outcome.rfq_id] for each in (*takes, *makes) if outcome.rfq_id in each.filled_at]
        if outcome.accepted_at is not None and arrived:
            found.append((max(arrived) - outcome.accepted_at) * 1e3)
    return found


async def _straddle(url: str, taker: Party) -> tuple[list[messages.RfqLeg], list[Decimal]]:
    """The call with the delta nearest to a half, its put, and their marks on the tick."""
    client = ParleyClient(url, taker.token)
    try:
        tickers = {
            each.instrument_name: each
            for each in await client.get("/market/tickers", list[messages.Ticker], coin="BTC")
        }
    finally:
        await client.close()
    pairs = [
        (name, name.removesuffix("C") + "P")
        for name, ticker in tickers.items()
        if name.startswith("BTC-") and name.endswith("-C") and ticker.delta is not None
    ]
    names = min(pairs, key=lambda pair: abs((tickers[pair[0]].delta or 0.0) - 0.5))
    mids = [Decimal(str(round(tickers[name].mark_price or 0.0, 4))) for name in names]
    return [messages.RfqLeg(instrument_name=name, side=messages.Side.BUY) for name in names], mids


def _cpu_seconds(running: Stack) -> dict[str, float]:
    """Of each process with its children, which are PostgreSQL's sessions."""
    found = {}
    for name, pid in running.pids.items():
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        times = [process.cpu_times() for process in processes]
        found[name] = sum(each.user + each.system for each in times)
    found["makers and takers"] = sum(psutil.Process().cpu_times()[:2])
    return found


def _commit_milliseconds(running: Stack) -> float:
    """Median of a transaction that writes one row, durably: the floor of every command."""
    taken = []
    with psycopg.connect(running.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench_floor (id bigserial, said text)")
        for _ in range(ROWS):
            began = time.perf_counter()
            connection.execute("INSERT INTO bench_floor (said) VALUES ('a row')")
            taken.append((time.perf_counter() - began) * 1e3)
        connection.execute("DROP TABLE bench_floor")
    return percentile(taken, 0.5)


def _print(count, seconds, quotes, latencies, states, refusals, cpu, floor) -> None:
    console = Console()
    table = Table(title=f"{count} RFQs, {MAKERS} makers each, {REPLACEMENTS} replacements a quote, {seconds:.0f} s")
    for column in ("RFQs/s", "quotes/s", "accept to both fills p50", "p99", "one durable row p50"):
        table.add_column(column, justify="right")
    p50, p99 = (percentile(latencies, share) for share in (0.5, 0.99))
    table.add_row(
        f"{count / seconds:.1f}", f"{quotes / seconds:.0f}", f"{p50:.0f} ms", f"{p99:.0f} ms", f"{floor:.2f} ms"
    )
    console.print(table)
    console.print(f"ended: {dict(sorted(states.items()))}; fills measured: {len(latencies)}; quotes: {quotes}")
    console.print(f"refused: {dict(sorted(refusals.items()))}")
    console.print("CPU seconds: " + ", ".join(f"{name} {used:.1f}" for name, used in sorted(cpu.items())))
    console.print("books: nothing pending, doubled or lost; ledger and allocations agree")


if __name__ == "__main__":
    main()
