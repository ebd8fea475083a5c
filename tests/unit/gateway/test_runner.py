"""Expiries across a restart: a contract that was settled and forgotten is never listed a second time."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import parley_core

from gateway.board import Board
from gateway.engine import open_engine
from gateway.feeds.runner import FeedRunner
from gateway.feeds.updates import FeedStatus, MarketUpdate, QuoteBatch
from gateway.position_file import load_position
from gateway.registry import Registry
from wire.instruments import parse_instrument_name

EXPIRED, LATER = "BTC-5FEB26-80000-C", "BTC-6FEB26-80000-C"
EXPIRY_NS = parse_instrument_name(EXPIRED).expiry_at_ns


class OneInstant:
    """A source that stands at one market time."""

    source = "recording"

    def __init__(self, market_time_ns: int) -> None:
        self.status = FeedStatus()
        self.market_time_ns = market_time_ns

    def find_delivery_price(self, coin: str, expiry_at_ns: int) -> float | None:
        return 70_000.0

    def apply_control(self, control: Mapping[str, object]) -> None:
        raise NotImplementedError

    def updates(self) -> object:
        raise NotImplementedError

    def position(self) -> dict[str, object]:
        return {"market_time_ns": self.market_time_ns}


def update(market_time_ns: int, *names: str) -> MarketUpdate:
    column, levels = np.full(len(names), 0.01), np.full((len(names), 1), 0.01)
    quotes = QuoteBatch(
        names=list(names), mark_price=column, mark_volatility=column, forward_price=column, open_interest=column,
        bid_prices=levels, bid_quantities=levels, ask_prices=levels + 0.01, ask_quantities=levels,
    )  # fmt: skip
    return MarketUpdate(market_time_ns=market_time_ns, quotes=quotes, is_complete=True)


def runner(engine: parley_core.Engine, folder: Path, market_time_ns: int) -> FeedRunner:
    feed, registry = OneInstant(market_time_ns), Registry([(i, name) for i, name, _ in engine.instruments()])
    return FeedRunner(feed, engine, registry, Board(registry, feed.source, feed.status), folder)  # type: ignore[arg-type]  # no updates to play


async def test_expired_contracts_of_a_repeated_snapshot_are_not_listed(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "journal")
    engine.start()

    await runner(engine, tmp_path, EXPIRY_NS).apply(update(EXPIRY_NS, EXPIRED, LATER))

    assert engine.flush(5)
    assert [name for _, name, _ in engine.instruments()] == [LATER]
    engine.stop()


async def test_position_lies_beyond_the_expiry_before_anything_is_delivered(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "journal")
    engine.start()
    before = runner(engine, tmp_path, EXPIRY_NS - 1)
    await before.apply(update(EXPIRY_NS - 1, EXPIRED, LATER))
    assert engine.flush(5)
    assert sorted(name for _, name, _ in engine.instruments()) == [EXPIRED, LATER]

    after = runner(engine, tmp_path, EXPIRY_NS)
    await after.apply(MarketUpdate(market_time_ns=EXPIRY_NS))

    position = load_position(tmp_path)
    assert position is not None
    assert position.feed["market_time_ns"] == EXPIRY_NS
    engine.stop()
