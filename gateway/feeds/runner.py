"""Plays a feed into the engine and onto the board: lists, quotes, withdraws, delivers, keeps the feed's heartbeat."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import parley_core

from gateway import clock
from gateway.board import Board
from gateway.engine import EngineStopped, list_contract, submit
from gateway.feeds import margin_inputs
from gateway.feeds.updates import Feed, FeedTrade, Floats, MarketUpdate, QuoteBatch
from gateway.position_file import MarketPosition, save_position
from gateway.registry import COLLAR_FLOOR_TICKS, Contract, Integers, Registry, coin_id
from wire.instruments import COINS, parse_instrument_name

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 0.25
SAVE_SECONDS = 2.0
QUOTES_A_CALL = 128
"""Instruments handed to the engine at once: bounds how long the loop is busy."""
ENGINE_LEVELS = 10
FLUSH_SECONDS = 5.0
"""After a whole snapshot the books are read only when the engine has taken it, at most this much later."""
MICROS = 1_000_000
DELIVERY_LATE_NS = 5 * 60 * 1_000_000_000


class FeedRunner:
    """One feed, one engine, one board. ``directory``: where the market's position is kept."""

    def __init__(
        self,
        feed: Feed,
        engine: parley_core.Engine,
        registry: Registry,
        board: Board,
        directory: Path,
        on_trade: Callable[[FeedTrade], None] = lambda _: None,
    ) -> None:
        """``on_trade``: told of each trade of the market that plays."""
        self._on_trade = on_trade
        self._feed, self._engine, self._registry, self._board = feed, engine, registry, board
        self._directory = directory
        self._undelivered = {contract.instrument_id for contract in registry.contracts()}
        self._quoted = set(self._undelivered)
        """Ids that may have quotes in the engine; at the start every id, because the engine remembers quotes."""
        self._is_fresh = False
        self._indices: dict[str, float] = {}
        board.grow()

    async def run(self) -> None:
        """Until the feed ends or the engine stops."""
        try:
            await margin_inputs.set_haircuts(self._engine)
            await margin_inputs.describe(self._engine, self._registry.contracts())
            async for update in self._feed.updates():
                await self.apply(update)
        except (EngineStopped, OSError) as error:
            self._feed.status.state, self._feed.status.detail = "halted", str(error)
            log.critical("feed: halted: %s", error)
        self._board.is_status_dirty = True
        log.info("feed: %s", self._feed.status)

    async def apply(self, update: MarketUpdate) -> None:
        """One update, in the order: expiries, index, new contracts, quotes, withdrawals, heartbeat.

        The heartbeat says that every price stands, so the first one waits for the first whole update: what the
        engine remembers of an earlier run is not confirmed by anybody.
        """
        board = self._board
        board.market_time_ns = max(board.market_time_ns, update.market_time_ns)
        if update.marker:
            await self._save()
        await self._deliver_expired(board.market_time_ns)
        for coin, price in update.index_prices.items():
            if coin in COINS:
                await submit(self._engine.set_index, coin_id(coin), round(price * MICROS))
                board.set_index(coin, price)
                self._indices[coin] = price
        if update.quotes is not None:
            quotes = self._without_expired(update.quotes)
            await self._list_new(quotes.names)
            await self._quote(quotes, is_complete=update.is_complete)
        for trade in update.trades:
            self._on_trade(trade)
        self._is_fresh = self._is_fresh or update.is_complete
        if self._is_fresh:
            await self._beat()
        board.marker = update.marker or board.marker
        board.is_status_dirty = board.is_status_dirty or bool(update.marker)

    async def heartbeat(self) -> None:
        """Tell the engine and the board, four times a second, that the feed is alive and its prices stand."""
        saved_at = clock.monotonic()
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            if self._feed.status.state not in ("playing", "waiting") or not self._is_fresh:
                continue
            try:
                await self._beat()
            except EngineStopped:
                return
            if clock.monotonic() - saved_at > SAVE_SECONDS:
                saved_at = clock.monotonic()
                await self._save()

    async def _save(self) -> None:
        """A disk that is full must not end the gateway: the journal says so in its own way.

        A gateway from which another took over leaves the position to that one.
        """
        if not self._engine.renew_lease():
            return
        try:
            await asyncio.to_thread(save_position, self._directory, self.position())
        except OSError as error:
            log.warning("feed: the market's position is not saved: %s", error)

    async def _beat(self) -> None:
        await submit(self._engine.feed_heartbeat, self._board.market_time_ns)
        self._board.alive_at_ns = clock.now_ns()

    def position(self) -> MarketPosition:
        return MarketPosition(
            source=self._feed.source, next_instrument_id=self._registry.next_id, feed=self._feed.position()
        )

    def _without_expired(self, batch: QuoteBatch) -> QuoteBatch:
        """A recording that goes on shows its last snapshot again: what has expired since is not listed anew."""
        now, registry = self._board.market_time_ns, self._registry
        expiries = [0 if name in registry else parse_instrument_name(name).expiry_at_ns for name in batch.names]
        if not any(0 < expiry <= now for expiry in expiries):
            return batch
        return _pick(batch, np.flatnonzero([not 0 < expiry <= now for expiry in expiries]))

    async def _list_new(self, names: Sequence[str]) -> None:
        new = self._registry.list_new(names)
        if not new:
            return
        self._board.grow()
        await asyncio.to_thread(save_position, self._directory, self.position())
        for contract in new:
            terms = msgspec.json.encode(contract.terms)
            await list_contract(self._engine, contract, terms, COLLAR_FLOOR_TICKS[contract.terms.kind])
            self._undelivered.add(contract.instrument_id)
        await margin_inputs.describe(self._engine, new)
        log.info("feed: listed %d contracts, from %s to %s", len(new), new[0].name, new[-1].name)

    async def _quote(self, batch: QuoteBatch, *, is_complete: bool) -> None:
        ids = self._registry.ids(batch.names)
        expiry = self._registry.expiry_at_ns[ids]
        alive = np.flatnonzero((expiry == 0) | (expiry > self._board.market_time_ns))
        for start in range(0, len(alive), QUOTES_A_CALL):
            rows = alive[start : start + QUOTES_A_CALL]
            await self._push(ids[rows], batch, rows)
            await asyncio.sleep(0)
        market = (self._board.market_time_ns, self._indices)
        await margin_inputs.set_margin_inputs(self._engine, self._registry, ids[alive], _pick(batch, alive), market)
        quoted = set(ids[alive].tolist())
        if is_complete:
            withdrawn = sorted((self._quoted & self._undelivered) - quoted)
            await self._withdraw(withdrawn)
            await asyncio.to_thread(self._engine.flush, FLUSH_SECONDS)
            self._board.withdraw(withdrawn, self._board.market_time_ns)
            self._quoted = quoted
        else:
            self._quoted |= quoted
        self._board.show(ids[alive], _pick(batch, alive), self._board.market_time_ns)

    async def _push(self, ids: Integers, batch: QuoteBatch, rows: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> None:
        registry = self._registry
        bids, asks = batch.bid_prices[rows, :ENGINE_LEVELS], batch.ask_prices[rows, :ENGINE_LEVELS]
        await submit(
            self._engine.set_quotes_many,
            self._board.market_time_ns,
            ids,
            registry.mark_ticks(ids, batch.mark_price[rows]),
            registry.price_ticks(ids, bids, round_up=False),
            self._lots(ids, bids, batch.bid_quantities[rows, :ENGINE_LEVELS]),
            registry.price_ticks(ids, asks, round_up=True),
            self._lots(ids, asks, batch.ask_quantities[rows, :ENGINE_LEVELS]),
        )

    def _lots(self, ids: Integers, prices: Floats, quantities: Floats) -> Integers:
        return self._registry.quantity_lots(ids, np.where(np.isnan(prices), np.nan, quantities))

    async def _withdraw(self, ids: list[int]) -> None:
        for instrument_id in ids:
            await submit(self._engine.set_quotes, self._board.market_time_ns, instrument_id, -1, [], [])

    async def _deliver_expired(self, market_time_ns: int) -> None:
        """Deliver what has expired on the market clock. Delivering again after a restart changes nothing.

        The position is saved first: a market that went back to before an expiry would list anew what the engine has
        forgotten, under another id.
        """
        expiry = self._registry.expiry_at_ns
        due = [i for i in self._undelivered if expiry[i] and expiry[i] <= market_time_ns]
        if due:
            await asyncio.to_thread(save_position, self._directory, self.position())
        for instrument_id in sorted(due, key=lambda i: (int(expiry[i]), i)):
            await self._deliver(self._registry.get(instrument_id), market_time_ns)

    async def _deliver(self, contract: Contract, market_time_ns: int) -> None:
        coin, expiry_at_ns = contract.terms.base_currency, contract.terms.expiry_at_ns
        price = self._feed.find_delivery_price(coin, expiry_at_ns)
        if price is None:
            log.error("feed: %s has expired and the source knows no index to deliver it at", contract.name)
            self._undelivered.discard(contract.instrument_id)
            return
        if market_time_ns - expiry_at_ns > DELIVERY_LATE_NS:
            log.warning("feed: %s is delivered late, at %.2f", contract.name, price)
        await submit(self._engine.deliver, market_time_ns, contract.instrument_id, round(price * MICROS))
        self._undelivered.discard(contract.instrument_id)
        self._quoted.discard(contract.instrument_id)
        self._board.remove(contract.instrument_id)


def _pick(batch: QuoteBatch, rows: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> QuoteBatch:
    return QuoteBatch(
        names=[batch.names[row] for row in rows],
        mark_price=batch.mark_price[rows],
        mark_volatility=batch.mark_volatility[rows],
        forward_price=batch.forward_price[rows],
        open_interest=batch.open_interest[rows],
        bid_prices=batch.bid_prices[rows],
        bid_quantities=batch.bid_quantities[rows],
        ask_prices=batch.ask_prices[rows],
        ask_quantities=batch.ask_quantities[rows],
    )
