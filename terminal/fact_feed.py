"""A firm's facts in a web process: the newest ones at hand, the older ones in the database. Pure; no I/O."""

from collections.abc import Sequence
from typing import Protocol

from streams.selectors import StoredFact
from terminal import limits


class Reader(Protocol):
    sequence: int | None

    def wake(self) -> None:
        """There are newer facts."""


class FirmFeed:
    """``fetched``: newest sequence read; ``announced``: newest that the database has told of."""

    def __init__(self, firm_id: int, sequence: int) -> None:
        self.firm_id = firm_id
        self.fetched = self.announced = sequence
        self.readers: set[Reader] = set()
        self._facts: list[tuple[int, str]] = []

    @property
    def is_behind(self) -> bool:
        return self.announced > self.fetched

    def take(self, facts: Sequence[StoredFact]) -> None:
        """The next facts, without a gap."""
        for fact in facts:
            assert fact.sequence == self.fetched + 1, f"firm {self.firm_id}: {self.fetched} then {fact.sequence}"
            self._facts.append((fact.sequence, fact_text(fact)))
            self.fetched = fact.sequence
        self.announced = max(self.announced, self.fetched)
        if len(self._facts) > 2 * limits.FACTS_KEPT_MAX:
            del self._facts[: -limits.FACTS_KEPT_MAX]
        for reader in self.readers:
            reader.wake()

    def after(self, sequence: int, limit: int) -> list[tuple[int, str]] | None:
        """Facts after ``sequence`` as (sequence, end of the message); None: read them from the database."""
        if sequence >= self.fetched:
            return []
        if not self._facts or self._facts[0][0] > sequence + 1:
            return None
        start = sequence + 1 - self._facts[0][0]
        return self._facts[start : start + limit]


def fact_text(fact: StoredFact) -> str:
    """What follows the frame number of a fact message."""
    return f',"sequence":{fact.sequence},"at_ns":{fact.at_ns},"fact":{fact.payload}}}'
