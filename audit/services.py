"""Write the audit record of a change in the transaction of the change; checkpoint all chains."""

import datetime as dt
from typing import Any

from django.db import connection

from audit.domain import chain
from audit.domain.chain import GENESIS_SHA256, record_sha256
from audit.models import AuditCheckpoint, AuditHead
from common import db
from common.actor import Actor

__all__ = ["GENESIS_SHA256", "checkpoint", "record", "record_sha256"]

REASON_LENGTH_MAX = 200

_LOCK_HEAD = """
INSERT INTO audit_audithead AS head (stream, sequence, sha256) VALUES (%s, 0, %s)
ON CONFLICT (stream) DO UPDATE SET sequence = head.sequence RETURNING sequence, sha256
"""

_APPEND = """
WITH head AS (
    UPDATE audit_audithead SET sequence = %(sequence)s, sha256 = %(sha256)s WHERE stream = %(stream)s
)
INSERT INTO audit_auditrecord (stream, sequence, at, action, entity, user_id, firm_id, via, remote_address,
    command_id, reason, before, after, previous_sha256, sha256)
SELECT %(stream)s, * FROM unnest(%(sequences)s::bigint[], %(at)s::timestamptz[], %(action)s::text[],
    %(entity)s::text[], %(user_id)s::bigint[], %(firm_id)s::bigint[], %(via)s::text[], %(remote_address)s::text[],
    %(command_id)s::text[], %(reason)s::text[], %(before)s::jsonb[], %(after)s::jsonb[],
    %(previous_sha256s)s::bytea[], %(sha256s)s::bytea[])
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
    db.defer_item((db.AUDIT_PRIORITY, stream), _append, fields)


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
    """All of one stream, in order. The head stays locked until the commit."""
    stream = records[0]["stream"]
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_HEAD, [stream, GENESIS_SHA256])
        sequence, sha256 = cursor.fetchone()
        first, hashes = sequence + 1, [bytes(sha256)]
        for number, fields in enumerate(records, start=first):
            hashes.append(record_sha256(fields, number, hashes[-1]))
        columns = {name: [fields[name] for fields in records] for name in chain.FIELDS if name != "stream"}
        for name in ("before", "after"):
            columns[name] = [None if value is None else chain.canonical_json(value) for value in columns[name]]
        parameters = {
            **columns,
            "stream": stream,
            "sequence": sequence + len(records),
            "sha256": hashes[-1],
            "sequences": list(range(first, first + len(records))),
            "previous_sha256s": hashes[:-1],
            "sha256s": hashes[1:],
        }
        cursor.execute(_APPEND, parameters)
