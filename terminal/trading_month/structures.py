"""The fixed list of structures: chosen from the listed strikes by rule, so that a run can be repeated."""

import datetime as dt
from collections.abc import Callable

import msgspec
import polars as pl

from wire.client import RfqLeg
from wire.units import Side

WING_MONEYNESS = 0.10
"""How far the outer strikes lie from the forward, as a share of it."""
STRIKES_MIN = 3
QUANTITY = {"BTC": "1", "ETH": "10"}


class Structure(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    coin: str
    legs: list[RfqLeg]
    quantity: str


class _Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """Options of one expiry that are quoted on both sides: (strike, right) -> name."""

    at: dt.datetime
    forward: float
    names: dict[tuple[float, str], str]

    def strikes(self) -> list[float]:
        """Strikes at which both the call and the put are quoted."""
        return sorted(strike for strike, right in self.names if right == "call" and (strike, "put") in self.names)

    def nearest_strike(self, price: float) -> float:
        return min(self.strikes(), key=lambda strike: (abs(strike - price), strike))


def structures_of(chain: pl.DataFrame, coin: str, at: dt.datetime) -> list[Structure]:
    """Straddle, risk reversal, calendar and butterfly on ``coin``, those that the quoted strikes allow."""
    expiries = _quoted_expiries(chain, coin, at)
    built = [build(expiries, at) for build in _BUILDERS.values()] if expiries else []
    return [
        Structure(name=name, coin=coin, legs=legs, quantity=QUANTITY[coin])
        for name, legs in zip(_BUILDERS, built, strict=bool(built))
        if legs
    ]


def _quoted_expiries(chain: pl.DataFrame, coin: str, at: dt.datetime) -> list[_Expiry]:
    quoted = chain.filter(
        (pl.col("currency") == coin)
        & pl.col("bid_price").is_not_null()
        & pl.col("ask_price").is_not_null()
        & (pl.col("expiry_datetime") > at + dt.timedelta(days=1))
    )
    expiries = []
    for (expiry_at,), rows in quoted.group_by(["expiry_datetime"]):
        assert isinstance(expiry_at, dt.datetime)
        names = {
            (strike, right): name
            for strike, right, name in rows.select("strike", "option_type", "instrument_name").iter_rows()
        }
        expiry = _Expiry(at=expiry_at, forward=float(rows["underlying"].median() or 0.0), names=names)  # type: ignore[arg-type]  # a float column
        if len(expiry.strikes()) >= STRIKES_MIN:
            expiries.append(expiry)
    return sorted(expiries, key=lambda expiry: expiry.at)


def _nearest(expiries: list[_Expiry], at: dt.datetime, days: int) -> _Expiry:
    target = at + dt.timedelta(days=days)
    return min(expiries, key=lambda expiry: (abs(expiry.at - target), expiry.at))


def _leg(name: str, side: Side) -> RfqLeg:
    return RfqLeg(instrument_name=name, side=side)


def _straddle(expiries: list[_Expiry], at: dt.datetime) -> list[RfqLeg]:
    expiry = _nearest(expiries, at, days=14)
    strike = expiry.nearest_strike(expiry.forward)
    return [_leg(expiry.names[strike, "call"], Side.BUY), _leg(expiry.names[strike, "put"], Side.BUY)]


def _risk_reversal(expiries: list[_Expiry], at: dt.datetime) -> list[RfqLeg]:
    expiry = _nearest(expiries, at, days=30)
    high = expiry.nearest_strike(expiry.forward * (1 + WING_MONEYNESS))
    low = expiry.nearest_strike(expiry.forward * (1 - WING_MONEYNESS))
    if low >= high:
        return []
    return [_leg(expiry.names[high, "call"], Side.BUY), _leg(expiry.names[low, "put"], Side.SELL)]


def _calendar(expiries: list[_Expiry], at: dt.datetime) -> list[RfqLeg]:
    near, far = _nearest(expiries, at, days=7), _nearest(expiries, at, days=30)
    shared = sorted(set(near.strikes()) & set(far.strikes()))
    if near.at == far.at or not shared:
        return []
    strike = min(shared, key=lambda strike: (abs(strike - near.forward), strike))
    return [_leg(near.names[strike, "call"], Side.SELL), _leg(far.names[strike, "call"], Side.BUY)]


def _butterfly(expiries: list[_Expiry], at: dt.datetime) -> list[RfqLeg]:
    """The four-leg (iron) butterfly: short the straddle, long the wings."""
    expiry = _nearest(expiries, at, days=14)
    middle = expiry.nearest_strike(expiry.forward)
    high = expiry.nearest_strike(middle * (1 + WING_MONEYNESS))
    low = expiry.nearest_strike(middle * (1 - WING_MONEYNESS))
    if not low < middle < high:
        return []
    return [
        _leg(expiry.names[low, "put"], Side.BUY),
        _leg(expiry.names[middle, "put"], Side.SELL),
        _leg(expiry.names[middle, "call"], Side.SELL),
        _leg(expiry.names[high, "call"], Side.BUY),
    ]


_BUILDERS: dict[str, Callable[[list[_Expiry], dt.datetime], list[RfqLeg]]] = {
    "straddle": _straddle,
    "risk_reversal": _risk_reversal,
    "calendar": _calendar,
    "butterfly": _butterfly,
}
