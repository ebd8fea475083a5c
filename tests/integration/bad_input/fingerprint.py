"""Everything that a refusal must leave alone, in one query: rows, newest numbers and contents of every business table."""

import dataclasses
from collections.abc import Iterator

from django.apps import apps
from django.db import connection, models

from common import valkey
from wire import transport

APPS = ("accounts", "audit", "compliance", "makers", "market", "orders", "pairs", "rfq", "risk", "settlement", "streams")
NUMBERS = ("sequence", "number", "command_sequence", "event_number", "journal_sequence")


@dataclasses.dataclass(frozen=True)
class Mark:
    """``newest``: the largest id and sequence numbers; ``contents``: a hash over every column of every row."""

    rows: int
    newest: str
    contents: str


def fingerprint() -> dict[str, Mark]:
    """Mark of each table, and the length of both streams between database and gateway."""
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(_statements()))
        marks = {name: Mark(rows, newest, contents) for name, rows, newest, contents in cursor.fetchall()}
    server = valkey.client()
    for stream in (transport.COMMANDS_STREAM, transport.EVENTS_STREAM):
        marks[stream] = Mark(int(server.xlen(stream)), "", "")
    return marks


def differences(before: dict[str, Mark], after: dict[str, Mark]) -> dict[str, tuple[Mark, Mark]]:
    """Tables of which the mark is another one."""
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def tables() -> list[type[models.Model]]:
    found = [model for app in APPS if apps.is_installed(app) for model in apps.get_app_config(app).get_models()]
    return sorted(found, key=lambda model: model._meta.db_table)


def _statements() -> Iterator[str]:
    for model in tables():
        table = model._meta.db_table
        names = {field.column for field in model._meta.concrete_fields}
        numbers = [name for name in ("id", *NUMBERS) if name in names]
        newest = ", ".join(f"max({name})::text" for name in numbers) or "''"
        yield (
            f"SELECT '{table}', count(*), concat_ws(' ', {newest}), "
            f"coalesce(md5(string_agg(row_of::text, '|' ORDER BY row_of::text)), '') FROM {table} AS row_of"
        )
