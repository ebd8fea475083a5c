"""The state folder: one instance at a time, what a running one is reachable by, and the secret key."""

import fcntl
import json
import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from terminal.supervisor.process import StartFailure

SECRET_KEY_BYTES = 48


def lock(folder: Path) -> IO[str]:
    """Make the folder and hold it until the file that is returned is closed; raises StartFailure."""
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        file = (folder / "lock").open("a+")
        (folder / "logs").mkdir(exist_ok=True)
    except OSError as error:
        raise StartFailure(f"The state folder {folder} cannot be written: {error.strerror}.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        running = find_running(folder) or {}
        where = f" (process {running['pid']}, {running['url']})" if running else ""
        raise StartFailure(f"Parley already runs in {folder}{where}; stop it or choose another STATE.") from error
    os.set_inheritable(file.fileno(), False)
    return file


def secret_key(folder: Path) -> str:
    """The key that signs sessions, made on the first call and readable by its owner only."""
    path = folder / "secret_key"
    if not path.exists():
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(SECRET_KEY_BYTES))
        draft.rename(path)
    return path.read_text().strip()


def find_secret_key(folder: Path) -> str | None:
    try:
        return (folder / "secret_key").read_text().strip()
    except OSError:
        return None


def write_running(folder: Path, content: Mapping[str, Any]) -> None:
    """Replace ``running.json``, private because the URLs in it hold passwords."""
    path, draft = folder / "running.json", folder / "running.json.new"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
    draft.rename(path)


def find_running(folder: Path) -> dict[str, Any] | None:
    """{pid, url, database_url, valkey_url, is_ready, processes: name -> pid} of the instance that runs here."""
    try:
        content: dict[str, Any] = json.loads((folder / "running.json").read_text())
        os.kill(int(content["pid"]), 0)
    except PermissionError:
        return None
    except (OSError, ValueError, KeyError):
        return None
    return content


def clear_running(folder: Path) -> None:
    (folder / "running.json").unlink(missing_ok=True)


def remove(place: str) -> None:
    """Delete the state folder, and the cluster where it had to be put elsewhere; exits where an instance runs."""
    from terminal import embedded

    folder = Path(place).resolve()
    if not folder.is_dir():
        return
    try:
        with lock(folder):
            embedded.forget(folder)
            shutil.rmtree(folder)
    except StartFailure as failure:
        sys.exit(f"parley: {failure}")
