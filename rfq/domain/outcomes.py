"""What a maker is told of a trade, in the words of FIX, and nothing of anybody else's price.

Of a filled RFQ, on the side that traded: a quote that was taken was *hit* (its bid) or *lifted* (its ask). Of those
that stood and were not: *tied* stood at the price of the worst part that traded, the *cover* is the best price behind
that (*tied cover* where several share it), all others were *done away*.
"""

from decimal import Decimal

from rfq.domain.prices import accepted_leg_prices, net_of
from rfq.domain.records import QuoteRecord, RfqRecord
from wire.negotiation import QuoteOutcome
from wire.units import QuoteState, RfqState, Side


def outcome_of(rfq: RfqRecord, quote: QuoteRecord) -> QuoteOutcome | None:
    """None where nothing traded, or the quote did not stand then."""
    if rfq.state is not RfqState.FILLED or not rfq.trades:
        return None
    side = rfq.trades[0].side
    if quote.state is QuoteState.FILLED:
        return QuoteOutcome.LIFT if side is Side.BUY else QuoteOutcome.HIT
    if quote.state is not QuoteState.TRADED_AWAY:
        return None
    return _outcome_of_loser(rfq, quote, side)


def _outcome_of_loser(rfq: RfqRecord, quote: QuoteRecord, side: Side) -> QuoteOutcome:
    """Costs, of which the taker likes a lower one better on either side."""
    worst = max(side.sign * trade.net_price for trade in rfq.trades)
    mine = _cost(rfq, quote, side)
    if mine == worst:
        return QuoteOutcome.TIED
    losers = (other for other in rfq.quotes if other.state is QuoteState.TRADED_AWAY)
    behind = [cost for other in losers if (cost := _cost(rfq, other, side)) is not None and cost > worst]
    if mine is None or not behind or mine != min(behind):
        return QuoteOutcome.DONE_AWAY
    return QuoteOutcome.COVER if behind.count(mine) == 1 else QuoteOutcome.TIED_COVER


def _cost(rfq: RfqRecord, quote: QuoteRecord, side: Side) -> Decimal | None:
    net = net_of(rfq.legs, accepted_leg_prices(quote, side))
    return None if net is None else side.sign * net
