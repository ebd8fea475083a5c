"""The makers that a simulated venue plays towards its block RFQs: each quotes both ways, looks at its quotes every few
seconds, and replaces them where the market has moved away from them or their life is over. Between two looks a quote
stands: whoever crosses it trades at it.
"""

import dataclasses
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal

from venues.simulator.contracts import Contract
from wire.units import Side

MAKERS = {"ACORN": 0.6, "BIRCH": 0.8, "CEDAR": 1.0}
"""Alias, and how much of the half spread it asks for."""
OPTION_HALF_SPREAD, OUTRIGHT_HALF_SPREAD = 0.02, 0.0002
"""Of a leg's mark, at least a tick."""
FIRST_LOOK_NS = (0, 2 * 10**9)
"""Until the first quote, drawn for each maker."""
LOOK_NS = (3 * 10**9, 8 * 10**9)
"""Between two looks, drawn each time."""
LIFE_NS = (20 * 10**9, 60 * 10**9)
"""Of a quote."""
MOVE_SHARE = 0.5
"""Of the half spread: a quote stands while the marks have moved its middle by no more."""
SILENT_SHARE = 0.1
"""Of the replacements, at which a maker shows nothing until it looks again."""


@dataclasses.dataclass(frozen=True, slots=True)
class RfqLeg:
    contract: Contract
    side: Side
    ratio: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MakerQuote:
    """``side``: the maker's: its offers are sells. ``ticks``: of each leg; ``price``: net of one unit."""

    maker: str
    side: Side
    ticks: list[int]
    price: Decimal
    at_ns: int


class Maker:
    """One of them towards one request. Time is an argument; what it draws comes from the venue's own generator."""

    def __init__(self, name: str, draws: random.Random, at_ns: int) -> None:
        self.name, self._draws = name, draws
        self.quotes: list[MakerQuote] = []
        self._look_at_ns = at_ns + draws.randint(*FIRST_LOOK_NS)
        self._ends_at_ns = 0
        self._middle = self._half = 0.0
        """Of its quotes, net of one unit: what the marks said when they were made, and how far off it quoted."""

    def look(self, legs: Sequence[RfqLeg], marks: Mapping[str, float], at_ns: int) -> bool:
        """Whether its quotes are other ones now."""
        if at_ns < self._look_at_ns:
            return False
        self._look_at_ns = at_ns + self._draws.randint(*LOOK_NS)
        if any(leg.contract.name not in marks for leg in legs):
            return self._withdraw()
        known = [marks[leg.contract.name] for leg in legs]
        middle = sum(leg.side.sign * leg.ratio * mark for leg, mark in zip(legs, known, strict=True))
        has_moved = abs(middle - self._middle) > MOVE_SHARE * self._half
        if self.quotes and at_ns < self._ends_at_ns and not has_moved:
            return False
        if self._draws.random() < SILENT_SHARE:
            return self._withdraw()
        self.quotes = self._quote(legs, known, at_ns)
        self._middle, self._half = middle, float(abs(self.quotes[0].price - self.quotes[1].price)) / 2
        self._ends_at_ns = at_ns + self._draws.randint(*LIFE_NS)
        return True

    def _withdraw(self) -> bool:
        had, self.quotes = self.quotes, []
        return bool(had)

    def _quote(self, legs: Sequence[RfqLeg], marks: Sequence[float], at_ns: int) -> list[MakerQuote]:
        """Every leg off its mark by the maker's share of the half spread, to the maker's good."""
        share = MAKERS[self.name] * self._draws.uniform(0.9, 1.1)
        return [self._one(side, share, legs, marks, at_ns) for side in Side]

    def _one(self, side: Side, share: float, legs: Sequence[RfqLeg], marks: Sequence[float], at_ns: int) -> MakerQuote:
        ticks, net = [], Decimal(0)
        for leg, mark in zip(legs, marks, strict=True):
            tick = leg.contract.terms.tick_size
            half = mark * (OPTION_HALF_SPREAD if leg.contract.is_option else OUTRIGHT_HALF_SPREAD)
            away = max(share * half, float(tick)) * (leg.side.sign * side.opposite.sign)
            ticks.append(max(1, round((mark + away) / float(tick))))
            net += leg.side.sign * leg.ratio * ticks[-1] * tick
        return MakerQuote(maker=self.name, side=side, ticks=ticks, price=net, at_ns=at_ns)
