"""Replay an RFQ from its steps and compare what comes out, byte for byte, with what the tables hold."""

import dataclasses
from collections.abc import Iterator, Sequence
from decimal import Decimal

from common import db
from common.decimals import plain_text
from rfq import selectors
from rfq.domain import replay
from rfq.domain.records import RfqRecord
from rfq.models import QuoteVersion, Rfq
from rfq.selectors import kept

IDS_AT_ONCE = 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replay:
    """``difference``: the first one; None where the replay ends in the bytes of what is stored."""

    rfq_id: int
    steps: int
    state_sha256: str
    difference: replay.Difference | None


def replay_rfq(rfq_id: int) -> Replay:
    """Raises NotFound. An RFQ that is still open is replayed to where it stands."""
    with db.one_instant():
        stored = selectors.get_record(rfq_id)
        taken = kept.list_steps(rfq_id)
        versions = list(QuoteVersion.objects.filter(quote__rfq_id=rfq_id).order_by("quote_id", "version"))
    records, difference = replay.replay(taken)
    if difference is None:
        difference = replay.compare(records[-1], stored) or _compare_versions(records, versions)
    if difference is None and replay.to_bytes(records[-1]) != replay.to_bytes(stored):
        difference = replay.Difference(sequence=None, field="bytes", replayed="other bytes", stored="other bytes")
    return Replay(
        rfq_id=rfq_id, steps=len(taken), state_sha256=replay.state_sha256(stored).hex(), difference=difference
    )


def iterate_ids() -> Iterator[int]:
    """Every RFQ, oldest first."""
    yield from Rfq.objects.order_by("id").values_list("id", flat=True).iterator(chunk_size=IDS_AT_ONCE)


def _compare_versions(records: Sequence[RfqRecord], stored: Sequence[QuoteVersion]) -> replay.Difference | None:
    """Every version that the replay passed through against the one that was kept."""
    passed = {
        (quote.quote_id, quote.version): _of_replay(quote.prices) for record in records for quote in record.quotes
    }
    rows = {(row.quote_id, row.version): _of_replay(row) for row in stored}
    for key in sorted(passed.keys() | rows.keys()):
        if passed.get(key) != rows.get(key):
            field = f"quote {key[0]} version {key[1]}"
            return replay.Difference(
                sequence=None, field=field, replayed=str(passed.get(key)), stored=str(rows.get(key))
            )
    return None


def _of_replay(prices: object) -> tuple[object, ...]:
    """What one version said, from a record or a row: the fields have the same names."""
    return tuple(_comparable(getattr(prices, name)) for name in _VERSION_FIELDS)


def _comparable(value: object) -> object:
    if isinstance(value, Decimal):
        return plain_text(value)
    return tuple(plain_text(price) for price in value) if isinstance(value, list | tuple) else value


_VERSION_FIELDS = (
    "account_id", "user_id", "expires_at", "quantity", "condition", "bid_leg_prices", "ask_leg_prices",
)  # fmt: skip
