"""What a maker learns of its takers from its own RFQs: how often they trade, and where the value goes afterwards.

An RFQ counts once it is over and the maker had a quote in it. After a hit the model's value of the structure is looked
at again ``MARKOUT_NS`` later: its move against the maker, in half-spreads of the quote that was hit, at most
``MARKOUT_MAX`` either way. Where it cannot be valued then, the hit has no mark-out.
"""

import dataclasses
import logging
from collections import deque
from collections.abc import Iterable

import msgspec

from strategies.quoting import Leg, Market, Pass, value_structure
from wire.facts import RfqView
from wire.quoting import (
    ANONYMOUS_TAKER_ID,
    COUNTERPARTIES_MAX,
    CounterpartyStatistics,
    QuoteDecision,
    QuotingParameters,
)
from wire.units import NANOSECONDS_PER_SECOND, QuoteState, Side

log = logging.getLogger(__name__)

MARKOUT_NS = 60 * NANOSECONDS_PER_SECOND
MARKOUT_MAX = 5.0
PENDING_MAX = 1_000
"""Hits that wait for their mark-out; beyond, the oldest has none."""
ANONYMOUS = "Anonymous"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hit:
    """``taker_side``: of the structure; ``value`` and ``half_spread``: of the quote that was hit."""

    taker_firm_id: int
    legs: tuple[Leg, ...]
    taker_side: Side
    value: float
    half_spread: float
    due_at_ns: int


class Counterparties:
    def __init__(self) -> None:
        self._seen: dict[int, CounterpartyStatistics] = {}
        self._changed: set[int] = set()
        self._hits: deque[Hit] = deque(maxlen=PENDING_MAX)

    def replace(self, statistics: Iterable[CounterpartyStatistics]) -> None:
        """What the server kept of earlier runs."""
        self._seen = {one.taker_firm_id: one for one in statistics}
        self._changed.clear()

    def of(self, rfq: RfqView) -> CounterpartyStatistics:
        return self._of(rfq.taker_firm_id or ANONYMOUS_TAKER_ID, rfq.taker_name)

    def take_end(self, rfq: RfqView, legs: tuple[Leg, ...], decision: QuoteDecision, now_ns: int) -> None:
        """An RFQ is over in which the maker had quoted, by ``decision`` in the end."""
        seen = self.of(rfq)
        is_hit = any(quote.state is QuoteState.FILLED for quote in rfq.quotes)
        self._put(msgspec.structs.replace(seen, quotes=seen.quotes + 1, hits=seen.hits + is_hit))
        if is_hit and rfq.accepted_side is not None and decision.half_spread > 0:
            self._hits.append(
                Hit(
                    taker_firm_id=seen.taker_firm_id,
                    legs=legs,
                    taker_side=rfq.accepted_side,
                    value=decision.model_value,
                    half_spread=decision.half_spread,
                    due_at_ns=now_ns + MARKOUT_NS,
                )
            )

    def mark_out(self, market: Market, parameters: QuotingParameters) -> None:
        """Look at every hit that is due."""
        while self._hits and self._hits[0].due_at_ns <= market.now_ns:
            hit = self._hits.popleft()
            try:
                value = value_structure(hit.legs, market, parameters).mid
            except Pass as passed:
                log.info("no mark-out of a hit of taker %d: %s", hit.taker_firm_id, passed)
                continue
            self.take_markout(hit.taker_firm_id, adverse_move(hit, value))

    def take_markout(self, taker_firm_id: int, half_spreads: float) -> None:
        seen = self._seen.get(taker_firm_id)
        if seen is None:
            return
        total = seen.markout_sum + max(-MARKOUT_MAX, min(MARKOUT_MAX, half_spreads))
        self._put(msgspec.structs.replace(seen, markouts=seen.markouts + 1, markout_sum=total))

    def take_changes(self, limit: int) -> list[CounterpartyStatistics]:
        """Those that changed since they were last taken, ``limit`` at most."""
        taken = sorted(self._changed)[:limit]
        self._changed.difference_update(taken)
        return [self._seen[taker_firm_id] for taker_firm_id in taken]

    def put_back(self, statistics: Iterable[CounterpartyStatistics]) -> None:
        """They were not kept: they count as changed again."""
        self._changed.update(one.taker_firm_id for one in statistics if one.taker_firm_id in self._seen)

    def pending_names(self) -> set[str]:
        """Instruments that a mark-out will need."""
        return {leg.terms.name for hit in self._hits for leg in hit.legs}

    def _of(self, taker_firm_id: int, taker_name: str) -> CounterpartyStatistics:
        name = taker_name if taker_firm_id != ANONYMOUS_TAKER_ID else ANONYMOUS
        return self._seen.get(taker_firm_id) or CounterpartyStatistics(taker_firm_id=taker_firm_id, taker_name=name)

    def _put(self, statistics: CounterpartyStatistics) -> None:
        if statistics.taker_firm_id not in self._seen and len(self._seen) >= COUNTERPARTIES_MAX:
            least = min(self._seen.values(), key=lambda one: (one.quotes, one.taker_firm_id))
            del self._seen[least.taker_firm_id]
            self._changed.discard(least.taker_firm_id)
        self._seen[statistics.taker_firm_id] = statistics
        self._changed.add(statistics.taker_firm_id)


def adverse_move(hit: Hit, value: float) -> float:
    """In half-spreads: above zero where the taker was right. A taker that bought is right when the value rises."""
    return hit.taker_side.sign * (value - hit.value) / hit.half_spread
