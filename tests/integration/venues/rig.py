"""A simulated venue as a real process, its control port, and a plain JSON-RPC client that shares nothing with ours."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from websockets.asyncio.client import ClientConnection, connect

from terminal.embedded import free_port

BASE_FOLDER = Path(__file__).resolve().parents[3]
READY_SECONDS_MAX = 90
CLIENT_ID, SECRET = "desk", "a secret of the tests"


class VenueProcess:
    """``stop`` it, or use it as a context."""

    def __init__(
        self, folder: Path, profile: str = "aster", seed: int = 7, *arguments: str, port: int | None = None
    ) -> None:
        self.port, self.control_port = port or free_port(), free_port()
        self.url = f"ws://127.0.0.1:{self.port}/ws/api/v2"
        folder.mkdir(parents=True, exist_ok=True)
        clients = folder / "clients.json"
        clients.touch(mode=0o600)
        clients.write_text(json.dumps({CLIENT_ID: SECRET, "other": "another secret"}))
        self.log = folder / "venue.log"
        self._arguments = [
            *(sys.executable, "-m", "venues.simulator", "--profile", profile, "--seed", str(seed)),
            *("--port", str(self.port), "--control-port", str(self.control_port), "--clients", str(clients)),
            *arguments,
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._arguments, cwd=BASE_FOLDER, stdout=log, stderr=log, env=os.environ)
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.control_port), 1):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"the venue did not start: {self.log.read_text()}")

    def misbehave(self, **action: object) -> dict[str, object]:
        with socket.create_connection(("127.0.0.1", self.control_port), 60) as link, link.makefile("rwb") as lines:
            lines.write(json.dumps(action).encode() + b"\n")
            lines.flush()
            answer = json.loads(lines.readline())
        assert answer.get("ok"), answer
        return answer

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        return self.process.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class PlainClient:
    """Asks and waits for the answer with the same id; notices are kept."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.notices: list[dict] = []
        self._ids = itertools.count(1)

    async def ask(self, method: str, **params: object) -> dict:
        """The whole answer."""
        request_id = next(self._ids)
        await self.connection.send(json.dumps({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}))
        async with asyncio.timeout(60):
            while True:
                message = json.loads(await self.connection.recv())
                if message.get("id") == request_id:
                    return message
                self.notices.append(message)

    async def get(self, method: str, **params: object):
        answer = await self.ask(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    async def next_notice(self, channel: str, seconds: float = 60) -> dict:
        """The next content of a channel, kept ones first."""
        async with asyncio.timeout(seconds):
            while True:
                for notice in self.notices:
                    if notice.get("params", {}).get("channel") == channel:
                        self.notices.remove(notice)
                        return notice["params"]["data"]
                self.notices.append(json.loads(await self.connection.recv()))

    async def sign_in(self, client_id: str = CLIENT_ID, secret: str = SECRET) -> None:
        await self.get("public/auth", grant_type="client_credentials", client_id=client_id, client_secret=secret)


@contextlib.asynccontextmanager
async def open_client(url: str):
    async with connect(url, compression=None) as connection:
        yield PlainClient(connection)


@contextlib.contextmanager
def venue(folder: Path, profile: str = "aster", seed: int = 7) -> Iterator[VenueProcess]:
    with VenueProcess(folder, profile, seed) as process:
        yield process
