"""A real web process over the test database, and clients that talk to it like any browser or program."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import connection
from django.test import Client
from websockets.sync.client import ClientConnection, connect

from accounts.models import User
from terminal.embedded import free_port

ROOT = Path(__file__).parents[3]
START_SECONDS_MAX = 120


class Web:
    """daphne or uvicorn on a port of its own."""

    def __init__(self, server: str, port: int, process: subprocess.Popen[bytes]) -> None:
        self.server, self.port, self.process = server, port, process

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/"

    def resident_bytes(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def connect(self, user: User | None = None, *, token: str = "", origin: str | None = "", **options: Any) -> ClientConnection:
        """A socket by session cookie, or by API key where ``token`` is given."""
        headers = {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
            origin = None
        elif user is not None:
            headers["Cookie"] = f"{settings.SESSION_COOKIE_NAME}={session_of(user)}"
        return connect(
            self.url, origin=self.origin if origin == "" else origin, additional_headers=headers, max_size=2**24, **options
        )


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@contextlib.contextmanager
def web_process(server: str = "daphne", folder: Path | None = None) -> Iterator[Web]:
    port = free_port()
    database = connection.settings_dict
    environment = {
        **os.environ,
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}?application_name=web".format(**database),
        "VALKEY_URL": settings.VALKEY_URL,
        "PARLEY_SECRET_KEY": settings.SECRET_KEY,
        "PARLEY_HOSTS": "127.0.0.1,localhost",
    }
    application = "terminal.asgi:application"
    commands = {
        "daphne": ["-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "-v", "0", application],
        "uvicorn": ["-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", application],
    }
    log_path = (folder or Path(settings.STATE_DIR).parent) / f"{server}-{port}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen([sys.executable, *commands[server]], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _wait(port, process, log_path)
        yield Web(server, port, process)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
    assert "Traceback" not in log_path.read_text(), log_path.read_text()[-4000:]


def receive(client: ClientConnection, kind: str, seconds: float = 60.0) -> dict[str, Any]:
    """The next message of a type; others before it are passed over."""
    deadline = time.monotonic() + seconds
    while True:
        message = json.loads(client.recv(timeout=max(0.01, deadline - time.monotonic())))
        if message["type"] == kind:
            return dict(message)


def _wait(port: int, process: subprocess.Popen[bytes], log_path: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        assert process.poll() is None, log_path.read_text()[-2000:]
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return
        time.sleep(0.05)
    raise TimeoutError(log_path.read_text()[-2000:])
