"""What a timer does to many rows: each in its own unit of work, none held up by another."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection

from common import db

log = structlog.get_logger(__name__)

T = TypeVar("T", bound=Hashable)


class Failures:
    """What could not be moved: logged as it fails, raised at the end. A lost database is raised at once."""

    def __init__(self) -> None:
        self._first: Exception | None = None

    def note(self, error: Exception, what: str, row: object) -> None:
        """Raises ``error`` where the connection is gone: nothing else can be moved either."""
        if isinstance(error, OperationalError | InterfaceError) and not connection.is_usable():
            raise error
        log.error("timer_failed", what=what, row=row, exc_info=error)
        self._first = self._first or error

    def raise_first(self) -> None:
        if self._first is not None:
            raise self._first


def move_each(rows: Iterable[T], move: Callable[[T], int]) -> int:
    """The sum of what ``move`` gives for each.

    One that cannot be moved does not hold up the others; its error is raised at the end. A lost connection is raised at
    once.
    """
    return move_all((rows, move))


def move_all(*parts: tuple[Iterable[T], Callable[[T], int]]) -> int:
    """Several rounds of ``move_each``: what fails in one does not hold up the next. Raises like it."""
    moved = 0
    failures = Failures()
    for rows, move in parts:
        for row in rows:
            try:
                moved += move(row)
            except Exception as error:  # noqa: BLE001 - raised at the end; see Failures
                failures.note(error, getattr(move, "__qualname__", ""), row)
    failures.raise_first()
    return moved


def move_inside(rows: Iterable[T], move: Callable[[T], int], failures: Failures) -> int:
    """Inside a unit of work, each in a savepoint: what fails is noted and undone alone; who began it raises it."""
    moved = 0
    for row in rows:
        try:
            with db.unit_of_work():
                moved += move(row)
        except Exception as error:  # noqa: BLE001 - whoever gave ``failures`` raises it
            failures.note(error, getattr(move, "__qualname__", ""), row)
    return moved
