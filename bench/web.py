"""Servers, users and web processes for the measurements; everything is thrown away at the end."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS_MAX = 30


@contextlib.contextmanager
def servers() -> Iterator[Path]:
    """PostgreSQL and Valkey, migrated, in the environment of this process and its children. Yields their folder."""
    from terminal import embedded

    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        stack.callback(embedded.forget, folder)
        postgres, valkey = embedded.prepare_postgres(folder), embedded.prepare_valkey(folder)
        os.environ["DATABASE_URL"] = stack.enter_context(embedded.running(postgres, folder / "postgres.log"))
        os.environ["VALKEY_URL"] = stack.enter_context(embedded.running(valkey, folder / "valkey.log"))
        os.environ["PARLEY_STATE"] = str(folder)
        os.environ["PARLEY_SECRET_KEY"] = "measured and thrown away"
        os.environ["DJANGO_SETTINGS_MODULE"] = "terminal.settings"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield folder


def add_traders(count: int) -> list[str]:
    """The ``Cookie`` header of each of ``count`` traders that are signed in."""
    from django.conf import settings
    from django.test import Client

    from accounts.models import Account, Desk, Firm, User

    firm = Firm.objects.create(name="Aurora Capital", kind="taker")
    desk = Desk.objects.create(firm=firm, name="Main")
    Account.objects.create(firm=firm, desk=desk, name="Main")
    cookies = []
    for number in range(count):
        user = User.objects.create(username=f"trader{number}", firm=firm, desk=desk, role="trader")
        client = Client()
        client.force_login(user)
        cookies.append(f"Cookie: {settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}")
    return cookies


@contextlib.contextmanager
def web_process(server: str, application: str, folder: Path, **environment: str) -> Iterator[tuple[int, int]]:
    """(port, process id) of daphne or uvicorn with ``application``."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    options = {
        "daphne": ["-b", "127.0.0.1", "-p", str(port), "-v", "0"],
        "uvicorn": ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"],
    }[server]
    with (folder / f"{server}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", server, *options, application],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=log,
            stderr=log,
        )
    try:
        _wait(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the web process ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return
        time.sleep(0.05)
    raise TimeoutError(f"the web process does not listen after {START_SECONDS_MAX} s")
