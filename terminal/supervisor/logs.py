"""Where the output of the processes goes: a bounded file each, and one stream with names in front."""

import sys
import threading
from pathlib import Path
from typing import IO

LOG_BYTES_MAX = 4 << 20
"""A log that grows past this becomes ``<name>.1.log``; the one before it is dropped."""
COLORS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)


class BoundedLog:
    """Lines in a file that never takes more than twice ``LOG_BYTES_MAX``. Any thread may write or close; a line after
    ``close`` opens it again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self._bytes = 0
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        with self._lock:
            self._write(line)

    def close(self) -> None:
        with self._lock:
            self._close()

    def _write(self, line: str) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8", buffering=1)
            self._bytes = self._path.stat().st_size
        self._file.write(line + "\n")
        self._bytes += len(line) + 1
        if self._bytes > LOG_BYTES_MAX:
            self._close()
            self._path.replace(self._path.with_suffix(".1.log"))

    def _close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


class Console:
    """One line at a time to standard output, with the padded, colored name of its process."""

    def __init__(self, names: list[str]) -> None:
        self._width = max(map(len, [*names, "parley"]))
        self._lock = threading.Lock()
        is_colored = sys.stdout.isatty()
        self._colors = {name: COLORS[index % len(COLORS)] if is_colored else 0 for index, name in enumerate(names)}
        self._is_open = True

    def line(self, name: str, text: str) -> None:
        if not self._is_open:
            return
        color = self._colors.get(name, 0)
        padded = name.ljust(self._width)
        prefix = f"\x1b[{color}m{padded}\x1b[0m" if color else padded
        try:
            with self._lock:
                sys.stdout.write(f"{prefix} | {text}\n")
                sys.stdout.flush()
        except (BrokenPipeError, ValueError):
            self._is_open = False  # whoever read along has gone; the files go on
