"""A flat market at 50 % volatility (or another), legs of RFQs, and views of them."""

import datetime as dt
import math

from strategies.quoting import NANOSECONDS_PER_YEAR, Leg, Market
from wire.facts import QuoteView, RfqLegView, RfqView
from wire.instruments import parse_instrument_name
from wire.market import SurfaceSlice, Ticker
from wire.units import NANOSECONDS_PER_SECOND, QuoteState, RfqState, Side

NOW_NS = 1_800_000_000 * NANOSECONDS_PER_SECOND
MARKET_TIME_NS = int(dt.datetime(2026, 2, 10, tzinfo=dt.UTC).timestamp()) * NANOSECONDS_PER_SECOND
CALL, PUT, HIGH_CALL = "BTC-27MAR26-80000-C", "BTC-27MAR26-80000-P", "BTC-27MAR26-90000-C"
FAR_CALL, WING = "BTC-26JUN26-80000-C", "BTC-27MAR26-400000-C"
LINEAR, PERPETUAL, FUTURE = "BTC_USDC-27MAR26-80000-C", "BTC-PERPETUAL", "BTC-27MAR26"
FORWARD = 80_000.0


def leg(name: str, side: Side = Side.BUY, ratio: int = 1, *, is_hedge: bool = False) -> Leg:
    return Leg(terms=parse_instrument_name(name), side=side, ratio=ratio, is_hedge=is_hedge)


def flat_slice(underlying: str, volatility: float = 0.5, **changes) -> SurfaceSlice:
    terms = parse_instrument_name(underlying)
    years = (terms.expiry_at_ns - MARKET_TIME_NS) / NANOSECONDS_PER_YEAR
    fields = {
        "underlying_name": underlying,
        "expiry_at_ns": terms.expiry_at_ns,
        "forward_price": FORWARD,
        "years": years,
        "a": volatility**2 * years,
        "b": 0.0,
        "rho": 0.0,
        "m": 0.0,
        "sigma": 0.1,
        "fitted_at_ns": NOW_NS,
        "market_time_ns": MARKET_TIME_NS,
        "is_stale": False,
        "share_inside": 1.0,
    }
    return SurfaceSlice(**{**fields, **changes})


def ticker(name: str, mark_price: float | None = None, **changes) -> Ticker:
    fields = {"instrument_name": name, "instrument_id": 1, "at_ns": NOW_NS, "market_time_ns": MARKET_TIME_NS}
    return Ticker(**{**fields, "mark_price": mark_price, **changes})


def market(volatility: float = 0.5, **changes) -> Market:
    slices = {name: flat_slice(name, volatility) for name in ("BTC-27MAR26", "BTC_USDC-27MAR26", "BTC-26JUN26")}
    fields = {
        "now_ns": NOW_NS,
        "market_time_ns": MARKET_TIME_NS,
        "tickers": {PERPETUAL: ticker(PERPETUAL, 80_000.0), FUTURE: ticker(FUTURE, 80_100.0)},
        "slices": slices,
        "alive_at_ns": {"BTC": NOW_NS},
        "surface_at_ns": {"BTC": NOW_NS},
        "gateway_at_ns": NOW_NS,
    }
    return Market(**{**fields, **changes})


def rfq(*legs: Leg, quantity: str = "10", side: Side | None = None, **changes) -> RfqView:
    fields = {
        "rfq_id": 7,
        "role": "maker",
        "state": RfqState.OPEN,
        "label": "",
        "structure": "custom",
        "legs": [RfqLegView(instrument_name=each.terms.name, side=each.side, ratio=each.ratio) for each in legs],
        "quantity": quantity,
        "side": side,
        "quote_currency": "BTC",
        "taker_firm_id": 1,
        "taker_name": "Aurora",
        "account_id": None,
        "maker_firm_ids": [3],
        "created_at_ns": NOW_NS,
        "tradable_at_ns": NOW_NS,
        "expires_at_ns": NOW_NS + 300 * NANOSECONDS_PER_SECOND,
        "updated_at_ns": NOW_NS,
        "quotes": [],
    }
    return RfqView(**{**fields, **changes})


def own_quote(**changes) -> QuoteView:
    fields = {
        "quote_id": 100,
        "rfq_id": 7,
        "version": 1,
        "state": QuoteState.ACTIVE,
        "maker_firm_id": 3,
        "maker_name": "Cobalt",
        "bid": "0.1",
        "ask": "0.2",
        "bid_leg_prices": None,
        "ask_leg_prices": None,
        "created_at_ns": NOW_NS,
        "updated_at_ns": NOW_NS,
        "expires_at_ns": NOW_NS + 30 * NANOSECONDS_PER_SECOND,
    }
    return QuoteView(**{**fields, **changes})


def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def black76(forward: float, strike: float, years: float, volatility: float, *, is_call: bool) -> float:
    """Written out, to compare with."""
    deviation = volatility * math.sqrt(years)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    d2 = d1 - deviation
    call = forward * normal_cdf(d1) - strike * normal_cdf(d2)
    return call if is_call else call - forward + strike
