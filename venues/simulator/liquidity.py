"""How a simulated venue quotes: around the path's mark plus an offset of its own, with seeded sizes; and who trades."""

import logging
import math
import random

from venues.simulator.contracts import Contract
from venues.simulator.exchange import Exchange
from venues.simulator.matching import Level
from venues.simulator.paths import Path
from venues.simulator.records import Refused, Terms
from wire.units import InstrumentKind, Side, TimeInForce

log = logging.getLogger(__name__)

STEP_SECONDS = 0.1
QUOTED_SHARE = 0.9
"""Of the contracts, drawn anew at each step."""
OPTIONS_SHARE = 0.05
OPTION_HALF_SPREAD = 0.025
"""Of the mark, at least a tick."""
OPTION_AMOUNT = {"BTC": (1.0, 12.0), "ETH": (10.0, 120.0), "SOL": (10.0, 500.0)}
OPTION_LEVELS = 3
OFFSET_PULL = 0.02
"""A step; the offset returns to nothing."""
TAKE_SHARE_MAX = 0.5
"""Of the best level, taken by people nobody knows."""
BASIS_POINT = 1e-4


class Liquidity:
    """Seeded: the same path at the same times gives the same quotes."""

    def __init__(self, exchange: Exchange, path: Path, seed: int) -> None:
        self._exchange, self._path = exchange, path
        self._random = random.Random(seed)  # noqa: S311 - a market, no secret
        self._offset: dict[str, float] = {}

    def step(self, at_ns: int, *, is_first: bool = False) -> None:
        """Quotes a part of the contracts anew, everything at first; lets somebody trade; says the venue lives."""
        for coin, price in self._path.indices.items():
            self._exchange.set_index(coin, price, at_ns)
            self._move_offset(coin)
        for contract in list(self._exchange.contracts.values()):
            share = OPTIONS_SHARE if contract.is_option else QUOTED_SHARE
            if self._random.random() < share or is_first:
                self._quote(contract, at_ns)
        self._exchange.matching.beat(at_ns)
        self._trade(at_ns)

    def _move_offset(self, coin: str) -> None:
        wide = self._exchange.profile.offset_basis_points * math.sqrt(2 * OFFSET_PULL)
        held = self._offset.get(coin, 0.0)
        self._offset[coin] = held * (1 - OFFSET_PULL) + wide * self._random.gauss(0, 1)

    def _quote(self, contract: Contract, at_ns: int) -> None:
        mark = self._path.marks.get(contract.name, math.nan)
        if not mark > 0:
            return
        quotes = self._option_quotes(contract, mark) if contract.is_option else self._linear_quotes(contract, mark)
        self._exchange.set_quotes(contract, mark, quotes, at_ns)

    def _linear_quotes(self, contract: Contract, mark: float) -> tuple[list[Level], list[Level]]:
        profile, tick = self._exchange.profile, float(contract.terms.tick_size)
        coin = contract.terms.base_currency
        middle = mark * (1 + self._offset.get(coin, 0.0) * BASIS_POINT)
        half = max(mark * profile.half_spread_basis_points * BASIS_POINT, tick / 2)
        usd = profile.level_usd / (1 if contract.terms.is_inverse else mark)
        amounts = [usd * math.sqrt(1 + i) for i in range(profile.levels)]
        return self._ladder(contract, middle, half, amounts)

    def _option_quotes(self, contract: Contract, mark: float) -> tuple[list[Level], list[Level]]:
        half = max(mark * OPTION_HALF_SPREAD, float(contract.terms.tick_size))
        amount = self._random.uniform(*OPTION_AMOUNT[contract.terms.base_currency])
        return self._ladder(contract, mark, half, [amount * (1 + i) for i in range(OPTION_LEVELS)])

    def _ladder(
        self, contract: Contract, middle: float, half: float, amounts: list[float]
    ) -> tuple[list[Level], list[Level]]:
        """Bids rounded down, asks up, each level one to three ticks behind the one before; sizes drawn."""
        tick, step = float(contract.terms.tick_size), float(contract.amount_step)
        bid, ask = math.floor((middle - half) / tick), math.ceil((middle + half) / tick)
        sides: tuple[list[Level], list[Level]] = ([], [])
        for amount in amounts:
            for side, price in zip(sides, (bid, ask), strict=True):
                lots = max(1, round(amount * self._random.uniform(0.5, 1.5) / step))
                if price > 0:
                    side.append((price, lots))
            bid -= self._random.randint(1, 3)
            ask += self._random.randint(1, 3)
        return sides

    def _trade(self, at_ns: int) -> None:
        chance = self._exchange.profile.takes_per_minute / 60 * STEP_SECONDS
        for contract in list(self._exchange.contracts.values()):
            if contract.terms.kind is InstrumentKind.OPTION or self._random.random() >= chance:
                continue
            side = Side.BUY if self._random.random() < 0.5 else Side.SELL
            bids, asks = self._exchange.matching.depth(contract)
            levels = asks if side is Side.BUY else bids
            if levels:
                ticks, lots = levels[0]
                taken = max(1, round(lots * self._random.uniform(0.05, TAKE_SHARE_MAX)))
                self._take(contract, side, ticks, taken, at_ns)

    def _take(self, contract: Contract, side: Side, ticks: int, lots: int, at_ns: int) -> None:
        terms = Terms(side=side, quantity_lots=lots, price_ticks=ticks, time_in_force=TimeInForce.IOC)
        try:
            self._exchange.place(self._exchange.public, contract, terms, at_ns)
        except Refused as refused:
            log.info("a public order was refused: %s", refused.reason)
