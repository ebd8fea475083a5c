"""What the processes made of a snapshot, as their own frames show it, held against the recording."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from risk.domain import evidence
from risk.domain.evidence import MarkedOptions
from risk.domain.svi import SliceQuotes
from terminal.trading_month.record import Repricing, SurfaceCheck
from wire.instruments import InstrumentTerms, parse_instrument_name
from wire.market import Ticker
from wire.units import NANOSECONDS_PER_SECOND, InstrumentKind, OptionType

SECONDS_PER_YEAR = 365 * 86_400

_Row = tuple[InstrumentTerms, Ticker]


def ingested_options(tickers: Iterable[Ticker], market_time_ns: int) -> list[_Row]:
    """Inverse options that the snapshot of ``market_time_ns`` marked: the rows that were taken in."""
    rows = [(parse_instrument_name(ticker.instrument_name), ticker) for ticker in tickers]
    return [
        (terms, ticker)
        for terms, ticker in rows
        if terms.kind is InstrumentKind.OPTION
        and terms.is_inverse
        and terms.expiry_at_ns > market_time_ns
        and ticker.mark_price is not None
    ]


def reprice(rows: Sequence[_Row], market_time_ns: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Per expiry: errors on the forward that the marks imply, and on the recorded underlying, in coin."""
    groups = [_marked(group, market_time_ns) for group in _by_expiry(rows).values()]
    return [
        (
            evidence.repricing_errors(group, evidence.marks_forward(group)),
            evidence.repricing_errors(group, group.forward),
        )
        for group in groups
    ]


def summarize(errors: np.ndarray) -> Repricing:
    return Repricing(
        options=len(errors),
        median_error=float(np.median(errors)),
        p99_error=float(np.quantile(errors, 0.99)),
    )


def check_surfaces(rows: Sequence[_Row], market_time_ns: int) -> SurfaceCheck:
    """Fit every coin without each fifth strike; see ``risk.domain.evidence.check_left_out``."""
    total = SurfaceCheck(slices=0, stale=0, left_out=0, inside=0, butterfly_violations=0, calendar_violations=0)
    coins: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        coins[row[0].base_currency].append(row)
    for coin_rows in coins.values():
        quotes = [_quotes(group, market_time_ns) for group in _by_expiry(coin_rows).values()]
        found = evidence.check_left_out(quotes)
        total.slices += found.slices
        total.stale += found.stale
        total.left_out += found.left_out
        total.inside += found.inside
        total.butterfly_violations += found.butterfly_violations
        total.calendar_violations += found.calendar_violations
    return total


def _by_expiry(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    groups: dict[str, list[_Row]] = defaultdict(list)
    for terms, ticker in rows:
        groups[terms.underlying_name].append((terms, ticker))
    return groups


def _years(group: Sequence[_Row], market_time_ns: int) -> float:
    return (group[0][0].expiry_at_ns - market_time_ns) / NANOSECONDS_PER_SECOND / SECONDS_PER_YEAR


def _marked(group: Sequence[_Row], market_time_ns: int) -> MarkedOptions:
    return MarkedOptions(
        mark=np.array([ticker.mark_price for _, ticker in group], dtype=float),
        forward=np.array([ticker.forward_price for _, ticker in group], dtype=float),
        strike=np.array([float(terms.strike or 0) for terms, _ in group]),
        years=np.full(len(group), _years(group, market_time_ns)),
        volatility=np.array([ticker.mark_volatility for _, ticker in group], dtype=float),
        is_call=np.array([terms.option_type is OptionType.CALL for terms, _ in group]),
    )


def _quotes(group: Sequence[_Row], market_time_ns: int) -> SliceQuotes:
    return SliceQuotes(
        underlying_name=group[0][0].underlying_name,
        forward=float(np.median([ticker.forward_price or math.nan for _, ticker in group])),
        years=_years(group, market_time_ns),
        strike=np.array([float(terms.strike or 0) for terms, _ in group]),
        is_call=np.array([terms.option_type is OptionType.CALL for terms, _ in group]),
        bid=np.array([_price(ticker.bid_price) for _, ticker in group]),
        ask=np.array([_price(ticker.ask_price) for _, ticker in group]),
    )


def _price(text: str | None) -> float:
    return math.nan if text is None else float(text)
