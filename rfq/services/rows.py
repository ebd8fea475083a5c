"""The rows of one change, written in one statement: what belongs together reaches the database together.

Every part is a write of its own (a common table expression) and sees the state before the statement, so that no part
may rely on another one; where the order matters, a part selects from the one that has to come first.
"""

from typing import Any

from django.db import connection


class Rows:
    """Parts by name, with their parameters by name; nothing happens before ``write``."""

    def __init__(self) -> None:
        self._parts: dict[str, str] = {}
        self._parameters: dict[str, Any] = {}

    def add(self, parts: dict[str, str], **parameters: Any) -> None:
        assert not parts.keys() & self._parts.keys(), "a part is added once"
        assert not parameters.keys() & self._parameters.keys(), "parts name their parameters apart"
        self._parts |= parts
        self._parameters |= parameters

    def write(self) -> None:
        """In the order in which the parts were added, as far as PostgreSQL gives one."""
        if not self._parts:
            return
        parts = ", ".join(f"{name} AS ({statement})" for name, statement in self._parts.items())
        with connection.cursor() as cursor:
            cursor.execute(f"WITH {parts} SELECT 1", self._parameters)
