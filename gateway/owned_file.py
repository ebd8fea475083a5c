"""A file that one process appends to. Who opens it takes it from who had it open, asleep or not.

The file is written anew under its name at each opening. Whoever slept through that appends to a file without a name,
and is told so by the sync, before it tells anybody else.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

READ_BYTES = 1 << 20


class FileTaken(OSError):
    """Another process has opened it since: nothing that was appended after that is in its file."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.ESTALE, "another gateway has taken it over", str(path))


class OwnedFile:
    """``load`` is given bytes of the file until now and returns how many of them are whole; what follows is cut.

    It is called for all there was, then for what the owner until now appended meanwhile. ``content`` makes the new
    file; without it nothing is left out. Blocking; ``sync`` may be called in any thread, but not beside ``rewrite``.
    """

    def __init__(self, path: Path, load: Callable[[bytes], int], content: Callable[[], bytes] | None = None) -> None:
        """Opens or begins it, in a folder that is there. Raises OSError, and what ``load`` raises."""
        self._path = path
        with _alone(path.parent):
            before = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
            try:
                data = _read_from(before, 0)
                whole = load(data)
                self._descriptor = self._put_anew(content() if content else data[:whole])
                rest = _read_from(before, whole)
                if rest := rest[: load(rest)]:
                    self.append(rest)
                    os.fsync(self._descriptor)
            finally:
                os.close(before)

    def append(self, data: bytes) -> None:
        """All of it or nothing; durable after ``sync``. Raises OSError."""
        if os.write(self._descriptor, data) != len(data):
            os.ftruncate(self._descriptor, self.size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self.size += len(data)

    def sync(self) -> None:
        """What was appended is on the disk, in the file that the next owner reads. Raises FileTaken, OSError."""
        os.fdatasync(self._descriptor)
        self.require()

    def require(self) -> None:
        """Raises FileTaken, OSError."""
        if not os.path.samestat(os.fstat(self._descriptor), self._path.stat()):
            raise FileTaken(self._path)

    def rewrite(self, content: bytes) -> None:
        """Nothing but this is in it, in one step. Raises FileTaken, OSError: then the file is as it was."""
        with _alone(self._path.parent):
            self.require()
            before, self._descriptor = self._descriptor, self._put_anew(content)
            os.close(before)

    def close(self) -> None:
        os.close(self._descriptor)

    def _put_anew(self, content: bytes) -> int:
        """The descriptor of a new file under the name, in one step."""
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(content)
            os.fsync(descriptor)
            beside.replace(self._path)
            _sync_folder(self._path.parent)
        except OSError:
            os.close(descriptor)
            raise
        self.size = len(content)
        return descriptor


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two that write a file anew at once could each lose what the other has put there. Raises BlockingIOError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _read_from(descriptor: int, at: int) -> bytes:
    parts = []
    while part := os.pread(descriptor, READ_BYTES, at):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _sync_folder(path: Path) -> None:
    """The name of a new file is as durable as what is in it."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
