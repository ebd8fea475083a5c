"""Orders out against orders in: how much of a split order may still leave. Pure; quantities are lots."""

import dataclasses
from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal

from wire.units import TERMINAL_ORDER_STATES, OrderState

ROUNDS_MAX = 12
EXCLUDED_NS = 10 * 10**9
"""So long a venue is left out that refused a part."""
PENALIZED_NS = 30 * 10**9
"""So long a venue is charged more that filled less than it showed."""
GIVE_UP_NS = 5 * 10**9
"""So long after the last part left, what is open and cannot be taken ends the order."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PartStanding:
    """``busted``: executed and taken back, which is held and not traded anew by itself."""

    venue: str
    state: OrderState
    asked: int
    cumulative: Decimal
    busted: Decimal
    leaves: Decimal
    lot: Decimal
    ended_at_ns: int

    @property
    def is_over(self) -> bool:
        return self.state in TERMINAL_ORDER_STATES

    @property
    def out_lots(self) -> int:
        """Filled, or still to be filled, or held: rounded up, so that a fraction of a lot is never bought twice."""
        out = self.cumulative + self.busted + self.leaves
        return int((out / self.lot).to_integral_value(ROUND_CEILING))


def free_lots(asked: int, parts: Iterable[PartStanding]) -> int:
    """What may leave now; 0 also where more is out than was asked, which a venue that overfills can do."""
    return max(0, asked - sum(part.out_lots for part in parts))


def left_out(parts: Iterable[PartStanding], now_ns: int) -> list[str]:
    """Venues that refused a part not long ago."""
    return sorted({part.venue for part in parts if _failed(part, now_ns, EXCLUDED_NS, is_refusal=True)})


def penalized(parts: Iterable[PartStanding], now_ns: int) -> list[str]:
    """Venues that filled less than they showed, not long ago."""
    return sorted({part.venue for part in parts if _failed(part, now_ns, PENALIZED_NS, is_refusal=False)})


def _failed(part: PartStanding, now_ns: int, holds_ns: int, *, is_refusal: bool) -> bool:
    if not part.is_over or part.cumulative >= part.asked * part.lot or now_ns - part.ended_at_ns > holds_ns:
        return False
    return (part.state is OrderState.REJECTED) is is_refusal
