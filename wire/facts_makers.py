"""Facts of the makers' desk; ``wire.facts`` offers them."""

from wire.fact_types import Fact
from wire.quoting import CounterpartyStatistics, PassView, QuoterView


class RfqPassed(Fact, tag="rfq.passed"):
    """A maker does not quote. The taker is told once the grace is over."""

    rfq_pass: PassView


class QuoterChanged(Fact, tag="maker.quoter_changed"):
    """Parameters of the firm's auto-quoter, or which version of them is in force."""

    quoter: QuoterView


class CounterpartyChanged(Fact, tag="maker.counterparty_changed"):
    """What the firm's auto-quoter saw of one taker."""

    counterparty: CounterpartyStatistics
