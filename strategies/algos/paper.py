"""An algorithm against a recorded market that does not know of it: what its orders would have traded.

An order that takes gets what the book shows at its price or better, and nobody fills that up again before the level
changes. An order that rests waits behind everything that was shown at its price; only trades move it forward, so where
others cancel it waits longer than it would have. A trade beyond its price fills it.
"""

from dataclasses import dataclass, field

import msgspec

from strategies.algos.inputs import (
    Action,
    Cancel,
    ChildEnded,
    ChildEntered,
    ChildFilled,
    Enter,
    Input,
    Level,
    Levels,
    MarketTraded,
    Steer,
    Tick,
)
from strategies.algos.machine import step
from strategies.algos.state import AlgoState
from wire.gateway_algos import AlgoAction, AlgoTerms
from wire.units import Side


@dataclass(frozen=True, slots=True)
class Fill:
    at_ns: int
    child: int
    lots: int
    price_ticks: int
    is_passive: bool


@dataclass(slots=True)
class Resting:
    child: int
    price_ticks: int
    lots: int
    ahead_lots: int


@dataclass(slots=True)
class Paper:
    """One algorithm. ``fills`` in their order; ``inputs``: everything it was told."""

    terms: AlgoTerms
    levels: Levels
    started_at_ns: int
    state: AlgoState = field(init=False)
    fills: list[Fill] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    _resting: dict[int, Resting] = field(default_factory=dict)
    _taken: dict[Level, int] = field(default_factory=dict)
    """Lots that were taken of a level as it is shown."""

    def __post_init__(self) -> None:
        steer = Steer(at_ns=self.started_at_ns, action=AlgoAction.WORK, terms=self.terms, levels=self.levels)
        self.inputs.append(steer)
        begun, _ = step(None, steer)
        assert isinstance(begun, AlgoState), "paper is for algorithms"
        self.state = begun

    def on_book(self, levels: Levels) -> None:
        self.levels = levels
        shown = {*levels.bids, *levels.asks}
        self._taken = {level: lots for level, lots in self._taken.items() if level in shown}

    def on_time(self, at_ns: int) -> None:
        self._tell(Tick(at_ns=at_ns, levels=self._with_own()))

    def on_trade(self, at_ns: int, price_ticks: int, lots: int, aggressor: Side) -> None:
        """Somebody else traded; what rests on the other side may have its turn."""
        if self.state.is_ended:
            return
        self._tell(MarketTraded(at_ns=at_ns, lots=lots, price_ticks=price_ticks))
        if aggressor is not self.terms.side:
            for resting in list(self._resting.values()):
                lots -= self._meet(resting, at_ns, price_ticks, lots)

    def _meet(self, resting: Resting, at_ns: int, price_ticks: int, lots: int) -> int:
        """Lots of the trade that the order gets."""
        is_buy = self.terms.side is Side.BUY
        if price_ticks != resting.price_ticks and (price_ticks > resting.price_ticks) is is_buy:
            return 0
        if price_ticks == resting.price_ticks:
            passed = min(resting.ahead_lots, lots)
            resting.ahead_lots -= passed
            lots -= passed
        traded = min(lots, resting.lots)
        if traded:
            self._fill(at_ns, resting.child, traded, resting.price_ticks, is_passive=True)
            resting.lots -= traded
            if not resting.lots:
                self._resting.pop(resting.child, None)
        return traded

    def _tell(self, given: Input) -> None:
        before = self.state
        after, actions = step(before, given)
        assert isinstance(after, AlgoState), "an algorithm stays one"
        self.state = after
        if self.state != before:
            self.inputs.append(given)
        for action in actions:
            self._act(given.at_ns, action)

    def _act(self, at_ns: int, action: Action) -> None:
        if isinstance(action, Cancel):
            if self._resting.pop(action.child, None):
                self._tell(ChildEnded(at_ns=at_ns, child=action.child, reason="requested"))
            return
        self._tell(ChildEntered(at_ns=at_ns, child=action.child, order_id=action.child))
        left = action.lots - self._take(at_ns, action)
        if not left:
            return
        if action.is_passive:
            ahead = dict(self._side(own=True)).get(action.price_ticks, 0)
            self._resting[action.child] = Resting(action.child, action.price_ticks, left, ahead)
        else:
            self._tell(ChildEnded(at_ns=at_ns, child=action.child, reason="immediate_or_cancel"))

    def _take(self, at_ns: int, action: Enter) -> int:
        """Lots that trade at once, level by level."""
        traded, is_buy = 0, self.terms.side is Side.BUY
        for level in self._side(own=False):
            price, shown = level
            if traded == action.lots or (price != action.price_ticks and (price > action.price_ticks) is is_buy):
                break
            lots = min(shown - self._taken.get(level, 0), action.lots - traded)
            if lots > 0:
                self._taken[level] = self._taken.get(level, 0) + lots
                self._fill(at_ns, action.child, lots, price, is_passive=False)
                traded += lots
        return traded

    def _fill(self, at_ns: int, child: int, lots: int, price_ticks: int, *, is_passive: bool) -> None:
        self.fills.append(Fill(at_ns, child, lots, price_ticks, is_passive))
        self._tell(ChildFilled(at_ns=at_ns, child=child, lots=lots, price_ticks=price_ticks))

    def _side(self, *, own: bool) -> tuple[Level, ...]:
        is_bids = (self.terms.side is Side.BUY) is own
        return self.levels.bids if is_bids else self.levels.asks

    def _with_own(self) -> Levels:
        """The book as a venue would show it: with what rests, without what was taken."""
        own: dict[int, int] = dict(self._side(own=True))
        for resting in self._resting.values():
            own[resting.price_ticks] = own.get(resting.price_ticks, 0) + resting.lots
        is_buy = self.terms.side is Side.BUY
        near = tuple(sorted(own.items(), reverse=is_buy))
        left = [(level[0], level[1] - self._taken.get(level, 0)) for level in self._side(own=False)]
        far = tuple(level for level in left if level[1] > 0)
        bids, asks = (near, far) if is_buy else (far, near)
        return msgspec.structs.replace(self.levels, bids=bids, asks=asks)
