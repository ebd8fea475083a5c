"""The orders of FIX sessions on disk: what the engine's events made of them, and up to which event.

It is a projection of the journal and holds no truth of its own: what lies behind its last event is read from the
journal again. So it need not be synced; it must only be whole, which SQLite's transactions see to.
"""

import logging
import secrets
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec

from gateway.fix.order_record import OrderRecord

log = logging.getLogger(__name__)

FILE_NAME = "orders.sqlite3"
FORMAT = 1
BUSY_SECONDS = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (order_id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS progress (
    id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, event_number INTEGER NOT NULL, owner TEXT NOT NULL
) STRICT;
"""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(OrderRecord).decode


class StoreTaken(RuntimeError):
    """Another gateway has opened the store since: this one must not write to it."""


def encode(record: OrderRecord) -> bytes:
    """As ``OrderStore.save`` takes it: what the order is now, whatever happens to it later."""
    return _encode(record)


class OrderStore:
    """One per gateway. ``event_number``: the last event whose effects are in it."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError, sqlite3.Error."""
        directory.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(
            directory / FILE_NAME, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
        )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(_SCHEMA)
        self._writing = threading.Lock()
        self._owner = secrets.token_hex(8)
        row = self._database.execute("SELECT format, event_number FROM progress").fetchone()
        if row is not None and row[0] != FORMAT:
            log.warning("fix: the orders on disk are of format %s, reading the journal instead", row[0])
            self._database.execute("DELETE FROM orders")
            row = None
        self.event_number = int(row[1]) if row else 0
        self.is_new = row is None
        self._database.execute(
            "INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?)", (FORMAT, self.event_number, self._owner)
        )

    def load(self) -> list[OrderRecord]:
        """By order id."""
        rows = self._database.execute("SELECT body FROM orders ORDER BY order_id")
        return [_decode(body) for (body,) in rows]

    def clear(self) -> None:
        """What is there is of another journal."""
        self._database.execute("DELETE FROM orders")
        self.event_number = 0

    def save(self, changed: Iterable[tuple[int, bytes]], forgotten: Iterable[int], event_number: int) -> None:
        """Everything up to that event, in one transaction. Raises StoreTaken, sqlite3.Error."""
        with self._writing:
            self._save(changed, forgotten, event_number)

    def note(self, record: OrderRecord) -> None:
        """An order whose terms no event will say, at once. Raises sqlite3.Error."""
        with self._writing:
            self._database.execute("INSERT OR REPLACE INTO orders VALUES (?, ?)", (record.order_id, _encode(record)))

    def _save(self, changed: Iterable[tuple[int, bytes]], forgotten: Iterable[int], event_number: int) -> None:
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            self._require_own()
            database.executemany("INSERT OR REPLACE INTO orders VALUES (?, ?)", changed)
            database.executemany("DELETE FROM orders WHERE order_id = ?", [(order_id,) for order_id in forgotten])
            database.execute("UPDATE progress SET event_number = ?", (event_number,))
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
        self.event_number = event_number

    def _require_own(self) -> None:
        (owner,) = self._database.execute("SELECT owner FROM progress").fetchone()
        if owner != self._owner:
            raise StoreTaken("another gateway has opened the FIX orders")

    def close(self) -> None:
        with self._writing:
            self._database.close()
