"""State folders for stacks, of which only the first is prepared from nothing."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from terminal import embedded
from terminal.supervisor.stack import Stack

PREPARED = ("postgres", "postgres_password", "secret_key", "demo")
NOT_NEEDED = ("gateway", "dispatcher", "celery", "web", "makers")
NewState = Callable[[str], Path]


@pytest.fixture(scope="session")
def new_state() -> Iterator[NewState]:
    """``new_state(name)``: a folder that stands where a first start is after its migrations and its demo.

    Not one of pytest's folders: each run of pytest closes their parent to PostgreSQL's user.
    """
    with tempfile.TemporaryDirectory(prefix="parley-states-") as top:
        Path(top).chmod(0o755)
        first = Path(top) / "prepared"
        made = [first]

        def copy(name: str) -> Path:
            folder = Path(top) / name
            folder.mkdir()
            made.append(folder)
            for each in PREPARED:
                subprocess.run(["cp", "-a", (first / each).resolve(), folder / each], check=True)
            return folder

        try:
            with Stack(first, without=NOT_NEEDED):
                pass
            yield copy
        finally:
            for folder in made:
                embedded.forget(folder)
