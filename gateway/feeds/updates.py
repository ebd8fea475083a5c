"""The one shape in which every source tells what its market looks like now."""

import dataclasses
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wire.units import Side

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QuoteBatch:
    """Quotes of ``names``, one row each; NaN stands for what the source does not say.

    Prices in the instrument's quote currency, quantities in contracts, volatility as a fraction, forward and index in
    USD. ``bid_prices`` and its three companions are (rows, levels), best level first.
    """

    names: list[str]
    mark_price: Floats
    mark_volatility: Floats
    forward_price: Floats
    open_interest: Floats
    bid_prices: Floats
    bid_quantities: Floats
    ask_prices: Floats
    ask_quantities: Floats

    def __post_init__(self) -> None:
        rows = len(self.names)
        for field in (self.mark_price, self.mark_volatility, self.forward_price, self.open_interest):
            assert field.shape == (rows,), "one value per name"
        for levels in (self.bid_prices, self.bid_quantities, self.ask_prices, self.ask_quantities):
            assert levels.shape[:1] == (rows,), "one row of levels per name"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FeedTrade:
    """A trade of others in the market that plays. ``quantity`` in contracts, ``side`` the aggressor's, ``at_ns`` of the
    market's clock. ``trade_id`` is given once.
    """

    trade_id: str
    name: str
    side: Side
    price: Decimal
    quantity: Decimal
    at_ns: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MarketUpdate:
    """What changed at ``market_time_ns``.

    ``is_complete``: names that ``quotes`` does not hold are not quoted any more. ``marker`` names the instant in the
    source (the snapshot id of a recording); who plays in steps waits for it in ``venue.status``.
    """

    market_time_ns: int
    index_prices: Mapping[str, float] = dataclasses.field(default_factory=dict)
    quotes: QuoteBatch | None = None
    is_complete: bool = False
    marker: str = ""
    trades: Sequence[FeedTrade] = ()


@dataclasses.dataclass(slots=True, kw_only=True)
class FeedStatus:
    """What ``venue.status`` says of a source; the counts are rows of recorded files, 0 for a simulation."""

    state: str = "playing"
    detail: str = ""
    marker: str = ""
    updates_played: int = 0
    rows_recorded: int = 0
    rows_ingested: int = 0
    rows_refused: int = 0
    null_bids: int = 0
    null_asks: int = 0


class Feed(Protocol):
    """A source of market data. ``source`` is ``recording`` or ``simulated``."""

    source: str
    status: FeedStatus

    def updates(self) -> AsyncIterator[MarketUpdate]:
        """Market updates in the order of the market clock, paced by the source."""
        ...

    def find_delivery_price(self, coin: str, expiry_at_ns: int) -> float | None:
        """USD price at which contracts of that expiry deliver; None where the source cannot tell (yet)."""
        ...

    def apply_control(self, control: Mapping[str, object]) -> None:
        """An entry of ``wire.transport.FEED_CONTROL``: {"step": n} or {"speed": x}."""
        ...

    def position(self) -> dict[str, object]:
        """Where the source stands, as JSON, so that a restart continues there."""
        ...
