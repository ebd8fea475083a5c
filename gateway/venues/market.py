"""What every adapter says of a venue's market beside books."""

import dataclasses
from decimal import Decimal

from wire.units import Side


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VenueTrade:
    """``side``: the aggressor's; None where the venue does not say. ``amount`` in the venue's own unit. ``at_ns``: the
    venue's clock.
    """

    trade_id: str
    name: str
    side: Side | None
    price: Decimal
    amount: Decimal
    at_ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VenueTicker:
    """None for what the venue does not say."""

    name: str
    at_ns: int
    bid_price: float | None = None
    ask_price: float | None = None
    mark_price: float | None = None
    index_price: float | None = None
    last_price: float | None = None
