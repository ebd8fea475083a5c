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
WITH given AS (
    SELECT firm_id, payload, number, count(*) OVER firm AS of_firm, row_number() OVER (firm ORDER BY number) AS place
    FROM ROWS FROM (json_to_recordset(%(facts)s::json) AS (firm_id bigint, payload text))
        WITH ORDINALITY AS item (firm_id, payload, number)
    WINDOW firm AS (PARTITION BY firm_id)
), heads AS (
    INSERT INTO streams_facthead AS head (firm_id, sequence)
    SELECT firm_id, count(*) FROM given GROUP BY firm_id ORDER BY firm_id
    ON CONFLICT (firm_id) DO UPDATE SET sequence = head.sequence + excluded.sequence
    RETURNING firm_id, sequence
), appended AS (
    INSERT INTO streams_fact (firm_id, sequence, at_ns, payload)
    SELECT given.firm_id, heads.sequence - given.of_firm + given.place, %(at_ns)s, given.payload
    FROM given JOIN heads ON heads.firm_id = given.firm_id ORDER BY given.number
)
SELECT pg_notify(%(channel)s, firm_id::text || ':' || sequence::text) FROM heads
"""

_APPEND_COMMANDS = """
WITH appended AS (
    INSERT INTO streams_outboxcommand (payload, created_at)
    SELECT item.payload, %(at)s
    FROM json_array_elements_text(%(payloads)s::json) WITH ORDINALITY AS item (payload, number) ORDER BY item.number
)
SELECT pg_notify(%(channel)s, '')
"""


def publish_fact(*, firm_id: int, fact: facts.Fact) -> None:
    """Append ``fact`` to the firm's gapless stream when the unit of work commits."""
    db.defer_item((db.FACTS_PRIORITY, ""), _append_facts, (firm_id, _encode(fact).decode()))


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
    """Of every firm, in one statement. Heads are taken in the order of the firms' ids, so that no two transactions wait
    for each other, and stay locked until the commit, so that facts become visible in their order.
    """
    parameters: dict[str, Any] = {
        "facts": _encode([{"firm_id": firm_id, "payload": payload} for firm_id, payload in items]).decode(),
        "at_ns": clock.now_ns(),
        "channel": transport.FACTS_NOTIFY,
    }
    with connection.cursor() as cursor:
        cursor.execute(_APPEND_FACTS, parameters)


def _append_commands(payloads: list[str]) -> None:
    parameters: dict[str, Any] = {
        "payloads": _encode(payloads).decode(),
        "at": clock.now(),
        "channel": transport.OUTBOX_NOTIFY,
    }
    with connection.cursor() as cursor:
        cursor.execute(_APPEND_COMMANDS, parameters)
