"""From what happened to the tables of the report."""

import datetime as dt
from collections.abc import Sequence

import msgspec
import numpy as np

from strategies.quoting import hit_rate, markout, markup_share
from terminal.rfq_study.generate import STRATEGIES
from terminal.rfq_study.record import MakerMonth, MakerRow, MarkOut, Spread, StrategyRow, StudyReport, TakerRow
from terminal.rfq_study.run import TAKER_NAMES, Outcome, Study, Trade, view_of
from wire.units import NANOSECONDS_PER_SECOND

TICK = 1e-4
BOOTSTRAPS = 2_000


def summarize(study: Study, snapshots: int, since_ns: int, until_ns: int) -> StudyReport:
    outcomes = study.outcomes
    left_out = [one for one in outcomes if one.is_left_out_inside is not None]
    return StudyReport(
        seed=study.seed,
        since=_text(since_ns),
        until=_text(until_ns),
        snapshots=snapshots,
        rfqs=len(outcomes),
        quoted=sum(one.result != "unquoted" for one in outcomes),
        taken=len(study.trades),
        mids_inside_share=_share(sum(bool(one.is_inside) for one in outcomes), len(outcomes)),
        left_out_inside_share=_share(sum(bool(one.is_left_out_inside) for one in left_out), len(left_out)),
        strategies=[_strategy(name, outcomes) for name in STRATEGIES],
        makers=_makers(study),
        months=_months(study),
        takers=_takers(study),
        markouts=_markouts(study.trades, study.seed),
        passes=dict(sorted(study.passes.items())),
        parameters={desk.name: msgspec.to_builtins(desk.parameters) for desk in study.desks},
    )


def _strategy(name: str, outcomes: Sequence[Outcome]) -> StrategyRow:
    mine = [one for one in outcomes if one.asked.strategy == name]
    trades = [one.trade for one in mine if one.trade is not None]
    return StrategyRow(
        strategy=name,
        rfqs=len(mine),
        quoted=sum(one.result != "unquoted" for one in mine),
        mids_inside=sum(bool(one.is_inside) for one in mine),
        left_out=sum(one.is_left_out_inside is not None for one in mine),
        left_out_inside=sum(bool(one.is_left_out_inside) for one in mine),
        taken=len(trades),
        screen=sum(one.result == "screen" for one in mine),
        declined=sum(one.result == "declined" for one in mine),
        markup=_markup(trades),
    )


def _markup(trades: Sequence[Trade]) -> Spread:
    paid = [trade.asked.side.sign * (trade.net - trade.model) for trade in trades]
    return Spread(
        trades=len(trades),
        vol_points=_mean([one / trade.gross_vega for one, trade in zip(paid, trades, strict=True)]),
        ticks=_mean([one / TICK for one in paid]),
        usd=_mean([one * trade.coin_usd for one, trade in zip(paid, trades, strict=True)]),
    )


def _makers(study: Study) -> list[MakerRow]:
    return [
        MakerRow(
            maker=desk.name,
            quotes=desk.quotes,
            hits=desk.hits,
            hit_rate=_share(desk.hits, desk.quotes),
            mean_half_spread_points=desk.half_points / desk.quotes if desk.quotes else 0.0,
        )
        for desk in study.desks
    ]


def _months(study: Study) -> list[MakerMonth]:
    return [
        MakerMonth(
            maker=desk.name,
            month=month,
            trades=income.trades,
            edge=round(income.edge, 2),
            drift=round(income.drift, 2),
            hedge_cost=round(income.hedge_cost, 2),
            fees=round(income.fees, 2),
            total=round(income.total, 2),
        )
        for desk in study.desks
        for month, income in sorted(desk.months.items())
    ]


def _takers(study: Study) -> list[TakerRow]:
    rows = []
    for taker, name in TAKER_NAMES.items():
        mine = [one for one in study.outcomes if one.asked.taker_firm_id == taker]
        for desk in study.desks if mine else ():
            seen = desk.counterparties.of(view_of(mine[0].asked))
            rows.append(
                TakerRow(
                    taker=name,
                    rfqs=len(mine),
                    taken=sum(one.result == "taken" for one in mine),
                    maker=desk.name,
                    hit_rate=hit_rate(seen, desk.parameters),
                    markout=markout(seen, desk.parameters),
                    markup_share=markup_share(seen, desk.parameters),
                )
            )
    return rows


def _markouts(trades: Sequence[Trade], seed: int) -> list[MarkOut]:
    lots = np.random.default_rng(seed)
    horizons = list(dict.fromkeys(name for trade in trades for name in trade.hedged))
    rows = [_markout("at the trade", [(trade.edge, trade) for trade in trades], lots)] if trades else []
    for horizon in sorted(horizons, reverse=True):
        known = [(trade.hedged[horizon], trade) for trade in trades if horizon in trade.hedged]
        rows.append(_markout(horizon, known, lots))
    return rows


def _markout(horizon: str, known: Sequence[tuple[float, Trade]], lots: np.random.Generator) -> MarkOut:
    earned = np.array([one for one, _ in known])
    points = [one / (trade.gross_vega * trade.coin_usd * trade.asked.quantity) for one, trade in known]
    means = earned[lots.integers(0, len(earned), (BOOTSTRAPS, len(earned)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return MarkOut(
        horizon=horizon,
        trades=len(known),
        mean_usd=float(earned.mean()),
        low_usd=float(low),
        high_usd=float(high),
        mean_points=_mean(points),
    )


def _text(at_ns: int) -> str:
    return dt.datetime.fromtimestamp(at_ns // NANOSECONDS_PER_SECOND, tz=dt.UTC).isoformat()


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
