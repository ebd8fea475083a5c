"""How an auto-quoter quotes: its parameters with their bounds, and what one quote was made of. No Django, no core."""

from typing import NamedTuple

import msgspec

DECISIONS_PER_MESSAGE_MAX = 50
COUNTERPARTIES_PER_MESSAGE_MAX = 50
COUNTERPARTIES_MAX = 500
"""Takers that one maker keeps statistics of; the least quoted one makes room."""
ANONYMOUS_TAKER_ID = 0
"""The bucket of every taker that does not say who it is."""


class QuotingParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Volatilities in points (1.0 is one percent), vegas in US dollars per point, deltas in coins, shares as fractions.

    Half of the spread: spread_vega per unit of the structure's net vega, spread_gross_vega per unit of the sum of its
    legs' vegas (what is left of a calendar's or a butterfly's risk once its net vega cancels), spread_basis_points of
    legs without vega; together the base. Of the base: spread_size at ``quantity_max`` and linearly less below,
    spread_quiet outside of the busy hours, spread_weekend on Saturdays and Sundays (UTC), and the counterparty's
    markup. hedge_basis_points: cost of trading the structure's delta. spread_ticks: least half-spread of all, in
    ticks of the finest leg.

    Shift of the middle, away from what is held: skew_vega points of volatility when the coin's vega stands at
    ``vega_limit``, skew_expiry_vega when an expiry's stands at ``expiry_vega_limit``, skew_basis_points of the
    underlying when delta stands at ``delta_limit``.

    requote_share: how far the model moves, in half-spreads, before a quote is replaced.
    """

    is_on: bool = True
    off_coins: tuple[str, ...] = ()
    spread_vega: float = 0.6
    spread_gross_vega: float = 0.15
    spread_basis_points: float = 1.5
    spread_ticks: float = 1.0
    spread_size: float = 0.25
    spread_quiet: float = 0.1
    spread_weekend: float = 0.15
    busy_from_hour: int = 7
    busy_until_hour: int = 21
    hedge_basis_points: float = 1.0
    skew_vega: float = 0.8
    skew_expiry_vega: float = 0.4
    skew_basis_points: float = 2.0
    markup_max: float = 0.5
    markup_hits: float = 1.0
    markup_markout: float = 0.5
    prior_hit_rate: float = 0.2
    prior_quotes: float = 20.0
    prior_markouts: float = 10.0
    vega_limit: float = 50_000.0
    expiry_vega_limit: float = 35_000.0
    delta_limit: float = 500.0
    notional_limit: float = 100_000_000.0
    quantity_max: float = 250.0
    market_stale_ms: int = 2_000
    surface_stale_ms: int = 15_000
    gateway_stale_ms: int = 3_000
    requote_share: float = 0.5
    requote_interval_ms: int = 500
    quote_life_seconds: int = 30
    """A quote nobody renews ends by itself; it is renewed when half of its life is over."""


class Bound(NamedTuple):
    low: float
    high: float
    unit: str
    meaning: str


BOUNDS: dict[str, Bound] = {
    "spread_vega": Bound(0, 20, "vol points", "half-spread by net vega"),
    "spread_gross_vega": Bound(0, 20, "vol points", "half-spread by the legs' vegas"),
    "spread_basis_points": Bound(0, 500, "bp", "half-spread of legs without vega"),
    "spread_ticks": Bound(0, 100, "ticks", "least half-spread"),
    "spread_size": Bound(0, 10, "share", "wider at the largest size"),
    "spread_quiet": Bound(0, 10, "share", "wider outside of busy hours"),
    "spread_weekend": Bound(0, 10, "share", "wider at weekends"),
    "busy_from_hour": Bound(0, 24, "UTC hour", "busy hours begin"),
    "busy_until_hour": Bound(0, 24, "UTC hour", "busy hours end"),
    "hedge_basis_points": Bound(0, 100, "bp of delta", "cost of the hedge"),
    "skew_vega": Bound(0, 20, "vol points", "shift at the vega limit"),
    "skew_expiry_vega": Bound(0, 20, "vol points", "shift at an expiry's vega limit"),
    "skew_basis_points": Bound(0, 200, "bp", "shift at the delta limit"),
    "markup_max": Bound(0, 2, "share", "largest markup or markdown of a counterparty"),
    "markup_hits": Bound(0, 5, "share", "markup per hit rate above the prior"),
    "markup_markout": Bound(0, 5, "share", "markup per half-spread lost afterwards"),
    "prior_hit_rate": Bound(0, 1, "share", "hit rate of a stranger"),
    "prior_quotes": Bound(1, 10_000, "quotes", "weight of the prior hit rate"),
    "prior_markouts": Bound(1, 10_000, "hits", "weight of a mark-out of zero"),
    "vega_limit": Bound(1, 10_000_000, "USD a point", "vega per coin"),
    "expiry_vega_limit": Bound(1, 10_000_000, "USD a point", "vega per expiry"),
    "delta_limit": Bound(0.001, 1_000_000, "coins", "delta per coin"),
    "notional_limit": Bound(0, 10_000_000_000, "USD", "notional per coin"),
    "quantity_max": Bound(0.001, 1_000_000, "coins", "largest size quoted"),
    "market_stale_ms": Bound(100, 60_000, "ms", "oldest price"),
    "surface_stale_ms": Bound(100, 120_000, "ms", "oldest surface"),
    "gateway_stale_ms": Bound(100, 60_000, "ms", "longest silence of the gateway"),
    "requote_share": Bound(0.01, 10, "half-spreads", "move that replaces a quote"),
    "requote_interval_ms": Bound(100, 60_000, "ms", "least time between versions"),
    "quote_life_seconds": Bound(10, 600, "s", "life of a quote"),
}
"""Inclusive bounds of every number; ``is_on`` and ``off_coins`` have none but the coins there are."""


class QuoteDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What one quote was made of, per unit of the structure in its quote currency unless the name says otherwise.

    ``center`` = model_value + the three skews; ``half_spread`` = the sum of the eight ``spread_`` parts. vega and
    half_spread per unit; vega_usd and delta per unit; ``inventory_``: what was held then. markup_share: what
    ``spread_markup`` is of the base.
    """

    parameters_version: int
    at_ns: int
    market_time_ns: int
    coin: str
    model_value: float
    skew_vega: float
    skew_expiry: float
    skew_delta: float
    center: float
    spread_vega: float
    spread_gross_vega: float
    spread_linear: float
    spread_size: float
    spread_time: float
    spread_markup: float
    spread_hedge: float
    spread_floor: float
    half_spread: float
    vega: float
    vega_usd: float
    delta: float
    coin_price: float
    quantity: float
    inventory_vega_usd: float
    inventory_delta: float
    inventory_notional_usd: float
    inventory_expiry_vega_usd: dict[str, float]
    taker_firm_id: int
    hit_rate: float
    markout: float
    markup_share: float
    is_bid_closed: bool
    is_ask_closed: bool
    """A side that the limits, or positive prices, left out."""


class KeptDecision(msgspec.Struct, frozen=True, kw_only=True):
    quote_id: int
    version: int
    decision: QuoteDecision


class CounterpartyStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What a maker saw of one taker. hits: quotes that it traded. markout_sum: over ``markouts`` hits, the move of the
    model's value against the maker one minute later, in half-spreads of the quote (5 at most, either way).
    """

    taker_firm_id: int
    taker_name: str
    quotes: int = 0
    hits: int = 0
    markouts: int = 0
    markout_sum: float = 0.0


class QuoterView(msgspec.Struct, frozen=True, kw_only=True):
    """``version`` 0: nothing was set yet. ``version_in_force``: what the firm's running quoter says it quotes by."""

    firm_id: int
    version: int
    parameters: QuotingParameters
    changed_at_ns: int
    changed_by: str
    version_in_force: int
    in_force_at_ns: int


class PassView(msgspec.Struct, frozen=True, kw_only=True):
    """A maker that does not quote. The taker reads no reason, and an alias where makers are anonymous to it."""

    rfq_id: int
    maker_firm_id: int | None
    maker_name: str
    reason: str
    at_ns: int
