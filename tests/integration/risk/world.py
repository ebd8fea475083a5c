"""A small option market from a known surface, in Valkey as the gateway publishes it."""

import datetime as dt

import msgspec
import numpy as np
import parley_core

from common import clock, valkey
from tests import builders
from wire import transport
from wire.instruments import parse_instrument_name
from wire.market import Index, Ticker
from wire.units import InstrumentKind

INDEX = {"BTC": 80_000.0, "ETH": 2_500.0}
EXPIRIES = ("13FEB26", "27MAR26", "26JUN26")
STRIKES = (40_000, 50_000, 60_000, 70_000, 75_000, 80_000, 85_000, 90_000, 100_000, 120_000, 150_000)
YEAR_NS = 365 * 86_400 * 10**9
OLD_NS = 2 * 3_600 * 10**9
"""The age of marks that no patience calls fresh."""
SURFACE = {
    "BTC-13FEB26": (0.004, 0.03, -0.2, 0.0, 0.1),
    "BTC-27MAR26": (0.02, 0.08, -0.25, 0.0, 0.2),
    "BTC-26JUN26": (0.06, 0.12, -0.3, 0.0, 0.3),
}
CARRY = {"BTC-13FEB26": 1.001, "BTC-27MAR26": 1.005, "BTC-26JUN26": 1.015}


def chain_names():
    return [f"BTC-{expiry}-{strike}-{right}" for expiry in EXPIRIES for strike in STRIKES for right in "CP"]


def ticker_of(name, *, at_ns, market_time_ns=builders.FEBRUARY, half_spread=0.0005, **changes):
    terms = parse_instrument_name(name)
    index = INDEX[terms.base_currency]
    common = {"at_ns": at_ns, "market_time_ns": market_time_ns, "instrument_name": name, "instrument_id": 1, "index_price": index}
    forward = index * CARRY.get(terms.underlying_name, 1.0)
    if terms.kind is not InstrumentKind.OPTION:
        return Ticker(**{**common, "mark_price": forward, "forward_price": forward, **changes})
    years = (terms.expiry_at_ns - market_time_ns) / YEAR_NS
    k = np.array([np.log(float(terms.strike) / forward)])
    volatility = np.sqrt(parley_core.svi_total_variance(k, *SURFACE[terms.underlying_name]) / years)
    price = float(parley_core.black76_price(
        np.array([forward]), np.array([float(terms.strike)]), np.array([years]), volatility,
        np.array([terms.option_type == "call"]),
    )[0] / forward)
    bid = price - half_spread
    quote = {
        "mark_price": price, "mark_volatility": float(volatility[0]), "forward_price": forward,
        "bid_price": f"{bid:.4f}" if bid > 0.0001 else None, "ask_price": f"{price + half_spread:.4f}",
    }
    return Ticker(**{**common, **quote, **changes})


def publish(*tickers, at_ns=None, market_time_ns=builders.FEBRUARY, coins=("BTC", "ETH")):
    """Replace everything that the market shows."""
    at_ns = clock.now_ns() if at_ns is None else at_ns
    frames = {f"ticker.{one.instrument_name}": one for one in tickers}
    for coin in coins:
        frames[f"index.{coin}"] = Index(at_ns=at_ns, market_time_ns=market_time_ns, coin=coin, price=INDEX[coin])
    client = valkey.client()
    client.delete(transport.MARKET_LATEST)
    if frames:
        client.hset(transport.MARKET_LATEST, mapping={key: msgspec.json.encode(frame) for key, frame in frames.items()})


def play(*extra, names=None, at_ns=None, **changes):
    """The whole chain, perpetual and spot; fresh unless ``at_ns`` says otherwise."""
    at_ns = clock.now_ns() if at_ns is None else at_ns
    names = [*chain_names(), "BTC-PERPETUAL", "BTC_USDC"] if names is None else names
    publish(*(ticker_of(name, at_ns=at_ns, **changes) for name in names), *extra, at_ns=at_ns)


def at():
    return dt.datetime.now(tz=dt.UTC)
