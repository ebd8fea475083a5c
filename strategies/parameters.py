"""Every number that decides how the maker quotes, by name."""

import msgspec


class QuotingParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Volatilities in points (1.0 is one percent), vegas in US dollars per point, deltas in coins.

    spread_vega, spread_gross_vega: half of the spread, per unit of the structure's net vega and of the sum of its
    legs' vegas; what is left of a calendar's or a butterfly's risk once its net vega cancels. spread_basis_points: half
    of the spread of legs without vega. spread_ticks: least half-spread, in ticks of the finest leg.
    skew_vega: how far the maker shifts its volatility when its vega stands at ``vega_limit``; skew_basis_points: how
    far it shifts the underlying when its delta stands at ``delta_limit``. Both away from what it holds.
    quantity_max: largest size quoted, in coins of the largest leg.
    requote_share: how far the model moves, in half-spreads, before a quote is replaced.
    """

    spread_vega: float = 0.6
    spread_gross_vega: float = 0.15
    spread_basis_points: float = 1.5
    spread_ticks: float = 1.0
    skew_vega: float = 0.8
    skew_basis_points: float = 2.0
    vega_limit: float = 50_000.0
    delta_limit: float = 500.0
    quantity_max: float = 250.0
    market_stale_ms: int = 2_000
    surface_stale_ms: int = 15_000
    requote_share: float = 0.5
    requote_interval_ms: int = 500
    quote_life_seconds: int = 30
    """A quote nobody renews ends by itself; it is renewed when half of its life is over."""
