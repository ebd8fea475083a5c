"""The same processes for a test or a tool: ``with Stack(folder) as stack: … stack.url …``."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from terminal.supervisor import state
from terminal.supervisor.process import StartFailure, bound_to_us

READY_SECONDS_MAX = 400
"""The demo's passwords are hashed at the first start: on a machine that does other things too it takes its time."""
RESTART_SECONDS_MAX = 90
STOP_SECONDS_MAX = 60
BASE_FOLDER = Path(__file__).resolve().parents[2]


class Stack:
    """Runs ``manage.py up`` on a state folder; its output is in ``state_dir/up.log``.

    ``venues``: with the simulated venues, which few tests need. ``pairs``: with the equities venue and pairs that trade
    there; ``send``: when they do.

    ``pids`` are those of this moment: after ``kill`` the supervisor starts the process again under a new one.
    """

    def __init__(  # noqa: PLR0913 - what a test may choose, by keyword, each with a default
        self,
        state_dir: Path,
        *,
        port: int = 0,
        recording: Path | None = None,
        speed: str | float | None = None,
        seed: int = 1,
        since: str = "",
        until: str = "",
        without: Iterable[str] = (),
        standby: bool = False,
        venues: bool = False,
        pairs: bool = False,
        send: str = "",
        environment: dict[str, str] | None = None,
    ) -> None:
        self.state_dir = state_dir
        self._arguments = [f"--state={state_dir}", f"--port={port}", "--fix-port=0", f"--seed={seed}"]
        self._arguments += [f"--recording={recording}"] if recording else []
        self._arguments += [f"--speed={speed}"] if speed is not None else []
        self._arguments += [f"--since={since}"] if since else []
        self._arguments += [f"--until={until}"] if until else []
        left_out = [*without, *([] if venues else ["venues"])]
        self._arguments += [f"--without={','.join(left_out)}"] if left_out else []
        self._arguments += ["--standby"] if standby else []
        self._arguments += ["--pairs"] if pairs else []
        self._arguments += [f"--send={send}"] if send else []
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """With a slash at its end."""
        return str(self._running()["url"])

    @property
    def database_url(self) -> str:
        return str(self._running()["database_url"])

    @property
    def valkey_url(self) -> str:
        return str(self._running()["valkey_url"])

    @property
    def fix_port(self) -> int:
        return int(self._running()["fix_port"])

    @property
    def pids(self) -> dict[str, int]:
        return dict(self._running()["processes"])

    @property
    def supervisor_pid(self) -> int:
        assert self._process is not None, "the stack has not been started"
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while the supervisor runs."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Without waiting. It stops when the calling thread ends, so that a test that is killed leaves nothing behind.

        Servers of the caller's environment are not used: the stack brings its own.
        """
        self.state_dir.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VALKEY_URL")}
        with (self.state_dir / "up.log").open("ab") as log:
            self._process = subprocess.Popen(
                bound_to_us([sys.executable, str(BASE_FOLDER / "manage.py"), "up", *self._arguments], signal.SIGTERM),
                env=inherited | self._environment,
                cwd=BASE_FOLDER,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_ready(self, seconds: float = READY_SECONDS_MAX) -> None:
        deadline = time.monotonic() + seconds
        while not (state.find_running(self.state_dir) or {}).get("is_ready"):
            assert self._process is not None, "wait_ready before start"
            if self._process.poll() is not None:
                raise StartFailure(f"Parley ended with {self._process.returncode}: {self._last_line()}")
            if time.monotonic() > deadline:
                raise StartFailure(f"Parley was not ready after {seconds:.0f} s: {self._last_line()}")
            time.sleep(0.05)

    def kill(self, name: str) -> int:
        """SIGKILL one process; returns the process id that it had."""
        pid = self.pids[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def pause(self, name: str) -> None:
        os.kill(self.pids[name], signal.SIGSTOP)

    def resume(self, name: str) -> None:
        os.kill(self.pids[name], signal.SIGCONT)

    def wait_restarted(self, name: str, old_pid: int, seconds: float = RESTART_SECONDS_MAX) -> int:
        """The new process id, once there is one."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid = self.pids.get(name)
            if pid is not None and pid != old_pid:
                return pid
            time.sleep(0.05)
        raise TimeoutError(f"{name} was not started again within {seconds} s")

    def stop(self) -> int:
        """Like Ctrl-C; returns the exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _running(self) -> dict[str, Any]:
        running = state.find_running(self.state_dir)
        if running is None:
            raise StartFailure(f"Parley does not run in {self.state_dir}: {self._last_line()}")
        return running

    def _last_line(self) -> str:
        lines = (self.state_dir / "up.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
