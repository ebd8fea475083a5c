"""Everything that changed an algorithm, on disk in its order: a state is what its inputs amount to.

An input that changed nothing is not kept. What an input asked for is sent only once it is synced, so a child order that
the journal holds always has its reason here; one that is here and not in the journal was never sent.
"""

import secrets
import sqlite3
import threading
from pathlib import Path

import msgspec

from strategies.algos import Input
from wire.gateway_algos import AlgoReport, SteerAlgo

FILE_NAME = "algos.sqlite3"
BUSY_SECONDS = 5.0
ENDED_KEPT_MAX = 1_000
"""Ended parents whose inputs are kept, to replay them."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS parents (
    parent_order_id INTEGER PRIMARY KEY, is_ended INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS inputs (
    number INTEGER PRIMARY KEY, parent_order_id INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS inputs_of_parent ON inputs (parent_order_id, number);
CREATE TABLE IF NOT EXISTS reports (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS progress (
    id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, event_number INTEGER NOT NULL,
    command_sequence INTEGER NOT NULL, report_number INTEGER NOT NULL, owner TEXT NOT NULL
) STRICT;
"""
_encode = msgspec.msgpack.Encoder().encode
_decode_input = msgspec.msgpack.Decoder(Input).decode
_decode_command = msgspec.msgpack.Decoder(SteerAlgo).decode
_decode_report = msgspec.msgpack.Decoder(AlgoReport).decode


class LogTaken(RuntimeError):
    """Another gateway has opened the log since: this one must not write to it."""


class Batch(msgspec.Struct):
    """What is to be written in one transaction. ``stored_reports``: reports up to this one are the database's now."""

    event_number: int
    command_sequence: int
    parents: list[tuple[SteerAlgo, bool]] = msgspec.field(default_factory=list)
    inputs: list[tuple[int, Input]] = msgspec.field(default_factory=list)
    reports: list[AlgoReport] = msgspec.field(default_factory=list)
    stored_reports: int = 0


class AlgoLog:
    """``name``: its own, for ever. ``event_number``, ``command_sequence``: how far it has seen journal and commands."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError, sqlite3.Error."""
        directory.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(
            directory / FILE_NAME, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
        )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_SCHEMA)
        self._writing = threading.Lock()
        self._owner = secrets.token_hex(8)
        row = self._database.execute("SELECT name, event_number, command_sequence, report_number FROM progress")
        found: tuple[str, int, int, int] = row.fetchone() or (secrets.token_hex(16), 0, 0, 0)
        self.name, self.event_number, self.command_sequence, self.report_number = found
        self._database.execute("INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?, ?, ?)", (*found, self._owner))

    def load_parents(self) -> list[SteerAlgo]:
        """The newest command of each parent that has not ended, by parent."""
        rows = self._database.execute("SELECT body FROM parents WHERE is_ended = 0 ORDER BY parent_order_id")
        return [_decode_command(body) for (body,) in rows]

    def load_inputs(self, parent_order_id: int) -> list[Input]:
        """In their order."""
        rows = self._database.execute(
            "SELECT body FROM inputs WHERE parent_order_id = ? ORDER BY number", (parent_order_id,)
        )
        return [_decode_input(body) for (body,) in rows]

    def load_reports(self) -> list[AlgoReport]:
        """Those that the database has not stored."""
        return [_decode_report(body) for (body,) in self._database.execute("SELECT body FROM reports ORDER BY number")]

    def is_ended(self, parent_order_id: int) -> bool:
        row = self._database.execute("SELECT is_ended FROM parents WHERE parent_order_id = ?", (parent_order_id,))
        return bool(row.fetchone() == (1,))

    def write(self, batch: Batch) -> None:
        """All of it, synced when it returns. Raises LogTaken, sqlite3.Error."""
        with self._writing:
            database = self._database
            database.execute("BEGIN IMMEDIATE")
            try:
                self._require_own()
                self._put(batch)
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise
            self.event_number, self.command_sequence = batch.event_number, batch.command_sequence

    def _put(self, batch: Batch) -> None:
        database = self._database
        database.executemany(
            "INSERT OR REPLACE INTO parents VALUES (?, ?, ?)",
            [(command.parent_order_id, int(ended), _encode(command)) for command, ended in batch.parents],
        )
        database.executemany(
            "INSERT INTO inputs (parent_order_id, body) VALUES (?, ?)",
            [(parent, _encode(given)) for parent, given in batch.inputs],
        )
        database.executemany(
            "INSERT INTO reports VALUES (?, ?)", [(report.number, _encode(report)) for report in batch.reports]
        )
        database.execute("DELETE FROM reports WHERE number <= ?", (batch.stored_reports,))
        newest = batch.reports[-1].number if batch.reports else 0
        database.execute(
            "UPDATE progress SET event_number = ?, command_sequence = ?, report_number = max(report_number, ?)",
            (batch.event_number, batch.command_sequence, newest),
        )
        if any(ended for _, ended in batch.parents):
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        rows = self._database.execute(
            "SELECT parent_order_id FROM parents WHERE is_ended = 1 ORDER BY 1 DESC LIMIT -1 OFFSET ?",
            (ENDED_KEPT_MAX,),
        ).fetchall()
        self._database.executemany("DELETE FROM inputs WHERE parent_order_id = ?", rows)
        self._database.executemany("DELETE FROM parents WHERE parent_order_id = ?", rows)

    def _require_own(self) -> None:
        (owner,) = self._database.execute("SELECT owner FROM progress").fetchone()
        if owner != self._owner:
            raise LogTaken("another gateway has opened the log of the algorithms")

    def close(self) -> None:
        with self._writing:
            self._database.close()
