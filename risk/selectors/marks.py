"""Marks of instruments, with what stands in for them where nobody publishes one, and whether they are fresh."""

import dataclasses
import functools
import math
from collections.abc import Iterable, Mapping

import numpy as np
import parley_core

from common import clock
from common.errors import Refusal
from market import oracle
from risk.domain.margin import FALLBACK_VOLATILITY, Mark
from risk.selectors.surfaces import find_slice, surface
from wire.instruments import COINS, InstrumentTerms, parse_instrument_name
from wire.margin import YEARS_MIN
from wire.market import Surface, SurfaceSlice, Ticker
from wire.units import NANOSECONDS_PER_SECOND, InstrumentKind, OptionType

YEAR_NS = 365 * 86_400 * NANOSECONDS_PER_SECOND


class MarksUnavailable(Refusal):
    """What is held has no price that anything could be decided on."""

    status = 503


@dataclasses.dataclass(frozen=True, kw_only=True)
class MarkSet:
    """indices: USD per coin. stale: coins whose index is old, and instruments whose mark is, or has none."""

    marks: Mapping[str, Mark]
    indices: Mapping[str, float]
    stale: frozenset[str]
    market_time_ns: int


@functools.lru_cache(maxsize=20_000)
def terms_of(name: str) -> InstrumentTerms:
    """Terms of a contract by its name. Raises UnknownInstrumentName."""
    return parse_instrument_name(name)


def read_marks(names: Iterable[str], coins: Iterable[str] = ()) -> MarkSet:
    """Marks of the instruments, and indices of their coins and of ``coins``.

    Raises MarksUnavailable where a coin has no index at all, or the market has no time.
    """
    wanted = sorted(set(names))
    needed = {terms_of(name).base_currency for name in wanted} | {coin for coin in coins if coin in COINS}
    market_time_ns = oracle.find_market_time_ns() if needed else None
    if needed and market_time_ns is None:
        raise MarksUnavailable("stale_market", "no market data has been published")
    now_ns = clock.now_ns()
    indices, stale = _read_indices(sorted(needed), now_ns)
    tickers = oracle.get_tickers(wanted)
    surfaces = SurfaceReader()
    marks = {
        name: _mark(terms_of(name), tickers.get(name), indices, market_time_ns or 0, now_ns, surfaces)
        for name in wanted
    }
    stale |= {name for name, mark in marks.items() if mark.is_stale}
    return MarkSet(marks=marks, indices=indices, stale=frozenset(stale), market_time_ns=market_time_ns or 0)


def years_to(expiry_at_ns: int, market_time_ns: int) -> float:
    """ACT/365 on the market's clock; 0 where nothing expires, never below a few seconds before expiry."""
    return max((expiry_at_ns - market_time_ns) / YEAR_NS, YEARS_MIN) if expiry_at_ns else 0.0


def _read_indices(coins: list[str], now_ns: int) -> tuple[dict[str, float], set[str]]:
    indices: dict[str, float] = {}
    stale: set[str] = set()
    for coin in coins:
        frame = oracle.get_index(coin)
        if frame is None or not math.isfinite(frame.price) or frame.price <= 0:
            raise MarksUnavailable("stale_market", f"{coin} has no index", value=coin)
        indices[coin] = frame.price
        if oracle.is_stale(frame, now_ns):
            stale.add(coin)
    return indices, stale


class SurfaceReader:
    """Surfaces by coin, read when the first option needs one."""

    def __init__(self) -> None:
        self._by_coin: dict[str, Surface | None] = {}

    def volatility(self, terms: InstrumentTerms, forward: float, years: float) -> float | None:
        coin = terms.base_currency
        if coin not in self._by_coin:
            self._by_coin[coin] = surface(coin)
        found = find_slice(self._by_coin[coin], terms.underlying_name)
        return None if found is None else volatility_of(found, terms, forward)


def volatility_of(fitted: SurfaceSlice, terms: InstrumentTerms, forward: float) -> float | None:
    """The slice's volatility of an option at its strike; None where there is none."""
    if terms.strike is None or forward <= 0:
        return None
    k = np.array([math.log(float(terms.strike) / forward)])
    variance = parley_core.svi_total_variance(k, fitted.a, fitted.b, fitted.rho, fitted.m, fitted.sigma)[0]
    return math.sqrt(variance / max(fitted.years, YEARS_MIN)) if variance > 0 else None


def _mark(
    terms: InstrumentTerms,
    ticker: Ticker | None,
    indices: Mapping[str, float],
    market_time_ns: int,
    now_ns: int,
    surfaces: SurfaceReader,
) -> Mark:
    index = indices[terms.base_currency]
    years = years_to(terms.expiry_at_ns, market_time_ns)
    is_stale = ticker is None or oracle.is_stale(ticker, now_ns)
    forward = _first(ticker.forward_price if ticker else None, index)
    volatility = 0.0
    if terms.kind is InstrumentKind.OPTION:
        found = _first(ticker.mark_volatility if ticker else None, surfaces.volatility(terms, forward, years))
        is_stale = is_stale or not math.isfinite(found)
        volatility = found if math.isfinite(found) else FALLBACK_VOLATILITY
    price = _first(ticker.mark_price if ticker else None)
    if not math.isfinite(price):
        is_stale = True
        price = option_price(terms, forward, years, volatility) if terms.kind is InstrumentKind.OPTION else forward
    return Mark(price=price, forward=forward, index=index, volatility=volatility, years=years, is_stale=is_stale)


def option_price(terms: InstrumentTerms, forward: float, years: float, volatility: float) -> float:
    """Black-76 value in the option's own quote currency: coin for an inverse one, dollars otherwise."""
    assert terms.strike is not None, "an option has a strike"
    strike, is_call = float(terms.strike), terms.option_type is OptionType.CALL
    price = float(
        parley_core.black76_price(
            np.array([forward]),
            np.array([strike]),
            np.array([max(years, YEARS_MIN)]),
            np.array([volatility]),
            np.array([is_call]),
        )[0]
    )
    return price / forward if terms.is_inverse else price


def _first(*values: float | None) -> float:
    """The first usable number, or NaN."""
    return next((value for value in values if value is not None and math.isfinite(value) and value >= 0), math.nan)
