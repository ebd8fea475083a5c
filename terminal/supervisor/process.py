"""One child process: how it is started, when it counts as ready, how it is stopped, where its output goes."""

import contextlib
import dataclasses
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from terminal.supervisor.logs import BoundedLog

LAUNCHER = Path(__file__).with_name("launch.py")
LINE_BYTES_MAX = 64 << 10
READER_SECONDS_MAX = 5
"""Time for the last lines of a process that has ended; more passes only where what it left behind holds its output."""
Readiness = Callable[["ManagedProcess"], bool]
Echo = Callable[[str, str], None]
"""Shows one line of the process named first."""


class StartFailure(Exception):
    """Something that keeps Parley from running, as one sentence for a person."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """``needs``: names that must be ready first. ``is_one_shot``: ready when it has ended with 0."""

    name: str
    arguments: tuple[str, ...]
    is_ready: Readiness
    needs: tuple[str, ...] = ()
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    user: str | None = None
    folder: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    start_seconds: float = 60
    is_one_shot: bool = False
    before_restart: Callable[[], None] | None = None
    hopeless_exit_codes: frozenset[int] = frozenset()
    """Codes with which the process says in its last line what a person must change: it is not started again."""
    shows_only: str = ""
    """Regular expression of the lines worth showing among those of all processes; the log file has every line."""


def bound_to_us(arguments: Sequence[str], death_signal: signal.Signals, user: str = "") -> list[str]:
    """The command line of a program that gets the signal when the thread that starts it ends, however it ends."""
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(death_signal))]
    return [*launcher, user, "--", *arguments]


class ManagedProcess:
    """Started from one thread only: the kernel ties a child's death signal to the thread that made it."""

    def __init__(self, spec: ProcessSpec, *, log: Path, echo: Echo | None) -> None:
        self.spec = spec
        self.started_at_ns = 0
        self.started_monotonic = 0.0
        self.last_line = ""
        self._log = BoundedLog(log)
        self._echo = echo
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    def seconds_up(self) -> float:
        return time.monotonic() - self.started_monotonic

    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal, as in ``subprocess``."""
        return self._process.poll() if self._process else None

    def start(self, environment: dict[str, str]) -> None:
        self._finish_reader()
        self._process = subprocess.Popen(
            bound_to_us(self.spec.arguments, self.spec.stop_signal, self.spec.user or ""),
            env=os.environ | environment | self.spec.environment,
            cwd=self.spec.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.started_at_ns, self.started_monotonic = time.time_ns(), time.monotonic()
        self._reader = threading.Thread(target=self._pump, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def ask_to_stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(self.spec.stop_signal)

    def kill(self) -> None:
        """End the whole process group, also what a dead leader left behind."""
        if self._process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._finish_reader()

    def stop_now(self) -> None:
        """Ask, wait for ``stop_seconds``, then kill."""
        self.ask_to_stop()
        if self._process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self.spec.stop_seconds)
        self.kill()

    def _pump(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(LINE_BYTES_MAX):
                text = line.decode(errors="replace").rstrip()
                self._log.write(text)
                self.last_line = text or self.last_line
                if self._echo and re.search(self.spec.shows_only, text):
                    self._echo(self.spec.name, text)

    def _finish_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader:
            reader.join(READER_SECONDS_MAX)
        self._log.close()
