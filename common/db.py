"""The unit of work: one transaction whose shared locks are taken last and in one order.

Business rows are locked by the services as they need them. What many transactions share (the audit chain's head, a
firm's fact stream, the outbox) is deferred: it runs at the end of the outermost unit of work, inside the
transaction, sorted by key, so that two transactions can never wait for each other there.
"""

import contextlib
import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.db import connection, transaction

T = TypeVar("T")

DEFERRED_MAX = 10_000
"""More deferred writes than this in one unit of work is a bug, not a load."""

DeferKey = tuple[int, str]
"""(priority, stream): the order in which deferred writes run. Equal keys keep the order in which they were deferred."""

COLLATERAL_PRIORITY = 5
AUDIT_PRIORITY = 10
FACTS_PRIORITY = 20
OUTBOX_PRIORITY = 30
CURSOR_PRIORITY = 40
"""The cursor of events and commands comes last of all: whoever numbers commands waits for the commit alone."""


@dataclasses.dataclass(frozen=True)
class _Write:
    key: DeferKey
    number: int
    append: Callable[[list[Any]], None]
    item: Any

    @property
    def order(self) -> tuple[DeferKey, int]:
        return self.key, self.number

    @property
    def group(self) -> tuple[DeferKey, Callable[[list[Any]], None]]:
        return self.key, self.append


class _Pending(threading.local):
    depth = 0
    writes: list[_Write]

    def __init__(self) -> None:
        self.writes = []


_pending = _Pending()


class OutsideUnitOfWork(RuntimeError):
    """A deferred write was asked for where no unit of work is open."""


@contextlib.contextmanager
def unit_of_work() -> Iterator[None]:
    """Atomic block; on leaving the outermost one the deferred writes run, then everything commits together."""
    outermost = _pending.depth == 0
    mark = len(_pending.writes)
    _pending.depth += 1
    try:
        with transaction.atomic():
            yield
            if outermost:
                _run_deferred()
    except BaseException:
        del _pending.writes[mark:]
        raise
    finally:
        _pending.depth -= 1


def defer(key: DeferKey, write: Callable[[], None]) -> None:
    """Run ``write`` at the end of the outermost unit of work, in the order of ``key``."""
    defer_item(key, _call_each, write)


def defer_item(key: DeferKey, append: Callable[[list[T]], None], item: T) -> None:
    """Like ``defer``, but items deferred with the same key and ``append`` are handed to it together, in order."""
    if _pending.depth == 0:
        raise OutsideUnitOfWork(f"no unit of work is open for {key}")
    assert len(_pending.writes) < DEFERRED_MAX, "too many deferred writes in one unit of work"
    _pending.writes.append(_Write(key, len(_pending.writes), append, item))


def _call_each(writes: list[Callable[[], None]]) -> None:
    for write in writes:
        write()


def _run_deferred() -> None:
    """Group by group. A write may defer others, to a later key only: what it follows has run already."""
    done: DeferKey = (0, "")
    while _pending.writes:
        writes = sorted(_pending.writes, key=lambda write: write.order)
        (key, append), first = next(itertools.groupby(writes, key=lambda write: write.group))
        assert key >= done, f"{key} was deferred while {done} ran"
        items = [write.item for write in first]
        _pending.writes[:] = writes[len(items) :]
        append(items)
        done = key


@contextlib.contextmanager
def one_instant() -> Iterator[None]:
    """Every query within sees the same state. A transaction that is open already holds the locks it needs."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def notify(channel: str, payload: str) -> None:
    """PostgreSQL NOTIFY, delivered exactly when the current transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, payload])


def connection_parameters() -> dict[str, Any]:
    """Keywords for a plain ``psycopg.connect`` to Django's database, for what listens or holds a lock."""
    parameters = connection.get_connection_params()
    return {name: value for name, value in parameters.items() if name not in _DJANGO_ONLY and value is not None}


_DJANGO_ONLY = frozenset({"pool", "cursor_factory", "context", "assume_role", "server_side_binding", "isolation_level"})
