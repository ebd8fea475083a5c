"""A maker's book: options at recorded marks, their delta hedged on the recorded forward of each expiry.

All in US dollars: an option is worth its mark (coin) times the forward it was recorded with, which is its undiscounted
Black-76 price, and its recorded delta is the hedge. Between two snapshots nothing trades; at each the hedge is set anew
and costs ``HEDGE_COST_BASIS_POINTS`` of what is traded. What expired is delivered at the index at its expiry, linear
between the snapshots around it.
"""

import dataclasses
from collections import defaultdict

from terminal.rfq_study.recorded_market import Row, Seen
from wire.instruments import InstrumentTerms, parse_instrument_name
from wire.units import InstrumentKind, OptionType

HEDGE_COST_BASIS_POINTS = 5.5
"""Taker fee of futures (5) and half a spread (0.5): every hedge crosses."""
OPTION_FEE_BASIS_POINTS, OPTION_FEE_CAP = 3.0, 0.125
"""Of the underlying, at most that share of the premium: Parley's fee schedule."""


@dataclasses.dataclass(kw_only=True)
class Income:
    """US dollars. edge: dealt price against the mark; drift: options and hedge after the trade."""

    edge: float = 0.0
    drift: float = 0.0
    hedge_cost: float = 0.0
    fees: float = 0.0
    trades: int = 0

    @property
    def total(self) -> float:
        return self.edge + self.drift - self.hedge_cost - self.fees


class Book:
    def __init__(self) -> None:
        self.contracts: dict[str, float] = defaultdict(float)
        self.hedges: dict[str, float] = defaultdict(float)
        self._marks: dict[str, Row] = {}
        self._forwards: dict[str, float] = {}
        self._linear: dict[str, float] = defaultdict(float)
        """Coins of perpetuals taken over with covered structures, by coin."""
        self._index: dict[str, float] = {}

    def trade(self, name: str, contracts: float, price: float, seen: Seen, income: Income) -> None:
        """``contracts``: signed, the maker's; price in the instrument's own convention."""
        terms = parse_instrument_name(name)
        if terms.kind is not InstrumentKind.OPTION:
            coins = contracts * float(terms.multiplier) / seen.index[terms.base_currency]
            income.edge += coins * (seen.index[terms.base_currency] - price)
            self._linear[terms.base_currency] += coins
            return
        row = seen.rows[name]
        income.edge += contracts * (row.mark - price) * row.forward
        income.fees += option_fee(price, row.forward) * abs(contracts)
        self.contracts[name] += contracts
        self._marks[name] = row
        self._forwards[terms.underlying_name] = row.forward

    def advance(self, seen: Seen, income: Income) -> None:
        """Earn what moved since the last snapshot, deliver what expired."""
        for name in list(self.contracts):
            row = seen.rows.get(name)
            before = self._marks[name]
            if row is not None:
                income.drift += self.contracts[name] * (row.mark * row.forward - before.mark * before.forward)
                self._marks[name] = row
            elif before.terms.expiry_at_ns <= seen.at_ns:
                settled = intrinsic(before.terms, self._delivery(before.terms, seen))
                income.drift += self.contracts.pop(name) * (settled - before.mark * before.forward)
                del self._marks[name]
        self._move_hedges(seen, income)
        for coin, price in seen.index.items():
            income.drift += self._linear[coin] * (price - self._index.get(coin, price))
        self._index = dict(seen.index)
        self._at_ns = seen.at_ns

    def _move_hedges(self, seen: Seen, income: Income) -> None:
        forwards = {row.terms.underlying_name: row.forward for row in seen.rows.values()}
        for name in list(self.hedges):
            before = self._forwards[name]
            terms = parse_instrument_name(name)
            expired = terms.expiry_at_ns <= seen.at_ns
            now = self._delivery(terms, seen) if expired else forwards.get(name, before)
            income.drift += self.hedges[name] * (now - before)
            self._forwards[name] = now
            if expired:
                del self.hedges[name]

    def rehedge(self, income: Income) -> None:
        """Trade each expiry's forward until its options' recorded delta is gone."""
        wanted: dict[str, float] = defaultdict(float)
        for name, contracts in self.contracts.items():
            wanted[self._marks[name].terms.underlying_name] -= contracts * self._marks[name].delta
        for coin, coins in self._linear.items():
            first = next((name for name in sorted(wanted) if name.startswith(f"{coin}-")), None)
            if first is not None:
                wanted[first] -= coins
        for name in sorted(set(wanted) | set(self.hedges)):
            traded = wanted.get(name, 0.0) - self.hedges[name]
            income.hedge_cost += abs(traded) * self._forwards[name] * HEDGE_COST_BASIS_POINTS * 1e-4
            self.hedges[name] = wanted.get(name, 0.0)

    def _delivery(self, terms: InstrumentTerms, seen: Seen) -> float:
        """Index at the expiry, between the snapshot before it and this one."""
        coin = terms.base_currency
        later, earlier = seen.index[coin], self._index.get(coin, seen.index[coin])
        span = seen.at_ns - self._at_ns
        share = (terms.expiry_at_ns - self._at_ns) / span if span else 1.0
        return earlier + (later - earlier) * min(max(share, 0.0), 1.0)


def intrinsic(terms: InstrumentTerms, price: float) -> float:
    strike = float(terms.strike or 0)
    return max(price - strike if terms.option_type is OptionType.CALL else strike - price, 0.0)


def option_fee(price: float, forward: float) -> float:
    """US dollars for one contract dealt at ``price`` (coin)."""
    return min(OPTION_FEE_BASIS_POINTS * 1e-4, OPTION_FEE_CAP * price) * forward
