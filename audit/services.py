"""Write the audit record of a change in the transaction of the change; checkpoint all chains."""

import datetime as dt
import json
from typing import Any

from django.db import connection

from audit.domain import chain
from audit.domain.chain import GENESIS_SHA256, record_sha256
from audit.models import AuditCheckpoint, AuditHead
from common import db
from common.actor import Actor

__all__ = ["GENESIS_SHA256", "checkpoint", "record", "record_sha256"]

REASON_LENGTH_MAX = 200

_LOCK_HEADS = """
INSERT INTO audit_audithead AS head (stream, sequence, sha256)
SELECT stream, 0, %(genesis)s FROM unnest(%(streams)s::text[]) WITH ORDINALITY AS item (stream, number) ORDER BY number
ON CONFLICT (stream) DO UPDATE SET sequence = head.sequence RETURNING stream, sequence, sha256
"""

_APPEND = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(records)s::jsonb)
    AS item (stream text, sequence bigint, at timestamptz, action text, entity text, user_id bigint, firm_id bigint,
        via text, remote_address text, command_id text, reason text, before jsonb, after jsonb,
        previous_sha256 bytea, sha256 bytea)
), moved AS (
    UPDATE audit_audithead AS head SET sequence = newest.sequence, sha256 = newest.sha256
    FROM (SELECT DISTINCT ON (stream) stream, sequence, sha256 FROM given ORDER BY stream, sequence DESC) AS newest
    WHERE head.stream = newest.stream
)
INSERT INTO audit_auditrecord (stream, sequence, at, action, entity, user_id, firm_id, via, remote_address,
    command_id, reason, before, after, previous_sha256, sha256)
SELECT * FROM given
"""


def record(  # noqa: PLR0913 - who, what, when, from where, before, after, why: all of it by keyword
    *,
    stream: str,
    action: str,
    entity: str,
    actor: Actor,
    at: dt.datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    command_id: str = "",
    reason: str = "",
) -> None:
    """Append a record to ``stream`` when the unit of work commits.

    stream: ``firm:<id>`` for what a firm did or what was done to it, ``house`` for the rest. entity: ``order:<id>``,
    ``rfq:<id>``, ``quote:<id>``, ``account:<id>`` and so on. before, after: exact JSON values (text, integers, bool,
    None, lists, dicts); a float, Decimal or anything else raises chain.NotCanonical.
    """
    fields: dict[str, Any] = {
        "stream": stream,
        "at": at,
        "action": action,
        "entity": entity,
        "user_id": actor.user_id,
        "firm_id": actor.firm_id,
        "via": actor.via,
        "remote_address": actor.remote_address,
        "command_id": command_id,
        "reason": reason[:REASON_LENGTH_MAX],
        "before": chain.to_content("before", before),
        "after": chain.to_content("after", after),
    }
    db.defer_item((db.AUDIT_PRIORITY, ""), _append, fields)


def checkpoint(*, at: dt.datetime) -> AuditCheckpoint | None:
    """Store the Merkle root over all chains' heads; None where nothing was recorded since the last one."""
    heads = [
        (stream, sequence, bytes(sha256))
        for stream, sequence, sha256 in AuditHead.objects.order_by("stream").values_list("stream", "sequence", "sha256")
    ]
    root = chain.merkle_root([chain.leaf_sha256(*head) for head in heads])
    last = AuditCheckpoint.objects.order_by("-id").first()
    if last is not None and bytes(last.root_sha256) == root:
        return None
    stored = [[stream, sequence, sha256.hex()] for stream, sequence, sha256 in heads]
    return AuditCheckpoint.objects.create(at=at, root_sha256=root, heads=stored)


def _append(records: list[dict[str, Any]]) -> None:
    """Of every stream, each in its order. Heads are locked in the order of their streams, until the commit."""
    streams = sorted({fields["stream"] for fields in records})
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_HEADS, {"genesis": GENESIS_SHA256, "streams": streams})
        heads = {stream: (sequence, bytes(sha256)) for stream, sequence, sha256 in cursor.fetchall()}
        rows = []
        for fields in records:
            sequence, previous = heads[fields["stream"]]
            sha256 = record_sha256(fields, sequence + 1, previous)
            heads[fields["stream"]] = sequence + 1, sha256
            rows.append({**fields, "sequence": sequence + 1, "previous_sha256": previous, "sha256": sha256})
        cursor.execute(_APPEND, {"records": json.dumps(rows, default=_leaf)})


def _leaf(value: object) -> str:
    """What JSON has no word for, as PostgreSQL reads it."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    assert isinstance(value, dt.datetime), "a record holds no other values"
    return value.isoformat()
