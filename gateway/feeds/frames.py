"""Plays recorded raw frames as a market: spot books give the index, books of contracts their quotes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import numpy as np

from gateway.feeds.delivery import average_index
from gateway.feeds.frame_player import FramePlayer, FrameStream, TopOfBook
from gateway.feeds.updates import FeedStatus, Floats, MarketUpdate, QuoteBatch
from wire.instruments import parse_instrument_name
from wire.units import NANOSECONDS_PER_SECOND

log = logging.getLogger(__name__)

STEP_NS = 50_000_000
"""The market clock moves by this; a book that changed is told at most once a step, 20 times a second."""
LEVELS = 10
SPEED_MAX = 1_000_000.0
TIME_NS_MAX = 2**63 - 1
INDEX_POINTS_MAX = 100_000
"""Instants of an index that are remembered for delivery prices."""


class FramesFeed:
    """See ``gateway.feeds.updates.Feed``. ``index``: coin to its spot stream; ``contracts``: our name to its stream.

    Contracts must be linear or fixed in coins: quantities are recorded in coins and become contracts by their
    multiplier. A stale book is withdrawn: its quotes are NaN until it is live again. The first update in which every
    contract's book is live (or its recording over) is complete: until then nothing counts as confirmed.
    """

    source = "recording"

    def __init__(
        self,
        index: Mapping[str, FrameStream],
        contracts: Mapping[str, FrameStream],
        *,
        speed: float = SPEED_MAX,
        folder: Path | None = None,
        end_ns: int = TIME_NS_MAX,
    ) -> None:
        """Reads every file. ``end_ns``: frames received later are not played. Raises FramesRefused, OSError;
        ValueError for an inverse contract.
        """
        self.status = FeedStatus()
        self._speed = speed
        self._folder = folder
        self._end_ns = end_ns
        self._is_whole = False
        self._index = {coin: FramePlayer(stream) for coin, stream in index.items()}
        self._contracts = {name: FramePlayer(stream) for name, stream in contracts.items()}
        self._multipliers = {}
        for name in contracts:
            terms = parse_instrument_name(name)
            if terms.is_inverse:
                raise ValueError(f"{name} is inverse: recorded coins do not become its contracts.")
            self._multipliers[name] = float(terms.multiplier)
        self._seen: dict[str, tuple[list[int], list[float]]] = {coin: ([], []) for coin in index}
        self._market_time_ns = 0

    def _players(self) -> list[FramePlayer]:
        return [*self._index.values(), *self._contracts.values()]

    def skip_until(self, at_ns: int) -> None:
        """Applies what was received until then without a word: the books stand where the market is to begin."""
        for player in self._players():
            self.status.rows_ingested += player.play_until(min(at_ns, self._end_ns))
        if at_ns:
            self._market_time_ns = at_ns // STEP_NS * STEP_NS

    async def updates(self) -> AsyncIterator[MarketUpdate]:
        """One update a step in which a book changed, in the order of the recorded receive times; first what stands."""
        if self._market_time_ns:
            yield self._make_update(self._market_time_ns)
        while waiting := [p.next_at_ns for p in self._players() if p.next_at_ns is not None]:
            if min(waiting) > self._end_ns:
                break
            at_ns = max(self._market_time_ns, min(waiting)) // STEP_NS * STEP_NS + STEP_NS
            if self._market_time_ns:
                await asyncio.sleep((at_ns - self._market_time_ns) / NANOSECONDS_PER_SECOND / self._speed)
            self._market_time_ns = at_ns
            for player in self._players():
                self.status.rows_ingested += player.play_until(min(at_ns, self._end_ns))
            self.status.rows_recorded = self.status.rows_ingested
            update = self._make_update(at_ns)
            if update.index_prices or update.quotes:
                self.status.updates_played += 1
                yield update
        self.status.state = "finished"

    def _make_update(self, at_ns: int) -> MarketUpdate:
        prices = {}
        for coin, player in self._index.items():
            top = player.find_top(1) if player.feed.publish_due(at_ns) else None
            if top is not None:
                prices[coin] = top.mid_price
                self._remember(coin, at_ns, top.mid_price)
        changed = [name for name, player in self._contracts.items() if player.feed.publish_due(at_ns)]
        becomes_whole = not self._is_whole and all(p.is_live or p.next_at_ns is None for p in self._contracts.values())
        if becomes_whole:
            self._is_whole, changed = True, list(self._contracts)
        quotes = self._quote(changed) if changed else None
        return MarketUpdate(market_time_ns=at_ns, index_prices=prices, quotes=quotes, is_complete=becomes_whole)

    def _remember(self, coin: str, at_ns: int, price: float) -> None:
        times, prices = self._seen[coin]
        if len(times) < INDEX_POINTS_MAX:
            times.append(at_ns)
            prices.append(price)

    def _quote(self, names: list[str]) -> QuoteBatch:
        tops = [self._contracts[name].find_top(LEVELS) for name in names]
        contracts = np.array([self._multipliers[name] for name in names])[:, None]
        mids = np.array([np.nan if top is None else top.mid_price for top in tops])
        return QuoteBatch(
            names=names,
            mark_price=mids,
            mark_volatility=np.full(len(names), np.nan),
            forward_price=mids,
            open_interest=np.full(len(names), np.nan),
            bid_prices=_pad(tops, "bid_prices"),
            bid_quantities=_pad(tops, "bid_quantities") / contracts,
            ask_prices=_pad(tops, "ask_prices"),
            ask_quantities=_pad(tops, "ask_quantities") / contracts,
        )

    def find_delivery_price(self, coin: str, expiry_at_ns: int) -> float | None:
        times, prices = self._seen.get(coin, ([], []))
        return average_index(times, prices, expiry_at_ns)

    def apply_control(self, control: Mapping[str, object]) -> None:
        speed = control.get("speed")
        if isinstance(speed, int | float) and not isinstance(speed, bool) and 0 < speed <= SPEED_MAX:
            self._speed = float(speed)
        else:
            log.warning("feed control %s is no speed that recorded frames can play", dict(control))

    def position(self) -> dict[str, object]:
        folder = {"folder": str(self._folder.resolve())} if self._folder else {}
        return {**folder, "market_time_ns": self._market_time_ns}


def _pad(tops: list[TopOfBook | None], field: str) -> Floats:
    """(rows, LEVELS) of one side, NaN where a book has fewer levels or is stale."""
    rows = np.full((len(tops), LEVELS), np.nan)
    for row, top in zip(rows, tops, strict=True):
        if top is not None:
            values = getattr(top, field)
            row[: len(values)] = values
    return rows
