"""One recorded snapshot as a maker would see it: tickers, and surfaces fitted to that snapshot's quotes alone."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Collection
from typing import Any

import numpy as np

from risk.domain.slices import slice_frame
from risk.domain.svi import FittedSlice, SliceQuotes, fit_surface
from strategies.quoting import NANOSECONDS_PER_YEAR, Market
from terminal.trading_month.recorded import COINS, RecordedSnapshot
from wire.instruments import InstrumentTerms, UnknownInstrumentName, parse_instrument_name
from wire.market import SurfaceSlice, Ticker
from wire.units import InstrumentKind, OptionType

COLUMNS = ("instrument_name", "bid_price", "ask_price", "mark_price", "underlying", "delta", "index_price")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One recorded option. bid, ask, mark in coin, None where nobody quoted; forward in US dollars; delta in coins."""

    terms: InstrumentTerms
    bid: float | None
    ask: float | None
    mark: float
    forward: float
    delta: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seen:
    """A snapshot, read. ``index``: US dollars by coin; ``rows``: by instrument."""

    at_ns: int
    rows: dict[str, Row]
    index: dict[str, float]

    def by_expiry(self, coin: str) -> dict[str, list[Row]]:
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows.values():
            if row.terms.base_currency == coin:
                groups[row.terms.underlying_name].append(row)
        return dict(groups)


def read(snapshot: RecordedSnapshot) -> Seen:
    """Rows that are whole: named as they say, marked, with a forward and a delta, not expired."""
    rows: dict[str, Row] = {}
    index: dict[str, list[float]] = defaultdict(list)
    for name, bid, ask, mark, forward, delta, index_price in snapshot.chain.select(COLUMNS).iter_rows():
        if not all(_is_number(value) for value in (mark, forward, delta, index_price)) or forward <= 0:
            continue
        try:
            terms = parse_instrument_name(name)
        except UnknownInstrumentName:
            continue
        is_wanted = terms.kind is InstrumentKind.OPTION and terms.is_inverse and terms.base_currency in COINS
        if is_wanted and terms.expiry_at_ns > snapshot.market_time_ns:
            rows[name] = Row(terms=terms, bid=_price(bid), ask=_price(ask), mark=mark, forward=forward, delta=delta)
            index[terms.base_currency].append(index_price)
    return Seen(
        at_ns=snapshot.market_time_ns, rows=rows, index={coin: float(np.median(found)) for coin, found in index.items()}
    )


class Surfaces:
    """Fits coin by coin, each starting from what fitted before: never from what comes later."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, tuple[float, float, float, float, float]]] = defaultdict(dict)

    def market(self, seen: Seen, left_out: Collection[str] = ()) -> Market:
        """``left_out``: instruments whose quotes the fit does not see; such a fit starts nothing."""
        slices: dict[str, SurfaceSlice] = {}
        for coin in COINS:
            quotes = [_quotes(name, rows, seen.at_ns, left_out) for name, rows in seen.by_expiry(coin).items()]
            for fitted in fit_surface(quotes, dict(self._last[coin])):
                slices[fitted.underlying_name] = _slice(fitted, seen.at_ns)
                if not left_out and not fitted.is_stale:
                    self._last[coin][fitted.underlying_name] = fitted.parameters
        coins = tuple(seen.index)
        return Market(
            now_ns=seen.at_ns,
            market_time_ns=seen.at_ns,
            tickers=_tickers(seen),
            slices=slices,
            alive_at_ns=dict.fromkeys(coins, seen.at_ns),
            surface_at_ns=dict.fromkeys(coins, seen.at_ns),
            gateway_at_ns=seen.at_ns,
        )


def _tickers(seen: Seen) -> dict[str, Ticker]:
    times: dict[str, Any] = {"at_ns": seen.at_ns, "market_time_ns": seen.at_ns, "instrument_id": 0}
    found = {
        name: Ticker(instrument_name=name, mark_price=row.mark, forward_price=row.forward, **times)
        for name, row in seen.rows.items()
    }
    for coin, price in seen.index.items():
        found[f"{coin}-PERPETUAL"] = Ticker(instrument_name=f"{coin}-PERPETUAL", mark_price=price, **times)
    return found


def _quotes(name: str, rows: list[Row], at_ns: int, left_out: Collection[str]) -> SliceQuotes:
    kept = [row for row in rows if row.terms.name not in left_out]
    return SliceQuotes(
        underlying_name=name,
        forward=float(np.median([row.forward for row in rows])),
        years=_years(rows[0].terms, at_ns),
        strike=np.array([float(row.terms.strike or 0) for row in kept]),
        is_call=np.array([row.terms.option_type is OptionType.CALL for row in kept], dtype=bool),
        bid=np.array([math.nan if row.bid is None else row.bid for row in kept], dtype=float),
        ask=np.array([math.nan if row.ask is None else row.ask for row in kept], dtype=float),
    )


def _slice(fitted: FittedSlice, at_ns: int) -> SurfaceSlice:
    expiry_at_ns = parse_instrument_name(fitted.underlying_name).expiry_at_ns
    return slice_frame(fitted, expiry_at_ns=expiry_at_ns, fitted_at_ns=at_ns, market_time_ns=at_ns)


def _years(terms: InstrumentTerms, at_ns: int) -> float:
    return (terms.expiry_at_ns - at_ns) / NANOSECONDS_PER_YEAR


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _price(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and value > 0 else None
