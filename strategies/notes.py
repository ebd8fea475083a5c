"""Why each of a maker's quotes is as it is, until the server has kept it.

What was submitted is known by its prices, once: the fact that shows them names quote and version. Prices that were
never submitted here, or were shown before, are a person's or another process's: the RFQ is theirs from then on. So a
person who sends what the quoter proposes has the RFQ.
"""

import dataclasses
from collections import deque
from collections.abc import Iterable
from decimal import Decimal

from strategies.quoting import TwoWay
from wire.facts import QuoteView, RfqView
from wire.quoting import KeptDecision
from wire.units import QuoteState

SUBMITTED_PER_RFQ_MAX = 8
UNKEPT_MAX = 10_000
"""Decisions that wait to be kept; beyond, the oldest are lost, and said to be."""


@dataclasses.dataclass
class _Made:
    prices: TwoWay
    is_shown: bool = False


class Notes:
    def __init__(self) -> None:
        self._submitted: dict[int, deque[_Made]] = {}
        self._seen: dict[int, int] = {}
        self._unkept: deque[KeptDecision] = deque()
        self.lost = 0

    def submit(self, rfq_id: int, prices: TwoWay) -> None:
        self._submitted.setdefault(rfq_id, deque(maxlen=SUBMITTED_PER_RFQ_MAX)).append(_Made(prices))

    def drop(self, rfq_id: int) -> None:
        """The newest submission was refused: no version will show it."""
        submitted = self._submitted.get(rfq_id)
        if submitted and not submitted[-1].is_shown:
            submitted.pop()

    def take(self, rfq: RfqView) -> bool:
        """Note a new version of the maker's quote; False where somebody else made it."""
        quote = next(iter(rfq.quotes), None)
        if quote is None or self._seen.get(quote.quote_id) == quote.version:
            return True
        self._seen[quote.quote_id] = quote.version
        waiting = (one for one in self._submitted.get(rfq.rfq_id, ()) if not one.is_shown)
        made = next((one for one in waiting if _shows(quote, one.prices, rfq)), None)
        if made is None:
            return quote.state is not QuoteState.ACTIVE
        made.is_shown = True
        if len(self._unkept) >= UNKEPT_MAX:
            self._unkept.popleft()
            self.lost += 1
        self._unkept.append(KeptDecision(quote_id=quote.quote_id, version=quote.version, decision=made.prices.decision))
        return True

    def see(self, rfq: RfqView) -> None:
        """What stood before this process began: an earlier run's, to be replaced."""
        for quote in rfq.quotes:
            self._seen.setdefault(quote.quote_id, quote.version)

    def keep_only(self, rfqs: Iterable[RfqView]) -> None:
        """What ended while nobody was told of it is forgotten."""
        kept = list(rfqs)
        ids, quote_ids = {rfq.rfq_id for rfq in kept}, {quote.quote_id for rfq in kept for quote in rfq.quotes}
        self._submitted = {rfq_id: made for rfq_id, made in self._submitted.items() if rfq_id in ids}
        self._seen = {quote_id: version for quote_id, version in self._seen.items() if quote_id in quote_ids}

    def newest(self, rfq_id: int) -> TwoWay | None:
        submitted = self._submitted.get(rfq_id)
        return submitted[-1].prices if submitted else None

    def forget(self, rfq: RfqView) -> None:
        self._submitted.pop(rfq.rfq_id, None)
        for quote in rfq.quotes:
            self._seen.pop(quote.quote_id, None)

    def take_unkept(self, limit: int) -> list[KeptDecision]:
        return [self._unkept.popleft() for _ in range(min(limit, len(self._unkept)))]

    def put_back(self, kept: list[KeptDecision]) -> None:
        self._unkept.extendleft(reversed(kept))


def _shows(quote: QuoteView, made: TwoWay, rfq: RfqView) -> bool:
    for shown, prices in ((quote.bid_leg_prices, made.bid), (quote.ask_leg_prices, made.ask)):
        if (shown is None) is not (prices is None):
            return False
        if shown is None or prices is None:
            continue
        priced = zip(rfq.legs, shown, prices, strict=True)
        if any(not leg.is_hedge and Decimal(text) != price for leg, text, price in priced):
            return False
    return True
