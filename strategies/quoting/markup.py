"""What a counterparty's own record adds to its spread.

Both rates are shrunk towards a stranger's: hit rate (hits + p n0) / (quotes + n0), mark-out sum / (mark-outs + m0)
with a prior of zero. A taker that trades more of what it asks than the prior, or after whose trades the value moves
against the maker, pays more; the opposite is given back. The sum is bounded both ways. The anonymous are one
counterparty.
"""

from strategies.quoting.terms import clamp
from wire.quoting import CounterpartyStatistics, QuotingParameters


def hit_rate(seen: CounterpartyStatistics, parameters: QuotingParameters) -> float:
    prior = parameters.prior_hit_rate * parameters.prior_quotes
    return (seen.hits + prior) / (seen.quotes + parameters.prior_quotes)


def markout(seen: CounterpartyStatistics, parameters: QuotingParameters) -> float:
    """Half-spreads lost per hit."""
    return seen.markout_sum / (seen.markouts + parameters.prior_markouts)


def markup_share(seen: CounterpartyStatistics, parameters: QuotingParameters) -> float:
    """Of the base half-spread; 0 for a stranger."""
    by_hits = parameters.markup_hits * (hit_rate(seen, parameters) - parameters.prior_hit_rate)
    by_markout = parameters.markup_markout * markout(seen, parameters)
    return clamp(by_hits + by_markout, parameters.markup_max)
