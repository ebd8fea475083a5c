"""Read the audit trail: timelines and search."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from audit.domain import chain
from audit.models import AuditCheckpoint, AuditRecord

RECORDS_READ_MAX = 1_000


def list_timeline(entities: Iterable[str], *, limit: int = RECORDS_READ_MAX) -> list[AuditRecord]:
    """Records of these entities (``order:7``, ``rfq:3``), oldest first; with one time, in the order written."""
    return list(
        AuditRecord.objects.filter(entity__in=list(entities)).order_by("at", "id")[: min(limit, RECORDS_READ_MAX)]
    )


def find_records(
    *,
    stream: str = "",
    action: str = "",
    command_id: str = "",
    user_id: int | None = None,
    after: dt.datetime | None = None,
    before: dt.datetime | None = None,
    limit: int = 100,
) -> list[AuditRecord]:
    """Records that match everything given, newest first."""
    matches = {
        "stream": stream or None,
        "action": action or None,
        "command_id": command_id or None,
        "user_id": user_id,
        "at__gte": after,
        "at__lt": before,
    }
    given = {name: value for name, value in matches.items() if value is not None}
    return list(AuditRecord.objects.filter(**given).order_by("-at", "-id")[: min(limit, RECORDS_READ_MAX)])


def list_with_content(*, action: str, content: dict[str, Any], entity: str = "") -> list[AuditRecord]:
    """Records of the action whose ``after`` holds all of ``content``, newest first."""
    rows = AuditRecord.objects.filter(action=action, after__contains=content)
    if entity:
        rows = rows.filter(entity=entity)
    return list(rows.order_by("-at", "-id")[:RECORDS_READ_MAX])


def last_checkpoint() -> AuditCheckpoint | None:
    return AuditCheckpoint.objects.order_by("-id").first()


def list_unproven(records: Iterable[AuditRecord]) -> set[int]:
    """Ids of those records whose stored hash is not that of their content, or that do not continue the one before."""
    asked = list(records)
    wanted = Q()
    for record in asked:
        wanted |= Q(stream=record.stream, sequence=record.sequence - 1)
    before = AuditRecord.objects.filter(wanted).values_list("stream", "sequence", "sha256") if asked else ()
    hashes = {(stream, sequence): bytes(sha256) for stream, sequence, sha256 in before}
    return {record.pk for record in asked if not _is_proven(record, hashes)}


def _is_proven(record: AuditRecord, hashes: dict[tuple[str, int], bytes]) -> bool:
    previous = bytes(record.previous_sha256)
    is_first = record.sequence == 1
    expected = chain.GENESIS_SHA256 if is_first else hashes.get((record.stream, record.sequence - 1))
    fields = {name: getattr(record, name) for name in chain.FIELDS}
    return previous == expected and bytes(record.sha256) == chain.record_sha256(fields, record.sequence, previous)
