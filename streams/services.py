"""Write a fact or a gateway command in the transaction that caused it."""

from typing import Any

import msgspec
from django.db import connection

from common import clock, db
from streams.models import GatewayCursor
from wire import facts, gateway, transport

OUTBOX_KEPT = 10_000
"""Commands kept in the outbox after the gateway has taken them, for people who look."""
OUTBOX_DELETED_AT_ONCE_MAX = 5_000

_encode = msgspec.json.Encoder().encode

_APPEND_FACTS = """
WITH head AS (
    INSERT INTO streams_facthead (firm_id, sequence) VALUES (%(firm_id)s, %(count)s)
    ON CONFLICT (firm_id) DO UPDATE SET sequence = streams_facthead.sequence + excluded.sequence
    RETURNING sequence
), appended AS (
    INSERT INTO streams_fact (firm_id, sequence, at_ns, payload)
    SELECT %(firm_id)s, head.sequence - %(count)s + item.number, %(at_ns)s, item.payload
    FROM head, unnest(%(payloads)s::text[]) WITH ORDINALITY AS item (payload, number)
)
SELECT pg_notify(%(channel)s, %(firm_id)s::text || ':' || sequence::text) FROM head
"""

_APPEND_COMMANDS = """
WITH appended AS (
    INSERT INTO streams_outboxcommand (payload, created_at)
    SELECT item.payload, %(at)s
    FROM unnest(%(payloads)s::text[]) WITH ORDINALITY AS item (payload, number) ORDER BY item.number
)
SELECT pg_notify(%(channel)s, '')
"""


def publish_fact(*, firm_id: int, fact: facts.Fact) -> None:
    """Append ``fact`` to the firm's gapless stream when the unit of work commits."""
    db.defer_item((db.FACTS_PRIORITY, f"{firm_id:020d}"), _append_facts, (firm_id, _encode(fact).decode()))


def send_to_gateway(command: gateway.GatewayCommand) -> None:
    """Put ``command`` into the outbox when the unit of work commits; the dispatcher relays it."""
    db.defer_item((db.OUTBOX_PRIORITY, ""), _append_commands, _encode(command).decode())


def lay_down_cursor() -> None:
    """The one row of GatewayCursor, unless it is there."""
    GatewayCursor.objects.get_or_create(id=1)


def delete_taken_commands(*, taken: int) -> int:
    """Forget commands that the gateway took long ago (``taken``: its watermark). Returns how many were deleted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM streams_outboxcommand WHERE command_sequence IN (SELECT command_sequence"
            " FROM streams_outboxcommand WHERE command_sequence <= %s ORDER BY command_sequence LIMIT %s)",
            [taken - OUTBOX_KEPT, OUTBOX_DELETED_AT_ONCE_MAX],
        )
        return int(cursor.rowcount)


def _append_facts(items: list[tuple[int, str]]) -> None:
    """All of one firm. The head stays locked until the commit, so facts become visible in their order."""
    firm_id = items[0][0]
    parameters: dict[str, Any] = {
        "firm_id": firm_id,
        "count": len(items),
        "at_ns": clock.now_ns(),
        "payloads": [payload for _, payload in items],
        "channel": transport.FACTS_NOTIFY,
    }
    with connection.cursor() as cursor:
        cursor.execute(_APPEND_FACTS, parameters)


def _append_commands(payloads: list[str]) -> None:
    parameters: dict[str, Any] = {"payloads": payloads, "at": clock.now(), "channel": transport.OUTBOX_NOTIFY}
    with connection.cursor() as cursor:
        cursor.execute(_APPEND_COMMANDS, parameters)


