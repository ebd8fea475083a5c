"""A seeded market of two coins that moves all the time: index, spot, perpetuals, dated futures and an option chain.

Its clock is the wall clock. Every ``STEP_SECONDS`` the index moves, everything but options is quoted anew, and a
slice of the chain, so that the rate of updates is bounded and every option is fresh within about two seconds.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping

import msgspec
import numpy as np

from gateway import clock
from gateway.feeds.delivery import DELIVERY_WINDOW_NS, average_index
from gateway.feeds.listing import expiry_code, list_expiries, list_future_expiries, list_strikes
from gateway.feeds.price_path import COINS_SIMULATED, CoinState, advance, atm_total_variance, first_state, forward_price
from gateway.feeds.simulated_quotes import OptionColumns, quote_linear, quote_options, years_until
from gateway.feeds.simulated_trades import SimulatedTrades
from gateway.feeds.updates import FeedStatus, Floats, MarketUpdate, QuoteBatch
from wire.instruments import InstrumentTerms, UnknownInstrumentName, parse_instrument_name
from wire.units import NANOSECONDS_PER_SECOND, InstrumentKind

log = logging.getLogger(__name__)

STEP_SECONDS = 0.1
OPTIONS_A_STEP = 24
LISTING_STEPS = 50
"""Steps between two looks at the calendar and at the strikes."""
HISTORY_SECONDS = 10
HISTORY_MAX = 2 * DELIVERY_WINDOW_NS // NANOSECONDS_PER_SECOND // HISTORY_SECONDS


class CoinMarket:
    """One coin: its state, its listed contracts, and the index samples that a delivery price needs."""

    def __init__(self, coin: str, state: CoinState, history: Iterable[tuple[int, float]]) -> None:
        self.coin, self.terms, self.state = coin, COINS_SIMULATED[coin], state
        self.history: deque[tuple[int, float]] = deque(history, maxlen=int(HISTORY_MAX))
        self.linear: list[InstrumentTerms] = []
        self.options: dict[str, InstrumentTerms] = {}
        self.columns = OptionColumns([])
        self._cursor = 0

    def list_contracts(self, at_ns: int) -> None:
        """Drop what has expired and add what the calendar and the strike rule ask for."""
        self.options = {name: terms for name, terms in self.options.items() if terms.expiry_at_ns > at_ns}
        listed = {terms.expiry_at_ns for terms in self.options.values()}
        for expiry_at_ns in sorted(listed | set(list_expiries(at_ns))):
            self._add_strikes(expiry_at_ns, at_ns)
        ordered = sorted(self.options.values(), key=lambda t: (t.expiry_at_ns, t.strike or 0, t.name))
        self.columns = OptionColumns(ordered)
        names = [f"{self.coin}-PERPETUAL", f"{self.coin}_USDC-PERPETUAL", f"{self.coin}_USDC"]
        held = {terms.expiry_at_ns for terms in self.linear if terms.expiry_at_ns > at_ns}
        dated = sorted(held | set(list_future_expiries(at_ns)))
        names += [f"{self.coin}-{expiry_code(expiry)}" for expiry in dated]
        self.linear = [parse_instrument_name(name) for name in names]

    def _add_strikes(self, expiry_at_ns: int, at_ns: int) -> None:
        years = years_until(np.array([expiry_at_ns], dtype=np.int64), at_ns)
        forward = float(forward_price(self.state, years)[0])
        deviation = float(np.sqrt(atm_total_variance(self.state, self.terms, years)[0]))
        same = {float(t.strike or 0) for t in self.options.values() if t.expiry_at_ns == expiry_at_ns}
        for strike in list_strikes(forward, deviation, sorted(same)):
            for right in "CP":
                name = f"{self.coin}-{expiry_code(expiry_at_ns)}-{strike:.0f}-{right}"
                self.options[name] = parse_instrument_name(name)

    def next_options(self, count: int) -> OptionColumns:
        """The next rows of the chain in turn."""
        size = len(self.columns.names)
        rows = (self._cursor + np.arange(min(count, size))) % max(size, 1)
        self._cursor = (self._cursor + count) % max(size, 1)
        return self.columns.pick(rows)


class SimulatedFeed:
    """See ``gateway.feeds.updates.Feed``."""

    source = "simulated"

    def __init__(
        self, seed: int, *, at_ns: int, listed: Iterable[str] = (), position: Mapping[str, object] | None = None
    ) -> None:
        """``position``: where an earlier run stopped; ``listed``: contracts of earlier runs that still trade."""
        self.seed = seed
        self.status = FeedStatus(detail=f"seed {seed}")
        saved = msgspec.convert((position or {}).get("coins", {}), dict[str, SavedCoin])
        self._random = np.random.default_rng([seed, at_ns // NANOSECONDS_PER_SECOND] if saved else seed)
        self._at_ns = at_ns
        self._trades = SimulatedTrades(seed, at_ns)
        self._steps = 0
        self.coins = {coin: self._open_coin(coin, saved.get(coin)) for coin in COINS_SIMULATED}
        self._restore(listed, at_ns)

    def _open_coin(self, coin: str, saved: "SavedCoin | None") -> CoinMarket:
        state = saved.state if saved else first_state(COINS_SIMULATED[coin], self._random)
        return CoinMarket(coin, state, saved.history if saved else ())

    def _restore(self, listed: Iterable[str], at_ns: int) -> None:
        for name in listed:
            try:
                terms = parse_instrument_name(name)
            except UnknownInstrumentName as error:
                log.warning("contract of an earlier run is not quoted: %s", error)
                continue
            market = self.coins.get(terms.base_currency)
            if market is None or not terms.expiry_at_ns > at_ns:
                continue
            if terms.kind is InstrumentKind.OPTION:
                market.options[name] = terms
            else:
                market.linear.append(terms)

    async def updates(self) -> AsyncIterator[MarketUpdate]:
        """An update every ``STEP_SECONDS``; the first one quotes everything."""
        yield self.step(clock.now_ns())
        due = clock.monotonic()
        while True:
            due = max(due + STEP_SECONDS, clock.monotonic() - STEP_SECONDS)
            await asyncio.sleep(max(0.0, due - clock.monotonic()))
            yield self.step(clock.now_ns())

    def step(self, at_ns: int) -> MarketUpdate:
        """Move the market to ``at_ns``. The same seed and the same times give the same updates."""
        seconds = max(0, at_ns - self._at_ns) / NANOSECONDS_PER_SECOND
        self._at_ns = max(at_ns, self._at_ns)
        is_listing = self._steps % LISTING_STEPS == 0
        batches, trades = [], []
        for coin, market in self.coins.items():
            advance(market.state, market.terms, seconds, self._random)
            self._remember(market)
            if is_listing:
                market.list_contracts(self._at_ns)
            options = market.columns if not self._steps else market.next_options(OPTIONS_A_STEP // len(self.coins))
            linear = quote_linear(self._unexpired(market), market.state, self._at_ns, self._random)
            trades += self._trades.draw(linear, seconds, self._at_ns)
            batches.append(linear)
            batches.append(quote_options(options, coin, market.state, market.terms, self._at_ns, self._random))
        update = MarketUpdate(
            market_time_ns=self._at_ns,
            index_prices={coin: market.state.price for coin, market in self.coins.items()},
            quotes=join_batches(batches),
            is_complete=not self._steps,
            trades=trades,
        )
        self._steps += 1
        self.status.updates_played = self._steps
        return update

    def _unexpired(self, market: CoinMarket) -> list[InstrumentTerms]:
        return [terms for terms in market.linear if not terms.expiry_at_ns or terms.expiry_at_ns > self._at_ns]

    def _remember(self, market: CoinMarket) -> None:
        last = market.history[-1][0] if market.history else 0
        if self._at_ns - last >= HISTORY_SECONDS * NANOSECONDS_PER_SECOND:
            market.history.append((self._at_ns, market.state.price))

    def find_delivery_price(self, coin: str, expiry_at_ns: int) -> float | None:
        market = self.coins.get(coin)
        if market is None:
            return None
        samples = [*market.history, (self._at_ns, market.state.price)]
        return average_index([at_ns for at_ns, _ in samples], [price for _, price in samples], expiry_at_ns)

    def apply_control(self, control: Mapping[str, object]) -> None:
        log.warning("feed control %s: a simulated market runs with the wall clock", dict(control))

    def position(self) -> dict[str, object]:
        coins = {coin: SavedCoin(state=m.state, history=list(m.history)) for coin, m in self.coins.items()}
        return {"seed": self.seed, "market_time_ns": self._at_ns, "coins": msgspec.to_builtins(coins)}


class SavedCoin(msgspec.Struct, kw_only=True):
    """A coin as it is kept between two runs."""

    state: CoinState
    history: list[tuple[int, float]]


def join_batches(batches: list[QuoteBatch]) -> QuoteBatch:
    """One batch out of several with different numbers of levels."""
    levels = max(batch.bid_prices.shape[1] for batch in batches)

    def stack(field: str) -> Floats:
        return np.concatenate([_pad(getattr(batch, field), levels) for batch in batches])

    def chain(field: str) -> Floats:
        return np.concatenate([getattr(batch, field) for batch in batches])

    return QuoteBatch(
        names=[name for batch in batches for name in batch.names],
        mark_price=chain("mark_price"),
        mark_volatility=chain("mark_volatility"),
        forward_price=chain("forward_price"),
        open_interest=chain("open_interest"),
        bid_prices=stack("bid_prices"),
        bid_quantities=stack("bid_quantities"),
        ask_prices=stack("ask_prices"),
        ask_quantities=stack("ask_quantities"),
    )


def _pad(values: Floats, levels: int) -> Floats:
    return np.pad(values, ((0, 0), (0, levels - values.shape[1])), constant_values=np.nan)
