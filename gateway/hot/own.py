"""Orders and pairs of the hot path, as its facts left them."""

import dataclasses

from gateway.hot.facts import AnyFact, SteeredFact
from wire.pairs import PairListed, PairState
from wire.units import Side


@dataclasses.dataclass(slots=True, kw_only=True)
class OwnOrder:
    """``number``: of the record that made it known; ``is_adopted``: which was the venue's."""

    order_id: int
    pair: int
    leg: int
    side: Side
    lots: int
    price_ticks: int
    number: int
    at_ns: int
    is_adopted: bool = False
    filled: int = 0
    is_done: bool = False
    executions: dict[int, tuple[int, int]] = dataclasses.field(default_factory=dict)
    """Shares and price by the venue's match number."""

    @property
    def leaves(self) -> int:
        return 0 if self.is_done else self.lots - self.filled


@dataclasses.dataclass(slots=True)
class OwnPair:
    """``cash_ticks``: of the round trip under way, or of the last one; ``realized_ticks``: of those before it.
    ``facts``: of this session of the venue, which may take trades back, by their numbers; the round trip begins with
    the ``trip_at``-th, and with the ``orders_at``-th order.
    """

    listed: PairListed
    held: list[int] = dataclasses.field(default_factory=lambda: [0, 0])
    cash_ticks: int = 0
    realized_ticks: int = 0
    working: set[int] = dataclasses.field(default_factory=set)
    is_entering: bool = False
    is_disabled: bool = False
    steered: tuple[int, SteeredFact] | None = None
    facts: list[tuple[int, AnyFact]] = dataclasses.field(default_factory=list)
    orders: list[int] = dataclasses.field(default_factory=list)
    trip_at: int = 0
    orders_at: int = 0

    @property
    def is_flat(self) -> bool:
        return not self.working and self.held == [0, 0]

    @property
    def state(self) -> PairState:
        if self.is_disabled:
            return PairState.DISABLED
        if self.working:
            return PairState.ENTERING if self.is_entering else PairState.EXITING
        if self.held == [0, 0]:
            return PairState.FLAT
        if not all(self.held):
            return PairState.LEGGED
        return PairState.LONG if self.held[0] > 0 else PairState.SHORT

    @property
    def profit_ticks(self) -> int:
        """Of round trips that ended."""
        return self.realized_ticks + (self.cash_ticks if self.is_flat else 0)

    def open_profit_ticks(self, mids: tuple[float, float]) -> float:
        """Of the round trip under way, at those prices."""
        return 0.0 if self.is_flat else self.cash_ticks + self.held[0] * mids[0] + self.held[1] * mids[1]
