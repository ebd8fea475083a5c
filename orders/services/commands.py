"""A client's command is taken once: the same id again gets the first answer, another content is refused."""

import dataclasses
import datetime as dt

import msgspec
from django.db import connection

from common.errors import Conflict
from orders.models import OrderCommand
from wire.client import Command

_INSERT = """
INSERT INTO orders_ordercommand (user_id, command_id, content, entity, at) VALUES (%s, %s, %s, '', %s)
ON CONFLICT DO NOTHING RETURNING id
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Taken:
    """``entity_id`` is None while the command is taken for the first time."""

    id: int
    entity_id: int | None


def take(*, user_id: int, message: Command, at: dt.datetime) -> Taken:
    """Take the command, in the caller's transaction. Waits for a twin that is being taken; raises Conflict."""
    content = msgspec.json.encode(message).decode()
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [user_id, message.command_id, content, at])
        row = cursor.fetchone()
    if row is not None:
        return Taken(id=row[0], entity_id=None)
    known = OrderCommand.objects.get(user_id=user_id, command_id=message.command_id)
    if known.content != content:
        raise Conflict(
            "command_id_reused", "the command id was used for something else", value=message.command_id, bound="unique"
        )
    assert known.entity_id is not None, "a command that was taken has an answer"
    return Taken(id=known.pk, entity_id=known.entity_id)


def answer(taken: Taken, *, entity: str, entity_id: int) -> None:
    """Store what the command's repeats are answered with."""
    OrderCommand.objects.filter(id=taken.id).update(entity=entity, entity_id=entity_id)
