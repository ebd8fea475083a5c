"""The books and marks that algorithms look at: of the gateway's own engine, or of the venue where children go."""

import math
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Protocol

import parley_core

from gateway import clock
from gateway.board import Board
from gateway.market_tape import MarketTape
from gateway.venues.publisher import Shown, is_fresh
from gateway.venues.trading import VenueTrading
from strategies.algos import Levels
from wire.gateway_algos import AlgoTerms
from wire.instruments import InstrumentTerms
from wire.limits import STALE_AFTER_MS
from wire.units import NANOSECONDS_PER_MS

LEVELS_SEEN = 5
NOTHING_TRADED = (0, 0)
NOTHING_SHOWN = Levels(bids=(), asks=(), is_fresh=False)
Level = tuple[int, int]
"""(price_ticks, lots)"""


class Market(Protocol):
    """Whatever shows an algorithm its market."""

    def levels(self, instrument_id: int, venue: str = "") -> Levels:
        """``venue`` empty: our own book."""
        ...

    def mark_half_ticks(self, instrument_id: int) -> int:
        """0 where there is no mark."""
        ...

    def traded(self, instrument_id: int, venue: str) -> tuple[int, int]:
        """(lots, sum of ticks times lots) that others traded since the gateway started, at the venue; ``venue`` empty:
        in the market that plays here, beside our own book.
        """
        ...


def leg_levels(market: Market, terms: AlgoTerms) -> tuple[Levels, ...]:
    """The books of a multi-leg order, leg by leg; none of an order in one instrument."""
    return tuple(market.levels(leg.instrument_id) for leg in terms.multileg.legs) if terms.multileg else ()


class Markets:
    """``venues``: what each shows, by its name. Marks are our own."""

    def __init__(self, engine: parley_core.Engine, board: Board, venues: Mapping[str, Shown], tape: MarketTape) -> None:
        self._engine, self._board, self._venues, self._tape = engine, board, venues, tape

    def traded(self, instrument_id: int, venue: str) -> tuple[int, int]:
        contract = self._board.registry.find(instrument_id)
        if contract is None:
            return NOTHING_TRADED
        self._tape.take(clock.now_ns())
        found, terms = self._tape.traded(venue, contract.name), contract.terms
        return int(found.quantity / terms.lot_size), int(found.value / (terms.lot_size * terms.tick_size))

    def levels(self, instrument_id: int, venue: str = "") -> Levels:
        if venue:
            return self._levels_at(instrument_id, venue)
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

    def _levels_at(self, instrument_id: int, venue: str) -> Levels:
        """Nothing to act on where the venue is not connected, does not offer it, or has not agreed with us."""
        shown, contract = self._venues.get(venue), self._board.registry.find(instrument_id)
        if shown is None or contract is None or contract.name not in shown.books:
            return NOTHING_SHOWN
        found = shown.books.levels(contract.name, LEVELS_SEEN, shown.status.heard_at_ns)
        trading: VenueTrading | None = getattr(shown, "trading", None)
        is_ready = trading is not None and trading.is_ready
        return Levels(
            bids=in_our_steps(found.bids, contract.terms, ROUND_FLOOR),
            asks=in_our_steps(found.asks, contract.terms, ROUND_CEILING),
            is_fresh=is_ready and is_fresh(found, clock.now_ns()),
        )


def in_our_steps(levels: list[tuple[str, str]], terms: InstrumentTerms, rounding: str) -> tuple[Level, ...]:
    """Ticks, rounded away from the other side, and whole lots; less than a lot at a price is nothing."""
    by_ticks: dict[int, Decimal] = {}
    for price, quantity in levels:
        ticks = int((Decimal(price) / terms.tick_size).to_integral_value(rounding))
        by_ticks[ticks] = by_ticks.get(ticks, Decimal(0)) + Decimal(quantity)
    whole = ((ticks, int(quantity / terms.lot_size)) for ticks, quantity in by_ticks.items())
    return tuple((ticks, lots) for ticks, lots in whole if ticks > 0 and lots > 0)
