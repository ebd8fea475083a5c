"""Events from the stream ``gateway.events`` into the database: in order, each once, never skipped.

The number of the newest event is stored in the transaction of its effects. See ``wire.transport`` for the protocol.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import redis

from common import db
from streams.models import GatewayCursor
from wire import transport
from wire.gateway import EventEnvelope, GatewayEvent

log = logging.getLogger(__name__)

BATCH_EVENTS_MAX = 200
"""Events applied in one transaction."""
READ_BLOCK_MS = 250
WATERMARK_EVERY_SECONDS = 0.5
GAP_PAUSE_SECONDS = 0.05

Handler = Callable[[EventEnvelope], None]
Handlers = Mapping[type[GatewayEvent], Sequence[Handler]]


class ProjectionFailed(RuntimeError):
    """An event's handler failed: nothing of it was stored, and nothing after it may pass."""


class Projector:
    """One per dispatcher, used from one thread."""

    def __init__(self, valkey: redis.Redis, handlers: Handlers) -> None:
        self._valkey = valkey
        self._handlers = handlers
        self._decoder = msgspec.json.Decoder(EventEnvelope)
        self._batch_max = BATCH_EVENTS_MAX
        self._shown_at = 0.0

    def step(self) -> int:
        """Wait shortly for events and apply them. Returns how many. Raises ProjectionFailed, naming the event."""
        cursor = GatewayCursor.objects.get(id=1)
        self._show_watermark(cursor.event_number, f"{cursor.journal_sequence}-{cursor.event_index}")
        envelopes = self._read(cursor)
        if not envelopes:
            return 0
        try:
            self._apply(envelopes)
        except Exception as error:
            if len(envelopes) == 1:
                event = envelopes[0]
                name = type(event.event).__name__
                raise ProjectionFailed(f"event {event.event_number} ({name}): {error!r}") from error
            self._batch_max = 1
            return 0
        self._batch_max = min(self._batch_max * 2, BATCH_EVENTS_MAX)
        last = envelopes[-1]
        self._show_watermark(last.event_number, f"{last.journal_sequence}-{last.index}", now=True)
        return len(envelopes)

    def _read(self, cursor: GatewayCursor) -> list[EventEnvelope]:
        """The next events in a row, at most a batch; none where the stream has a gap, which its sender will fill."""
        after = f"{cursor.journal_sequence}-{cursor.event_index}"
        answer: Any = self._valkey.xread(
            {transport.EVENTS_STREAM: after}, count=self._batch_max, block=READ_BLOCK_MS
        )
        envelopes: list[EventEnvelope] = []
        expected = cursor.event_number + 1
        for _, fields in _entries(answer):
            envelope = self._decoder.decode(fields[transport.ENTRY_FIELD.encode()])
            if envelope.event_number < expected:
                continue
            if envelope.event_number > expected:
                break
            envelopes.append(envelope)
            expected += 1
        if answer and not envelopes:
            time.sleep(GAP_PAUSE_SECONDS)
        return envelopes

    def _apply(self, envelopes: list[EventEnvelope]) -> None:
        last = envelopes[-1]

        def move_cursor() -> None:
            moved = GatewayCursor.objects.filter(id=1, event_number=envelopes[0].event_number - 1).update(
                event_number=last.event_number, journal_sequence=last.journal_sequence, event_index=last.index
            )
            assert moved == 1, "another dispatcher has moved the cursor"

        with db.unit_of_work():
            db.defer((db.CURSOR_PRIORITY, ""), move_cursor)
            for envelope in envelopes:
                for handler in self._handlers.get(type(envelope.event), ()):
                    handler(envelope)

    def _show_watermark(self, event_number: int, entry_id: str, *, now: bool = False) -> None:
        at = time.monotonic()
        if now or at - self._shown_at >= WATERMARK_EVERY_SECONDS:
            self._valkey.mset({transport.EVENTS_WATERMARK: event_number, transport.EVENTS_WATERMARK_ID: entry_id})
            self._shown_at = at


def _entries(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Entries of the one stream that was read, in either shape that the client library gives."""
    if not answer:
        return []
    streams = answer.items() if isinstance(answer, dict) else answer
    entries: list[tuple[bytes, dict[bytes, bytes]]] = []
    for _, found in streams:
        for part in found:
            entries.extend(part if isinstance(part, list) else [part])
    return entries
