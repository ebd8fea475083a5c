"""A client's command is done once: its id again gives the first answer and changes nothing."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from django.db import OperationalError, connection
from psycopg import errors

from common import db
from common.errors import Conflict, Refusal
from rfq.models import RfqCommand
from wire.client import Command

LOCK_TIMEOUT_MS = 3_000
"""How long a command waits for another one on the same RFQ."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class Busy(Refusal):
    """Others hold the RFQ for too long; the same command may be sent again."""

    status = 503


def once(
    *,
    user_id: int,
    message: Command,
    entity: str,
    act: Callable[[], int],
    prepare: Callable[[], None] | None = None,
) -> int:
    """Run ``act`` in a unit of work and return the id it returns; ``prepare`` runs before it, without locks."""
    try:
        if prepare is not None:
            found = _find(user_id, message)
            if found is not None:
                return found
            prepare()
        return _do(user_id, message, entity, act)
    except Refusal:
        found = _find(user_id, message)
        if found is not None:
            return found
        raise
    except OperationalError as error:
        if isinstance(error.__cause__, errors.LockNotAvailable):
            raise Busy("rfq_busy", "Another command holds this RFQ.", bound=f"{LOCK_TIMEOUT_MS} ms") from error
        raise


def set_lock_timeout() -> None:
    """For the rest of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_TIMEOUT_MS}ms"])


def _do(user_id: int, message: Command, entity: str, act: Callable[[], int]) -> int:
    with db.unit_of_work():
        row_id = _take(user_id, message, entity)
        if row_id is None:
            first = _find(user_id, message)
            assert first is not None, "a command id that is taken has its row"
            return first
        entity_id = act()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE rfq_rfqcommand SET entity_id = %s WHERE id = %s", [entity_id, row_id])
        return entity_id


_TAKE = """
INSERT INTO rfq_rfqcommand (user_id, command_id, content_sha256, entity, entity_id)
SELECT %s, %s, %s, %s, 0 FROM set_config('lock_timeout', %s, true) AS patience WHERE patience <> ''
ON CONFLICT (user_id, command_id) DO NOTHING RETURNING id
"""


def _take(user_id: int, message: Command, entity: str) -> int | None:
    """The new row's id; waits for a transaction that holds the same command id, and is None if that one committed.

    The patience with locks, of this one and of all that follow in the transaction, is set first.
    """
    parameters: list[Any] = [user_id, message.command_id, _content_sha256(message), entity, f"{LOCK_TIMEOUT_MS}ms"]
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, parameters)
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _find(user_id: int, message: Command) -> int | None:
    row = RfqCommand.objects.filter(user_id=user_id, command_id=message.command_id).first()
    if row is None:
        return None
    if bytes(row.content_sha256) != _content_sha256(message):
        raise Conflict("command_id_reused", "This command id was used for another command.", value=message.command_id)
    return row.entity_id


def _content_sha256(message: Command) -> bytes:
    return hashlib.sha256(_encode(message)).digest()
