"""Write a fact or a gateway command in the transaction that caused it."""

import functools

import msgspec
from django.db import connection

from common import clock, db
from streams.models import Fact, OutboxCommand
from wire import facts, gateway, transport

_encode = msgspec.json.Encoder().encode


def publish_fact(*, firm_id: int, fact: facts.Fact) -> None:
    """Append ``fact`` to the firm's gapless stream when the unit of work commits."""
    payload = _encode(fact).decode()
    db.defer((db.FACTS_PRIORITY, f"{firm_id:020d}"), functools.partial(_append_fact, firm_id, payload))


def send_to_gateway(command: gateway.GatewayCommand) -> None:
    """Put ``command`` into the outbox when the unit of work commits; the dispatcher relays it."""
    payload = _encode(command).decode()
    db.defer((db.OUTBOX_PRIORITY, ""), functools.partial(_append_command, payload))


def _append_fact(firm_id: int, payload: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO streams_facthead (firm_id, sequence) VALUES (%s, 1) "
            "ON CONFLICT (firm_id) DO UPDATE SET sequence = streams_facthead.sequence + 1 RETURNING sequence",
            [firm_id],
        )
        sequence = cursor.fetchone()[0]
    Fact.objects.create(firm_id=firm_id, sequence=sequence, at_ns=clock.now_ns(), payload=payload)
    db.notify(transport.FACTS_NOTIFY, f"{firm_id}:{sequence}")


def _append_command(payload: str) -> None:
    OutboxCommand.objects.create(payload=payload, created_at=clock.now())
    db.notify(transport.OUTBOX_NOTIFY, "")
