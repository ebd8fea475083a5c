"""Commands from the outbox to the stream ``gateway.commands``: numbered once, added in order, sent again if lost.

See ``wire.transport`` for the protocol. The database is the durable log; Valkey may forget everything at any moment.
"""

import logging
import time
from typing import Any

import redis
from django.db import connection, transaction

from streams import services
from wire import transport
from wire.limits import STREAM_ENTRIES_MAX

log = logging.getLogger(__name__)

BATCH_COMMANDS_MAX = 500
"""Commands numbered in one transaction, or added to the stream in one go."""
RESEND_AFTER_SECONDS = 0.5
"""A watermark that stands below what was sent for so long makes the sender look whether the stream still holds it."""
WATERMARK_EVERY_SECONDS = 0.1
RETENTION_EVERY_SECONDS = 30.0

_LOCK_CURSOR = "SELECT command_sequence FROM streams_gatewaycursor WHERE id = 1 FOR UPDATE"
_NUMBER = """
WITH batch AS (
    SELECT id, row_number() OVER (ORDER BY id) AS position
    FROM (SELECT id FROM streams_outboxcommand WHERE command_sequence IS NULL ORDER BY id LIMIT %(limit)s) AS oldest
), moved AS (
    UPDATE streams_gatewaycursor SET command_sequence = command_sequence + (SELECT count(*) FROM batch)
    WHERE id = 1 AND EXISTS (SELECT FROM batch)
)
UPDATE streams_outboxcommand AS command SET command_sequence = %(last)s + batch.position
FROM batch WHERE command.id = batch.id RETURNING command.command_sequence, command.payload
"""
_READ = """
SELECT command_sequence, payload FROM streams_outboxcommand
WHERE command_sequence > %s ORDER BY command_sequence LIMIT %s
"""

Numbered = tuple[int, str]


class ForeignGateway(RuntimeError):
    """The gateway has taken commands that this database never numbered: they do not belong together."""


class Relay:
    """One per dispatcher, used from one thread.

    ``taken``: the gateway's watermark. ``sent``: newest command that the stream was given since it was last rebuilt.
    ``given``: newest number given in the database.
    """

    def __init__(self, valkey: redis.Redis) -> None:
        self._valkey = valkey
        self._taken: int | None = None
        self._sent: int | None = None
        self._given = 0
        self._stands_since = 0.0
        self._watermark_at = 0.0
        self._retention_at = 0.0

    def step(self) -> int:
        """Relay what waits. Returns how many commands were added; BATCH_COMMANDS_MAX of them: call again at once."""
        self._look_at_watermark()
        if self._taken is None:
            return 0
        if self._sent is None or self._is_lost():
            return self._rebuild()
        if self._sent - self._taken >= STREAM_ENTRIES_MAX:
            return 0
        if self._sent < self._given:
            commands = _read_after(self._sent, BATCH_COMMANDS_MAX)
        else:
            commands = _number(BATCH_COMMANDS_MAX)
            self._given += len(commands)
        self._add(commands)
        self._forget_taken()
        return len(commands)

    def forget_stream(self) -> None:
        """After a lost connection: what was sent is not known any more; the next step rebuilds."""
        self._sent = None

    def _look_at_watermark(self) -> None:
        now = time.monotonic()
        if self._sent is not None and now < self._watermark_at:
            return
        self._watermark_at = now + WATERMARK_EVERY_SECONDS
        shown = self._valkey.get(transport.COMMANDS_WATERMARK)
        if shown is None:
            return
        taken = int(shown)
        if taken != self._taken:
            if self._taken is not None and taken < self._taken:
                log.warning("the gateway went back from command %d to %d: sending again", self._taken, taken)
                self._sent = None
            self._taken, self._stands_since = taken, now
        if self._sent is not None and taken > self._sent:
            self._sent = None

    def _is_lost(self) -> bool:
        """Whether the gateway waits for a command that the stream does not hold."""
        assert self._taken is not None
        assert self._sent is not None
        if self._taken >= self._sent:
            self._stands_since = time.monotonic()
            return False
        if time.monotonic() - self._stands_since < RESEND_AFTER_SECONDS:
            return False
        self._stands_since = time.monotonic()
        return not self._valkey.xrange(transport.COMMANDS_STREAM, f"{self._taken + 1}-0", f"{self._taken + 1}-0")

    def _rebuild(self) -> int:
        """Replace the stream by the commands after the watermark, in one MULTI."""
        assert self._taken is not None
        self._given = _given()
        if self._taken > self._given:
            raise ForeignGateway(f"the gateway has taken command {self._taken}, this database gave only {self._given}")
        commands = _read_after(self._taken, BATCH_COMMANDS_MAX)
        _insist_on_order(commands, self._taken)
        with self._valkey.pipeline(transaction=True) as pipeline:
            pipeline.delete(transport.COMMANDS_STREAM)
            for sequence, payload in commands:
                _queue(pipeline, sequence, payload)
            pipeline.execute()
        self._sent = commands[-1][0] if commands else self._taken
        self._stands_since = time.monotonic()
        if commands:
            log.info("rebuilt the command stream from %d to %d", self._taken + 1, self._sent)
        return len(commands)

    def _add(self, commands: list[Numbered]) -> None:
        if not commands:
            return
        assert self._sent is not None
        _insist_on_order(commands, self._sent)
        was_idle = self._taken == self._sent
        with self._valkey.pipeline(transaction=False) as pipeline:
            for sequence, payload in commands:
                _queue(pipeline, sequence, payload)
            try:
                pipeline.execute()
            except redis.ResponseError as error:
                log.warning("the command stream refused an entry (%s): rebuilding it", error)
                self._sent = None
                return
        self._sent = commands[-1][0]
        if was_idle:
            self._stands_since = time.monotonic()

    def _forget_taken(self) -> None:
        now = time.monotonic()
        if now < self._retention_at or self._taken is None:
            return
        self._retention_at = now + RETENTION_EVERY_SECONDS
        self._valkey.xtrim(transport.COMMANDS_STREAM, minid=f"{self._taken + 1}-0")
        services.delete_taken_commands(taken=self._taken)


def _given() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT command_sequence FROM streams_gatewaycursor WHERE id = 1")
        return int(cursor.fetchone()[0])


def _number(limit: int) -> list[Numbered]:
    """Give the oldest waiting commands their numbers. Durable before anybody sees one."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_CURSOR)
        (last,) = cursor.fetchone()
        cursor.execute(_NUMBER, {"limit": limit, "last": last})
        return sorted(cursor.fetchall())


def _read_after(sequence: int, limit: int) -> list[Numbered]:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [sequence, limit])
        return list(cursor.fetchall())


def _insist_on_order(commands: list[Numbered], after: int) -> None:
    for expected, (sequence, _) in enumerate(commands, start=after + 1):
        assert sequence == expected, f"command {expected} is missing from the outbox, found {sequence}"


def _queue(pipeline: Any, sequence: int, payload: str) -> None:
    envelope = f'{{"command_sequence":{sequence},"command":{payload}}}'
    pipeline.xadd(transport.COMMANDS_STREAM, {transport.ENTRY_FIELD: envelope}, id=f"{sequence}-0")
