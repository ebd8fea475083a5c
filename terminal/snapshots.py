"""A firm's state and the sequence it stands at, read in one transaction, so that snapshot + facts = fresh snapshot."""

from typing import Any

import msgspec
from django.db import connection, transaction

from streams import selectors as streams_selectors
from terminal import registry

_encode = msgspec.json.Encoder().encode


def read_snapshot(firm_id: int, role: str) -> tuple[int, str]:
    """(sequence, JSON of ``{"orders": [...], "fills": [...], ...}``)."""
    state: dict[str, list[Any]] = {}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        sequence = streams_selectors.head(firm_id)
        for selector in registry.snapshot_selectors():
            state.update(selector(firm_id, role))
    return sequence, _encode(state).decode()
