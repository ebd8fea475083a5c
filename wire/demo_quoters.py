"""What the demo's makers quote by: five firms that differ, so that each is the best now and then."""

from wire.quoting import QuotingParameters

DEMO_QUOTERS = {
    "cobalt": QuotingParameters(spread_vega=0.5),
    "dune": QuotingParameters(spread_vega=0.7, spread_gross_vega=0.1, skew_vega=0.5),
    "ember": QuotingParameters(spread_vega=0.45, spread_gross_vega=0.25, skew_vega=1.5, vega_limit=20_000.0),
    "fjord": QuotingParameters(
        spread_vega=0.9, spread_gross_vega=0.05, spread_size=0.0, spread_quiet=0.0, spread_weekend=0.0
    ),
    "garnet": QuotingParameters(spread_vega=0.4, spread_gross_vega=0.2, spread_size=1.5, quantity_max=100.0),
}
"""Firm -> parameters. Cobalt: plain. Dune: wide outright, tight in spreads of vega. Ember: leans hard on what it holds.
Fjord: the same at every hour and size. Garnet: tight in small sizes only.
"""
