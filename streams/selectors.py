"""Read the fact streams."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
from django.db import connection

from streams.models import Fact, FactHead, GatewayCursor, OutboxCommand

FACTS_READ_MAX = 500
"""Facts that one read returns at most."""


@dataclasses.dataclass(frozen=True, slots=True)
class StoredFact:
    """``payload``: JSON of one of ``wire.facts.AnyFact``, as it was encoded when it happened."""

    sequence: int
    at_ns: int
    payload: str


def head(firm_id: int) -> int:
    """Sequence of the firm's newest fact; 0 before the first."""
    return FactHead.objects.filter(firm_id=firm_id).values_list("sequence", flat=True).first() or 0


def heads(firm_ids: list[int]) -> dict[int, int]:
    """Like ``head``, of several firms at once; a firm without facts is absent."""
    return dict(FactHead.objects.filter(firm_id__in=firm_ids).values_list("firm_id", "sequence"))


def facts_after(firm_id: int, sequence: int, limit: int = FACTS_READ_MAX) -> list[StoredFact]:
    """The firm's facts after ``sequence``, oldest first, without a gap, at most ``limit``."""
    rows = (
        Fact.objects.filter(firm_id=firm_id, sequence__gt=sequence)
        .order_by("sequence")
        .values_list("sequence", "at_ns", "payload")[: min(limit, FACTS_READ_MAX)]
    )
    return [StoredFact(*row) for row in rows]


def facts_after_each(positions: Mapping[int, int], limit: int = FACTS_READ_MAX) -> dict[int, list[StoredFact]]:
    """Like ``facts_after``, of several firms at once, by firm; a firm without newer ones is absent."""
    found: dict[int, list[StoredFact]] = {}
    parameters: list[Any] = [list(positions), list(positions.values()), min(limit, FACTS_READ_MAX)]
    with connection.cursor() as cursor:
        cursor.execute(_AFTER_EACH, parameters)
        for firm_id, *fact in cursor.fetchall():
            found.setdefault(firm_id, []).append(StoredFact(*fact))
    return found


_AFTER_EACH = """
SELECT asked.firm_id, newer.sequence, newer.at_ns, newer.payload
FROM unnest(%s::bigint[], %s::bigint[]) AS asked (firm_id, sequence)
CROSS JOIN LATERAL (
    SELECT sequence, at_ns, payload FROM streams_fact
    WHERE firm_id = asked.firm_id AND sequence > asked.sequence ORDER BY sequence LIMIT %s
) AS newer
ORDER BY asked.firm_id, newer.sequence
"""


def get_cursor() -> GatewayCursor:
    """How far events were projected and commands numbered. Raises GatewayCursor.DoesNotExist before the first start."""
    return GatewayCursor.objects.get(id=1)


class _NamedCommand(msgspec.Struct):
    command_id: str


def find_command_id(command_sequence: int) -> str:
    """The id of the command that an event answers; empty where the market caused it, or it was taken long ago."""
    payload = OutboxCommand.objects.filter(command_sequence=command_sequence).values_list("payload", flat=True).first()
    return "" if payload is None else msgspec.json.decode(payload, type=_NamedCommand).command_id
