"""What the market shows right now: one row per instrument, updated by the feed runner, read by the frame publisher."""

from collections import deque

import numpy as np

from gateway.feeds.updates import FeedStatus, Floats, QuoteBatch
from gateway.registry import Integers, Registry
from wire.market import PublicTrade

TRADES_SHOWN_MAX = 50


class Board:
    """Arrays are indexed by instrument id. ``alive_at_ns``: wall clock at which the feed last confirmed its prices;
    it goes into every frame, so that a feed that stands still shows as stale.
    """

    def __init__(self, registry: Registry, source: str, status: FeedStatus) -> None:
        self.registry, self.source, self.status = registry, source, status
        self.alive_at_ns = 0
        self.market_time_ns = 0
        self.index_prices: dict[str, float] = {}
        self.trades: dict[int, deque[PublicTrade]] = {}
        self.last_price: dict[int, str] = {}
        self.dirty: set[int] = set()
        self.dirty_indexes: set[str] = set()
        self.dirty_trades: set[int] = set()
        self.is_status_dirty = True
        self.marker = ""
        self.marker_shown = ""
        """The last marker of which every frame has been published."""
        self.removed: set[int] = set()
        self.shown: set[int] = set()
        self.mark_price: Floats = np.full(1, np.nan)
        self.mark_volatility: Floats = np.full(1, np.nan)
        self.forward_price: Floats = np.full(1, np.nan)
        self.open_interest: Floats = np.full(1, np.nan)
        self.quoted_at_ns: Integers = np.zeros(1, dtype=np.int64)

    def grow(self) -> None:
        """Make room for every id of the registry."""
        missing = self.registry.size - len(self.mark_price)
        for field in ("mark_price", "mark_volatility", "forward_price", "open_interest"):
            setattr(self, field, np.pad(getattr(self, field), (0, missing), constant_values=np.nan))
        self.quoted_at_ns = np.pad(self.quoted_at_ns, (0, missing))

    def show(self, ids: Integers, batch: QuoteBatch, market_time_ns: int) -> None:
        """Take over the marks of a batch; its bids and asks are in the engine's books."""
        self.mark_price[ids] = batch.mark_price
        self.mark_volatility[ids] = batch.mark_volatility
        self.forward_price[ids] = batch.forward_price
        self.open_interest[ids] = batch.open_interest
        self.quoted_at_ns[ids] = market_time_ns
        self._touch(ids.tolist())

    def withdraw(self, ids: list[int], market_time_ns: int) -> None:
        """The source does not quote these any more: no mark, no volatility."""
        if not ids:
            return
        for field in (self.mark_price, self.mark_volatility, self.open_interest):
            field[ids] = np.nan
        self.quoted_at_ns[ids] = market_time_ns
        self._touch(ids)

    def remove(self, instrument_id: int) -> None:
        """Delivered: its frames end."""
        self.shown.discard(instrument_id)
        self.dirty.discard(instrument_id)
        self.removed.add(instrument_id)

    def set_index(self, coin: str, price: float) -> None:
        self.index_prices[coin] = price
        self.dirty_indexes.add(coin)

    def add_trade(self, instrument_id: int, trade: PublicTrade) -> None:
        """A real execution of this venue, newest first."""
        self.trades.setdefault(instrument_id, deque(maxlen=TRADES_SHOWN_MAX)).appendleft(trade)
        self.last_price[instrument_id] = trade.price
        self.dirty_trades.add(instrument_id)
        self.touch(instrument_id)

    def touch(self, instrument_id: int) -> None:
        """The book of this instrument changed."""
        if instrument_id in self.shown:
            self.dirty.add(instrument_id)

    def dirty_everything(self) -> None:
        """Frames were lost on their way: all are to be sent again."""
        self.dirty.update(self.shown)
        self.dirty_indexes.update(self.index_prices)
        self.dirty_trades.update(self.trades)
        self.is_status_dirty = True

    def _touch(self, ids: list[int]) -> None:
        self.shown.update(ids)
        self.dirty.update(ids)
