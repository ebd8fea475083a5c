"""A gateway without an engine: it speaks both durable streams as ``wire.transport`` says and answers every command.

What it took and what it answered live in this object, as they live in the journal of the real one; Valkey may forget
everything. Runs in a thread.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import msgspec
import redis

from wire import gateway, transport

RESEND_AFTER_SECONDS = 0.5
WATERMARK_EVERY_SECONDS = 0.2

Answer = Callable[[gateway.GatewayCommand], list[gateway.GatewayEvent]]


class PlainGateway:
    """``answer`` makes the events of a command; they share its journal record."""

    def __init__(self, valkey_url: str, answer: Answer) -> None:
        self._valkey = redis.Redis.from_url(valkey_url)
        self._answer = answer
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.taken: list[gateway.GatewayCommand] = []
        self.events: list[tuple[str, bytes]] = []
        self._published = 0
        self._stands: tuple[int, float] = (-1, 0.0)
        self._shown_at = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(5)
        self._valkey.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(redis.ConnectionError, redis.TimeoutError):
                self._show_watermark()
                self._resend_if_lost()
                self._take()

    def _take(self) -> None:
        found: Any = self._valkey.xread({transport.COMMANDS_STREAM: f"{len(self.taken)}-0"}, count=100, block=50)
        for _, entries in found.items() if isinstance(found, dict) else found or []:
            for part in entries:
                for _, fields in part if isinstance(part, list) else [part]:
                    envelope = msgspec.json.decode(fields[b"m"], type=gateway.CommandEnvelope)
                    if envelope.command_sequence == len(self.taken) + 1:
                        self._process(envelope)

    def _process(self, envelope: gateway.CommandEnvelope) -> None:
        self.taken.append(envelope.command)
        for index, event in enumerate(self._answer(envelope.command), start=1):
            entry = gateway.EventEnvelope(
                event_number=len(self.events) + 1,
                journal_sequence=envelope.command_sequence,
                index=index,
                at_ns=time.time_ns(),
                command_sequence=envelope.command_sequence,
                event=event,
            )
            self.events.append((f"{envelope.command_sequence}-{index}", msgspec.json.encode(entry)))
        for entry_id, payload in self.events[self._published :]:
            with contextlib.suppress(redis.ResponseError):
                self._valkey.xadd(transport.EVENTS_STREAM, {transport.ENTRY_FIELD: payload}, id=entry_id)
        self._published = len(self.events)

    def _show_watermark(self) -> None:
        if time.monotonic() - self._shown_at >= WATERMARK_EVERY_SECONDS:
            self._valkey.set(transport.COMMANDS_WATERMARK, len(self.taken))
            self._shown_at = time.monotonic()

    def _resend_if_lost(self) -> None:
        projected = int(self._valkey.get(transport.EVENTS_WATERMARK) or 0)
        if projected >= len(self.events) or projected != self._stands[0]:
            self._stands = (projected, time.monotonic())
            return
        if time.monotonic() - self._stands[1] < RESEND_AFTER_SECONDS:
            return
        self._stands = (projected, time.monotonic())
        wanted = self.events[projected][0]
        if not self._valkey.xrange(transport.EVENTS_STREAM, wanted, wanted):
            with self._valkey.pipeline(transaction=True) as pipeline:
                pipeline.delete(transport.EVENTS_STREAM)
                for entry_id, payload in self.events[projected:]:
                    pipeline.xadd(transport.EVENTS_STREAM, {transport.ENTRY_FIELD: payload}, id=entry_id)
                pipeline.execute()
