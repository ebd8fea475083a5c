"""The dispatcher: one process that moves facts between the database and the gateway, and lets timers run.

Five threads, each with its own database connection: relay (commands out), projector (events in), timers, and for RFQ
over FIX what sessions ask (fix in) and what they are told (fix out). Only the holder of a PostgreSQL advisory lock
works; a second dispatcher waits for it.
"""

import contextlib
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import psycopg
import redis
from django.conf import settings
from django.db import Error, connection

from common import clock, db
from fixdesk.services import intake, outlet
from streams import selectors as streams_selectors
from streams import services as streams_services
from streams.projector import Handlers, Projector
from streams.relay import BATCH_COMMANDS_MAX, Relay
from terminal import registry
from wire import transport

log = logging.getLogger(__name__)

LOCK_KEY = 0x7061726C6579
"""PostgreSQL advisory lock: whoever holds it is the dispatcher."""
DOORBELL_SECONDS_MAX = 0.5
"""The outbox is looked at this often even if no NOTIFY arrives."""
TIMERS_EVERY_SECONDS = 0.1
SLOW_TIMERS_EVERY = 5
"""Rounds of the other timers."""
LOCK_CHECK_SECONDS = 1.0
BACKOFF_SECONDS_MIN = 0.05
BACKOFF_SECONDS_MAX = 2.0
JOIN_SECONDS_MAX = 5.0
HEARTBEAT_LIFE_MS = 3_000
VALKEY_TIMEOUT_SECONDS = 5.0
CONNECT_SECONDS_MAX = 5

Step = Callable[[], None]
Connected = contextlib.AbstractContextManager[Step]


class Dispatcher:
    """``run`` returns after ``stop``, from any thread or a signal handler.

    handlers, timers: what the apps offer, unless others are given; who gives handlers wants nothing done at the start.
    """

    def __init__(self, handlers: Handlers | None = None, timers: Sequence[registry.Timer] | None = None) -> None:
        self._starts = registry.starts() if handlers is None else ()
        self._handlers = registry.gateway_handlers() if handlers is None else handlers
        self._timers = registry.timers() if timers is None else timers
        self._slow_timers = registry.slow_timers() if timers is None else ()
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Take the lock, work while it is held, and start over when the database connection is lost."""
        backoff = BACKOFF_SECONDS_MIN
        while not self._stopping.is_set():
            try:
                with _connect() as holder:
                    if self._wait_for_lock(holder):
                        backoff = BACKOFF_SECONDS_MIN
                        self._work_while_locked(holder)
            except (psycopg.Error, Error) as error:
                log.warning("database: %s; again in %.2f s", str(error).strip(), backoff)
                self._stopping.wait(backoff)
                backoff = min(backoff * 2, BACKOFF_SECONDS_MAX)

    def _wait_for_lock(self, holder: psycopg.Connection) -> bool:
        said = False
        while not self._stopping.is_set():
            if holder.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone() == (True,):
                log.info("dispatcher holds the lock")
                return True
            if not said:
                log.info("another dispatcher is at work; waiting for its lock")
                said = True
            self._stopping.wait(LOCK_CHECK_SECONDS)
        return False

    def _work_while_locked(self, holder: psycopg.Connection) -> None:
        streams_services.lay_down_cursor()
        for start in self._starts:
            start()
        halt = threading.Event()
        threads = [
            threading.Thread(target=self._loop, args=(halt, name, make), name=name, daemon=True)
            for name, make in (
                ("relay", self._relaying),
                ("projector", self._projecting),
                ("timers", self._timing),
                ("fix in", self._taking_fix),
                ("fix out", self._telling_fix),
            )
        ]
        for thread in threads:
            thread.start()
        try:
            while not self._stopping.wait(LOCK_CHECK_SECONDS):
                holder.execute("SELECT 1")
        finally:
            halt.set()
            for thread in threads:
                thread.join(JOIN_SECONDS_MAX)
            connection.close()

    def _loop(self, halt: threading.Event, name: str, make: Callable[[], Connected]) -> None:
        """Repeat the loop's step; after any failure connect anew, with growing pauses."""
        backoff = BACKOFF_SECONDS_MIN
        while not halt.is_set() and not self._stopping.is_set():
            try:
                with make() as step:
                    while not halt.is_set() and not self._stopping.is_set():
                        step()
                        backoff = BACKOFF_SECONDS_MIN
            except Exception as error:
                why = str(error).strip() or repr(error)
                level = logging.ERROR if _is_bug(error) else logging.WARNING
                log.log(level, "%s: %s; again in %.2f s", name, why, backoff, exc_info=_is_bug(error))
                connection.close()
                halt.wait(backoff)
                backoff = min(backoff * 2, BACKOFF_SECONDS_MAX)
        connection.close()

    @contextlib.contextmanager
    def _relaying(self) -> Iterator[Step]:
        with _valkey() as valkey, _connect() as doorbell:
            doorbell.execute(f"LISTEN {transport.OUTBOX_NOTIFY}")
            relay = Relay(valkey)

            def step() -> None:
                if relay.step() < BATCH_COMMANDS_MAX:
                    for _ in doorbell.notifies(timeout=DOORBELL_SECONDS_MAX, stop_after=1):
                        pass

            yield step

    @contextlib.contextmanager
    def _projecting(self) -> Iterator[Step]:
        with _valkey() as valkey:
            projector = Projector(valkey, self._handlers)

            def step() -> None:
                projector.step()

            yield step

    @contextlib.contextmanager
    def _taking_fix(self) -> Iterator[Step]:
        with _valkey() as valkey:
            taker = intake.Taker(valkey, registry.socket_handlers())

            def step() -> None:
                taker.step()

            yield step

    @contextlib.contextmanager
    def _telling_fix(self) -> Iterator[Step]:
        with _connect() as doorbell:
            doorbell.execute(f"LISTEN {transport.FACTS_NOTIFY}")

            def step() -> None:
                if not outlet.step():
                    for _ in doorbell.notifies(timeout=DOORBELL_SECONDS_MAX, stop_after=1):
                        pass

            yield step

    @contextlib.contextmanager
    def _timing(self) -> Iterator[Step]:
        with _valkey() as valkey:
            due = time.monotonic()
            rounds = itertools.cycle([(*self._timers, *self._slow_timers), *[self._timers] * (SLOW_TIMERS_EVERY - 1)])

            def step() -> None:
                nonlocal due
                run_timers(next(rounds), clock.now())
                _beat(valkey)
                due = max(due + TIMERS_EVERY_SECONDS, time.monotonic())
                self._stopping.wait(max(0.0, due - time.monotonic()))

            yield step


def run_timers(timers: Sequence[registry.Timer], at: datetime) -> int:
    """Run every timer once; one that fails is logged and does not keep the others from running.

    Raised is only a lost connection, without which none of them could run. Nothing else may slow the timers down: what
    cannot be done for one firm costs no other its deadline.
    """
    done = 0
    lost: Exception | None = None
    for timer in timers:
        try:
            done += timer(at)
        except Exception as error:
            log.exception("timer %s.%s failed", timer.__module__, timer.__name__)
            lost = error if _is_lost(error) else lost
    if lost is not None:
        raise lost
    return done


def _beat(valkey: redis.Redis) -> None:
    cursor = streams_selectors.get_cursor()
    beat = {
        "at_ns": clock.now_ns(),
        "event_number": cursor.event_number,
        "command_sequence": cursor.command_sequence,
    }
    valkey.set(transport.DISPATCHER_HEARTBEAT, json.dumps(beat), px=HEARTBEAT_LIFE_MS)


def _connect() -> psycopg.Connection:
    """A plain connection to Django's database, outside Django: it holds the lock or listens."""
    return psycopg.connect(**db.connection_parameters(), autocommit=True, connect_timeout=CONNECT_SECONDS_MAX)


def _valkey() -> redis.Redis:
    return redis.Redis.from_url(
        settings.VALKEY_URL, socket_timeout=VALKEY_TIMEOUT_SECONDS, socket_connect_timeout=VALKEY_TIMEOUT_SECONDS
    )


def _is_lost(error: Exception) -> bool:
    """Whether a server has gone, and with it everything else that a timer could do."""
    return isinstance(error, redis.RedisError) or (isinstance(error, Error) and not connection.is_usable())


def _is_bug(error: Exception) -> bool:
    """Whether the traceback helps: an unreachable server needs none."""
    return not isinstance(error, redis.RedisError | psycopg.Error | Error)
