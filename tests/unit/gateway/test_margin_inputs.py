"""The engine's margin of an option rests on what the feed says of it: forward, volatility, time, index, haircuts."""

import math
from pathlib import Path

import numpy as np
import parley_core
import pytest

from gateway.engine import open_engine
from gateway.feeds import margin_inputs
from gateway.feeds.updates import MarketUpdate, QuoteBatch
from tests.unit.gateway.test_runner import runner
from wire.instruments import parse_instrument_name
from wire.margin import HAIRCUTS

NAME = "BTC-6FEB26-80000-C"
TERMS = parse_instrument_name(NAME)
NOW_NS = TERMS.expiry_at_ns - 30 * 86_400 * 10**9
INDEX, FORWARD, VOLATILITY = 70_000.0, 70_350.0, 0.55
ACCOUNT, LOTS, TICKS = 5, 40, 100
COINS = LOTS * float(TERMS.lot_size * TERMS.multiplier)


def _update(volatility: float) -> MarketUpdate:
    levels = np.full((1, 1), 0.01)
    quotes = QuoteBatch(
        names=[NAME], mark_price=np.array([0.01]), mark_volatility=np.array([volatility]),
        forward_price=np.array([FORWARD]), open_interest=np.array([1.0]), bid_prices=levels, bid_quantities=levels,
        ask_prices=levels + 0.01, ask_quantities=levels,
    )  # fmt: skip
    return MarketUpdate(market_time_ns=NOW_NS, index_prices={"BTC": INDEX}, quotes=quotes, is_complete=True)


def _from_nothing(volatility: float) -> float:
    years, (maintenance, initial) = 30 / 365, HAIRCUTS["BTC"]
    return parley_core.portfolio_margin(
        spot=INDEX, cash=1e6, collateral_coins=2.0 - COINS * TICKS * float(TERMS.tick_size),
        forward=np.array([FORWARD]), strike=np.array([80_000.0]), years=np.array([years]),
        volatility=np.array([volatility]), is_call=np.array([True]), amount=np.array([COINS]),
        rate=np.array([math.log(FORWARD / INDEX) / years]), linear_coins=np.array([]), linear_years=np.array([]),
        maintenance_haircut=maintenance, initial_haircut=initial,
    ).initial  # fmt: skip


async def test_the_gate_knows_the_margin_after_an_order_from_the_feed(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "journal")
    engine.start()
    await margin_inputs.set_haircuts(engine)
    playing = runner(engine, tmp_path, NOW_NS)
    await playing.apply(_update(VOLATILITY))
    engine.set_limits(NOW_NS, 1, ACCOUNT, 1, 1, 10**9, 10**15, 10**9, 10**15, 1_000)
    engine.set_collateral(NOW_NS, 2, ACCOUNT, 10**12, [(0, 2 * 10**9)], 0)
    assert engine.flush(5)
    instrument_id = engine.instruments()[0][0]
    known = engine.margin_after(ACCOUNT, instrument_id, LOTS, TICKS)
    assert known is not None
    assert known[0] == pytest.approx(_from_nothing(VOLATILITY), abs=1e-4)

    await playing.apply(_update(0.9))
    assert engine.flush(5)
    moved = engine.margin_after(ACCOUNT, instrument_id, LOTS, TICKS)
    assert moved is not None
    assert moved[0] == pytest.approx(_from_nothing(0.9), abs=1e-4)
    assert abs(moved[0] - known[0]) > 1
    await playing.apply(_update(math.nan))
    assert engine.flush(5)
    assert engine.margin_after(ACCOUNT, instrument_id, LOTS, TICKS) == moved
    engine.stop()
