"""Write the audit record of a change in the transaction of the change."""

import datetime as dt
import functools
import hashlib
import json
from typing import Any

from django.db import connection

from audit.models import AuditRecord
from common import db
from common.actor import Actor

GENESIS_SHA256 = bytes(32)


def record(
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
    ``rfq:<id>``, ``quote:<id>``, ``account:<id>`` and so on. before, after: JSON values only.
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
        "reason": reason[:200],
        "before": before,
        "after": after,
    }
    db.defer((db.AUDIT_PRIORITY, stream), functools.partial(_append, fields))


def record_sha256(fields: dict[str, Any], sequence: int, previous_sha256: bytes) -> bytes:
    """SHA-256 over the previous hash and the canonical JSON (sorted keys, no spaces) of the record."""
    content = {**fields, "sequence": sequence, "at": fields["at"].astimezone(dt.UTC).isoformat()}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous_sha256 + canonical.encode()).digest()


def _append(fields: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_audithead (stream, sequence, sha256) VALUES (%s, 0, %s) ON CONFLICT DO NOTHING",
            [fields["stream"], GENESIS_SHA256],
        )
        cursor.execute(
            "SELECT sequence, sha256 FROM audit_audithead WHERE stream = %s FOR UPDATE", [fields["stream"]]
        )
        sequence, previous = cursor.fetchone()
        sequence, previous = sequence + 1, bytes(previous)
        sha256 = record_sha256(fields, sequence, previous)
        AuditRecord.objects.create(**fields, sequence=sequence, previous_sha256=previous, sha256=sha256)
        cursor.execute(
            "UPDATE audit_audithead SET sequence = %s, sha256 = %s WHERE stream = %s",
            [sequence, sha256, fields["stream"]],
        )
