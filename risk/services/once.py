"""Rows that a repeat of the same command must not make twice."""

from collections.abc import Mapping
from typing import TypeVar

from django.db import IntegrityError, models, transaction

from common.errors import Conflict

Row = TypeVar("Row", bound=models.Model)


def insert_once(row: Row, key: Mapping[str, object], compared: tuple[str, ...]) -> tuple[Row, bool]:
    """Save ``row`` unless one with ``key`` is there; (the row that counts, whether it is new).

    Raises Conflict ``command_id_reused`` where the earlier one differs in ``compared``.
    """
    model = type(row)
    found = model._default_manager.filter(**key).first()
    if found is None:
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            found = model._default_manager.filter(**key).first()
            if found is None:
                raise
        else:
            return row, True
    if any(getattr(found, name) != getattr(row, name) for name in compared):
        raise Conflict("command_id_reused", "this command_id was used for something else")
    return found, False
