"""Fit the surface of a coin to the quotes of now, store it, publish it."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping

import numpy as np

from common import clock
from market import oracle
from risk import publishers
from risk.domain import MODEL_VERSION, svi
from risk.domain.slices import slice_frame
from risk.models import SurfaceSliceRow
from risk.selectors.marks import terms_of, years_to
from risk.selectors.surfaces import surface as last_surface
from wire.instruments import InstrumentTerms
from wire.market import Surface, SurfaceSlice, Ticker
from wire.units import InstrumentKind, OptionType

_STORED = ("a", "b", "rho", "m", "sigma", "forward_price", "years", "share_inside", "is_stale", "stale_reason")


def fit_surface(*, coin: str, at: dt.datetime) -> Surface | None:
    """One slice per listed expiry from the latest quotes of inverse options; None where there are none.

    Quotes older than the market allows are not fitted: every slice is then the last good one, marked stale.
    """
    market_time_ns = oracle.find_market_time_ns()
    tickers = _option_tickers(coin)
    if market_time_ns is None or not tickers:
        return None
    earlier = {one.underlying_name: one for one in _earlier_slices(coin)}
    now_ns = clock.to_ns(at)
    fresh = {name: group for name, group in tickers.items() if not all(oracle.is_stale(t, now_ns) for _, t in group)}
    quotes = [one for name, group in fresh.items() if (one := _quotes(name, group, market_time_ns, now_ns)) is not None]
    fitted = svi.fit_surface(quotes, {name: _parameters(one) for name, one in earlier.items()})
    slices = [
        _published(one, earlier.get(one.underlying_name), _expiry(tickers, one), now_ns, market_time_ns)
        for one in fitted
    ]
    slices += _left_behind(earlier, tickers, {one.underlying_name for one in slices}, market_time_ns)
    slices.sort(key=lambda one: one.expiry_at_ns)
    surface = Surface(
        at_ns=now_ns, market_time_ns=market_time_ns, coin=coin, model_version=MODEL_VERSION, slices=slices
    )
    _store(surface)
    publishers.publish_surface(surface)
    return surface


_Group = list[tuple[InstrumentTerms, Ticker]]


def _option_tickers(coin: str) -> dict[str, _Group]:
    """Tickers of the coin's inverse options, by the underlying that they share."""
    groups: dict[str, _Group] = {}
    for ticker in oracle.tickers_of(coin):
        terms = terms_of(ticker.instrument_name)
        if terms.kind is InstrumentKind.OPTION and terms.is_inverse:
            groups.setdefault(terms.underlying_name, []).append((terms, ticker))
    return groups


def _quotes(name: str, group: _Group, market_time_ns: int, now_ns: int) -> svi.SliceQuotes | None:
    live = [(terms, ticker) for terms, ticker in group if not oracle.is_stale(ticker, now_ns)]
    forwards = [ticker.forward_price for _, ticker in live if ticker.forward_price]
    if not forwards or live[0][0].expiry_at_ns <= market_time_ns:
        return None
    return svi.SliceQuotes(
        underlying_name=name,
        forward=float(np.median(forwards)),
        years=years_to(live[0][0].expiry_at_ns, market_time_ns),
        strike=np.array([float(terms.strike or 0) for terms, _ in live]),
        is_call=np.array([terms.option_type is OptionType.CALL for terms, _ in live]),
        bid=np.array([_price(ticker.bid_price) for _, ticker in live]),
        ask=np.array([_price(ticker.ask_price) for _, ticker in live]),
    )


def _price(text: str | None) -> float:
    value = float(text) if text is not None else math.nan
    return value if value > 0 else math.nan


def _earlier_slices(coin: str) -> Iterable[SurfaceSlice]:
    found = last_surface(coin)
    return found.slices if found is not None and found.model_version == MODEL_VERSION else []


def _parameters(one: SurfaceSlice) -> svi.Parameters:
    return one.a, one.b, one.rho, one.m, one.sigma


def _expiry(tickers: Mapping[str, _Group], fitted: svi.FittedSlice) -> int:
    return tickers[fitted.underlying_name][0][0].expiry_at_ns


def _published(
    fitted: svi.FittedSlice, earlier: SurfaceSlice | None, expiry_at_ns: int, now_ns: int, market_time_ns: int
) -> SurfaceSlice:
    kept = earlier if fitted.is_stale else None
    return slice_frame(
        fitted,
        expiry_at_ns=expiry_at_ns,
        fitted_at_ns=kept.fitted_at_ns if kept else now_ns,
        market_time_ns=kept.market_time_ns if kept else market_time_ns,
    )


def _left_behind(
    earlier: Mapping[str, SurfaceSlice], tickers: Mapping[str, _Group], fitted: set[str], market_time_ns: int
) -> list[SurfaceSlice]:
    """Last good slices of expiries that are listed and not expired, but had no fresh quotes."""
    return [
        SurfaceSlice(
            **{name: getattr(one, name) for name in one.__struct_fields__ if name not in ("is_stale", "stale_reason")},
            is_stale=True,
            stale_reason="no fresh quotes",
        )
        for name, one in earlier.items()
        if name in tickers and name not in fitted and one.expiry_at_ns > market_time_ns
    ]


def _store(surface: Surface) -> None:
    rows = [
        SurfaceSliceRow(
            coin=surface.coin,
            underlying_name=one.underlying_name,
            expiry_at=clock.from_ns(one.expiry_at_ns),
            fitted_at=clock.from_ns(one.fitted_at_ns),
            market_time=clock.from_ns(one.market_time_ns),
            model_version=surface.model_version,
            **{name: getattr(one, name) for name in _STORED},
        )
        for one in surface.slices
    ]
    SurfaceSliceRow.objects.filter(coin=surface.coin).exclude(
        underlying_name__in=[row.underlying_name for row in rows]
    ).delete()
    SurfaceSliceRow.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["coin", "underlying_name"],
        update_fields=["expiry_at", "fitted_at", "market_time", "model_version", *_STORED],
    )
