"""Append the steps of a change to the RFQ's log, in the transaction of the change and under its lock."""

import datetime as dt
import json

from rfq.domain import replay
from rfq.domain.records import RfqRecord
from rfq.domain.rules import Step, to_arguments
from rfq.services.rows import Rows

_APPEND = """
INSERT INTO rfq_rfqstep (rfq_id, sequence, kind, arguments, at, state_sha256)
SELECT %(rfq_id)s,
    COALESCE((SELECT MAX(sequence) FROM rfq_rfqstep WHERE rfq_id = %(rfq_id)s), 0) + item.number,
    item.kind, item.arguments, %(step_at)s, item.state_sha256
FROM ROWS FROM (jsonb_to_recordset(%(steps)s::jsonb) AS (kind text, arguments jsonb, state_sha256 bytea))
    WITH ORDINALITY AS item (kind, arguments, state_sha256, number)
"""


def begin(rfq: RfqRecord, at: dt.datetime) -> None:
    """The first step: the record as it was created."""
    rows = Rows()
    rows.add({}, rfq_id=rfq.rfq_id)
    _append(rows, rfq, [replay.first_step(rfq)], at)
    rows.write()


def add(rows: Rows, after: RfqRecord, at: dt.datetime) -> None:
    """Every step that led to ``after`` since it was loaded."""
    assert after.steps, "a record changes by the rules of negotiation alone"
    _append(rows, after, list(after.steps), at)


def _append(rows: Rows, after: RfqRecord, taken: list[Step], at: dt.datetime) -> None:
    """The hash stands at the last of them: that is the state that was written."""
    steps = [{"kind": step.kind, "arguments": to_arguments(step), "state_sha256": ""} for step in taken]
    steps[-1]["state_sha256"] = f"\\x{replay.state_sha256(after).hex()}"
    rows.add({"steps": _APPEND}, step_at=at, steps=json.dumps(steps))
