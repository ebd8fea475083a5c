"""The books and marks that algorithms look at, of the gateway's own engine."""

import math
from typing import Protocol

import parley_core

from gateway import clock
from gateway.board import Board
from strategies.algos import Levels
from wire.gateway_algos import AlgoTerms
from wire.limits import STALE_AFTER_MS
from wire.units import NANOSECONDS_PER_MS

LEVELS_SEEN = 5


class Market(Protocol):
    """Whatever shows an algorithm its market."""

    def levels(self, instrument_id: int) -> Levels: ...

    def mark_half_ticks(self, instrument_id: int) -> int:
        """0 where there is no mark."""


def leg_levels(market: Market, terms: AlgoTerms) -> tuple[Levels, ...]:
    """The books of a multi-leg order, leg by leg; none of an order in one instrument."""
    return tuple(market.levels(leg.instrument_id) for leg in terms.multileg.legs) if terms.multileg else ()


class OwnMarket:
    def __init__(self, engine: parley_core.Engine, board: Board) -> None:
        self._engine, self._board = engine, board

    def levels(self, instrument_id: int) -> Levels:
        bids, asks = self._engine.depth(instrument_id, LEVELS_SEEN)
        age_ns = clock.now_ns() - self._board.alive_at_ns
        is_fresh = age_ns <= STALE_AFTER_MS * NANOSECONDS_PER_MS
        return Levels(bids=tuple(bids), asks=tuple(asks), is_fresh=is_fresh)

    def mark_half_ticks(self, instrument_id: int) -> int:
        contract = self._board.registry.find(instrument_id)
        if contract is None or instrument_id >= len(self._board.mark_price):
            return 0
        mark = float(self._board.mark_price[instrument_id])
        return round(2 * mark / contract.tick) if math.isfinite(mark) else 0
