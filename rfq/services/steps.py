"""Append the steps of a change to the RFQ's log, in the transaction of the change and under its lock."""

import datetime as dt
import json
from typing import Any

from django.db import connection

from rfq.domain import replay
from rfq.domain.records import RfqRecord
from rfq.domain.rules import Step, to_arguments

_APPEND = """
INSERT INTO rfq_rfqstep (rfq_id, sequence, kind, arguments, at, state_sha256)
SELECT %(rfq_id)s,
    COALESCE((SELECT MAX(sequence) FROM rfq_rfqstep WHERE rfq_id = %(rfq_id)s), 0) + item.number,
    item.kind, item.arguments, %(at)s, item.state_sha256
FROM unnest(%(kinds)s::text[], %(arguments)s::jsonb[], %(hashes)s::bytea[])
    WITH ORDINALITY AS item (kind, arguments, state_sha256, number)
"""


def begin(rfq: RfqRecord, at: dt.datetime) -> None:
    """The first step: the record as it was created."""
    _append(rfq, [replay.first_step(rfq)], at)


def append(after: RfqRecord, at: dt.datetime) -> None:
    """Every step that led to ``after`` since it was loaded."""
    assert after.steps, "a record changes by the rules of negotiation alone"
    _append(after, list(after.steps), at)


def _append(after: RfqRecord, taken: list[Step], at: dt.datetime) -> None:
    """The hash stands at the last of them: that is the state that was written."""
    parameters: dict[str, Any] = {
        "rfq_id": after.rfq_id,
        "at": at,
        "kinds": [step.kind for step in taken],
        "arguments": [json.dumps(to_arguments(step)) for step in taken],
        "hashes": [b""] * (len(taken) - 1) + [replay.state_sha256(after)],
    }
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, parameters)
