"""Keeps a set of processes running: starts each once its needs are ready, restarts it, stops all in reverse order."""

import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from terminal.supervisor.logs import Console
from terminal.supervisor.process import ManagedProcess, ProcessSpec, StartFailure

TICK_SECONDS = 0.05
CHECK_EVERY_SECONDS = 0.2
RESTARTS_MAX = 5
RESTART_WINDOW_SECONDS = 60
BACKOFF_SECONDS = (0.5, 1, 2, 4, 8)


class Supervised:
    """One process and its history."""

    def __init__(self, spec: ProcessSpec, process: ManagedProcess) -> None:
        self.spec, self.process = spec, process
        self.is_started = self.is_ready = False
        self.start_after = self.checked_at = 0.0
        self.deaths: deque[float] = deque(maxlen=RESTARTS_MAX + 1)
        self.asked_to_stop_at: float | None = None

    @property
    def is_running(self) -> bool:
        return self.process.pid is not None


class Supervisor:
    """``run`` returns 0 after a stop that was asked for and raises StartFailure when a process cannot be kept up."""

    def __init__(
        self, specs: Sequence[ProcessSpec], *, environment: dict[str, str], logs: Path, on_change: Callable[[], None]
    ) -> None:
        self.console = Console([spec.name for spec in specs])
        self._environment = environment
        self._on_change = on_change
        self._stop_signals = 0
        self._is_announced = False
        self._supervised = {
            spec.name: Supervised(spec, ManagedProcess(spec, log=logs / f"{spec.name}.log", echo=self.console.line))
            for spec in specs
        }
        self.is_ready = False
        """Whether all are ready now; again once what has died is back."""

    def pids(self) -> dict[str, int]:
        return {name: one.process.pid for name, one in self._supervised.items() if one.process.pid is not None}

    def run(self, announce: Callable[[], None]) -> int:
        """Start, announce once everything is ready, and keep it so until SIGINT or SIGTERM."""
        handlers = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not self._stop_signals:
                self._tick()
                if not self.is_ready and all(one.is_ready for one in self._supervised.values()):
                    self._become_ready(announce)
                time.sleep(TICK_SECONDS)
            return 0
        finally:
            self._stop_all()
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _become_ready(self, announce: Callable[[], None]) -> None:
        self.is_ready = True
        self._on_change()
        if not self._is_announced:
            self._is_announced = True
            announce()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_signals += 1

    def _tick(self) -> None:
        for one in self._supervised.values():
            if self._stop_signals:
                return
            if not one.is_started:
                self._start_if_possible(one)
            elif not one.is_running:
                self._on_end(one)
            elif not one.is_ready:
                self._check(one)

    def _start_if_possible(self, one: Supervised) -> None:
        needs_are_ready = all(self._supervised[name].is_ready for name in one.spec.needs if name in self._supervised)
        if not needs_are_ready or time.monotonic() < one.start_after:
            return
        if one.deaths and one.spec.before_restart:
            one.spec.before_restart()
        one.process.start(self._environment)
        one.is_started = True
        self._on_change()

    def _check(self, one: Supervised) -> None:
        if one.spec.is_one_shot or time.monotonic() - one.checked_at < CHECK_EVERY_SECONDS:
            return
        one.is_ready = one.spec.is_ready(one.process)
        one.checked_at = time.monotonic()
        if not one.is_ready and one.process.seconds_up() > one.spec.start_seconds:
            raise StartFailure(
                f"{one.spec.name} was not ready after {one.spec.start_seconds:.0f} s; "
                f"its log is logs/{one.spec.name}.log"
            )

    def _on_end(self, one: Supervised) -> None:
        if one.spec.is_one_shot and one.process.exit_code() == 0:
            one.is_ready = True
            return
        code = one.process.exit_code()
        one.is_started = one.is_ready = self.is_ready = False
        one.process.kill()
        if code in one.spec.hopeless_exit_codes:
            raise StartFailure(one.process.last_line)
        if one.spec.is_one_shot:
            raise StartFailure(f"{one.spec.name} failed with exit code {code}; its log is logs/{one.spec.name}.log")
        one.deaths.append(time.monotonic())
        recent = [at for at in one.deaths if at > time.monotonic() - RESTART_WINDOW_SECONDS]
        if len(recent) > RESTARTS_MAX:
            raise StartFailure(
                f"{one.spec.name} ended {len(recent)} times in {RESTART_WINDOW_SECONDS} s, last with exit code {code}; "
                f"its log is logs/{one.spec.name}.log"
            )
        delay = BACKOFF_SECONDS[min(len(recent), len(BACKOFF_SECONDS)) - 1]
        one.start_after = time.monotonic() + delay
        self.console.line("parley", f"{one.spec.name} ended with {code}; starting it again in {delay} s")
        self._on_change()

    def _stop_all(self) -> None:
        """Dependents first; a process that overstays its time, or a second Ctrl-C, is met with SIGKILL."""
        self.is_ready = False
        while any(one.is_running for one in self._supervised.values()):
            for one in self._supervised.values():
                if one.is_running:
                    self._stop_step(one)
            time.sleep(TICK_SECONDS)
        for one in self._supervised.values():
            one.process.kill()

    def _stop_step(self, one: Supervised) -> None:
        now = time.monotonic()
        if one.asked_to_stop_at is None:
            dependents = [other for other in self._supervised.values() if one.spec.name in other.spec.needs]
            if not any(other.is_running for other in dependents):
                one.asked_to_stop_at = now
                one.process.ask_to_stop()
        elif now - one.asked_to_stop_at > one.spec.stop_seconds or self._stop_signals > 1:
            self.console.line("parley", f"{one.spec.name} did not stop in time: killed")
            one.process.kill()
