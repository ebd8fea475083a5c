"""Pairs chosen on one period and traded on the next, through the core's graph, state machine and gate.

    python -m strategies.pairs_backtest FOLDER [--train-days 756] [--pairs 500] [--cost 5]

FOLDER holds daily prices of equities (``*.parquet``: date, symbol or name, close) and sectors (``*constituents.csv``).
Nothing of the second period is seen by the selection. A signal of one close trades at the next.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import parley_core
import polars as pl

from strategies.pairs import Candidate, Floats, select_pairs
from strategies.signals import CompiledGraph, Graph
from wire.units import NANOSECONDS_PER_SECOND

DAY_NS = 86_400 * NANOSECONDS_PER_SECOND
TRADING_DAYS = 252


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Levels are z-scores, times are bars or days, money is US dollars."""

    window: int = 60
    entry: float = 2.0
    exit: float = 0.5
    stop: float = 4.0
    timeout_days: int = 60
    leg_usd: float = 10_000.0
    open_max: int = 100
    cost_basis_points: float = 5.0


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """Closes in dollars: a row per day, a column per symbol, NaN where there is none."""

    at_ns: npt.NDArray[np.int64]
    close: Floats
    symbols: list[str]
    sectors: list[str]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Of the test period. ``sharpe``: annual, of daily profit in dollars; 0 where nothing was traded."""

    pairs: int
    traded: int
    orders: int
    profit: float
    costs: float
    turnover: float
    gross_mean: float
    sharpe: float
    drawdown: float
    share_of_winners: float
    refusals: int
    unfilled: int


def read_prices(folder: Path) -> Prices:
    """Raises FileNotFoundError."""
    table = next(iter(sorted(folder.glob("*.parquet"))), None)
    constituents = next(iter(sorted(folder.glob("*constituents.csv"))), None)
    if table is None or constituents is None:
        raise FileNotFoundError(f"no prices or no constituents in {folder}")
    names = pl.read_csv(constituents)
    sector_of = dict(zip(names["Symbol"].to_list(), names[_sector_column(names.columns)].to_list(), strict=True))
    rows = pl.read_parquet(table)
    name = "symbol" if "symbol" in rows.columns else "name"
    rows = rows.select("date", pl.col(name).cast(pl.String), "close").sort("date")
    wide = rows.pivot(on=name, index="date", values="close", aggregate_function="last").sort("date")
    symbols = [column for column in wide.columns if column != "date"]
    days = wide["date"].cast(pl.Date).cast(pl.Int64).to_numpy()
    return Prices(
        at_ns=days.astype(np.int64) * DAY_NS,
        close=wide.select(symbols).cast(pl.Float64).fill_null(np.nan).to_numpy(),
        symbols=symbols,
        sectors=[str(sector_of.get(symbol, "none")) for symbol in symbols],
    )


def build_graph(prices: Prices, candidates: Sequence[Candidate], window: int) -> CompiledGraph:
    """One z-score a pair, of the log spread at the end of each bar."""
    graph = Graph()
    logs = [graph.mid(symbol).log() for symbol in prices.symbols]
    bar = graph.bar()
    for at, each in enumerate(candidates):
        spread = logs[each.first].spread(logs[each.second], hedge=each.hedge.ratio, offset=each.hedge.intercept)
        spread.when(bar).zscore(window).named(f"z{at}")
    return graph.compile()


def backtest(prices: Prices, candidates: Sequence[Candidate], rules: Rules, *, trade_from: int) -> Outcome:
    """``trade_from``: first bar whose signals may trade. The last close before it sizes the legs."""
    return _outcome(simulate(prices, candidates, rules, trade_from=trade_from), trade_from)


def simulate(
    prices: Prices, candidates: Sequence[Candidate], rules: Rules, *, trade_from: int
) -> dict[str, npt.NDArray[np.float64]]:
    """What parley_core.backtest_pairs returns."""
    graph = build_graph(prices, candidates, rules.window)
    known = prices.close[trade_from - 1]
    terms = [
        (
            each.first,
            each.second,
            max(1, round(rules.leg_usd / known[each.first])),
            max(1, round(rules.leg_usd * each.hedge.ratio / known[each.second])),
            rules.entry,
            rules.exit,
            rules.stop,
            rules.timeout_days * DAY_NS,
            graph.names[f"z{at}"],
        )
        for at, each in enumerate(candidates)
    ]
    found: dict[str, npt.NDArray[np.float64]] = parley_core.backtest_pairs(
        graph.core,
        terms,
        prices.at_ns,
        np.ascontiguousarray(prices.close),
        rules.open_max,
        round(rules.leg_usd * 20),
        round(rules.leg_usd * 20 * rules.open_max),
        trade_from,
        rules.cost_basis_points,
    )
    return found


def run(prices: Prices, rules: Rules, *, train_days: int, pairs_max: int) -> Outcome:
    trained = np.log(prices.close[:train_days])
    candidates = select_pairs(trained, prices.sectors)[:pairs_max]
    return backtest(prices, candidates, rules, trade_from=train_days)


def _outcome(found: dict[str, npt.NDArray[np.float64]], trade_from: int) -> Outcome:
    equity = np.asarray(found["equity"])[trade_from - 1 :]
    daily = np.diff(equity)
    trades = np.asarray(found["trades"])
    profit = np.asarray(found["pair_profit"])[trades > 0]
    deviation = float(daily.std(ddof=1)) if len(daily) > 1 else 0.0
    return Outcome(
        pairs=len(trades),
        traded=int((trades > 0).sum()),
        orders=int(trades.sum()),
        profit=float(equity[-1]),
        costs=float(found["costs"]),
        turnover=float(found["turnover"]),
        gross_mean=float(np.asarray(found["gross"])[trade_from:].mean()),
        sharpe=float(daily.mean() / deviation * np.sqrt(TRADING_DAYS)) if deviation > 0 else 0.0,
        drawdown=float((np.maximum.accumulate(equity) - equity).max()),
        share_of_winners=float((profit > 0).mean()) if len(profit) else 0.0,
        refusals=int(found["refusals"]),
        unfilled=int(found["unfilled"]),
    )


def _sector_column(columns: Sequence[str]) -> str:
    return next(column for column in columns if "sector" in column.lower())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--train-days", type=int, default=3 * TRADING_DAYS)
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--cost", type=float, default=5.0, help="basis points of each order's value")
    arguments = parser.parse_args()
    prices = read_prices(arguments.folder)
    for cost in (0.0, arguments.cost):
        rules = Rules(cost_basis_points=cost)
        outcome = run(prices, rules, train_days=arguments.train_days, pairs_max=arguments.pairs)
        print(f"costs of {cost:g} basis points an order")  # noqa: T201 - a report on a terminal
        for name, value in msgspec.structs.asdict(outcome).items():
            print(f"  {name:<18}{value:>16,.2f}")  # noqa: T201 - a report on a terminal


if __name__ == "__main__":
    main()
