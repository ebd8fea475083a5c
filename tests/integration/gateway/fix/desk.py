"""The session layer in a thread of its own, with an application that answers every order with one news."""

import asyncio
import hashlib
import itertools
import ssl
import threading
from pathlib import Path
from typing import Self

from gateway.fix.handler import Link, Session
from gateway.fix.message import Message, Outgoing
from gateway.fix.service import FixService
from wire.gateway_fix import FixCommand, SetFixSession

SECRET = "correct horse battery staple"
VERSIONS = {"FIX.4.2": "4", "FIX.4.4": "6", "FIXT.1.1": "9"}


def session(number: int = 1, begin_string: str = "FIX.4.4", **changes: object) -> SetFixSession:
    facts: dict[str, object] = {
        "command_id": f"fix:{number}", "session_id": number, "name": f"CLIENT{number}", "begin_string": begin_string,
        "application_version": VERSIONS[begin_string], "sender": f"CLIENT{number}", "target": "PARLEY",
        "secret_sha256": hashlib.sha256(SECRET.encode()).hexdigest(), "firm_id": 10, "user_id": 1_000, "desk_id": 100,
        "account_id": 1, "account_ids": [1], "grants": ["orders"], "cancels_on_disconnect": True,
        "messages_per_second": 10_000, "message_burst": 10_000, "is_enabled": True,
    }  # fmt: skip
    return SetFixSession(**(facts | changes))  # type: ignore[arg-type]  # facts of the right types, by name


class News:
    """Every order is answered once; one that is known by its id changes nothing."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.heard: list[str] = []
        self._link: Link | None = None

    def attach(self, link: Link) -> None:
        self._link = link

    async def on_logon(self, session: Session) -> None:
        self.heard.append(f"logon {session.name}")

    async def on_logout(self, session: Session) -> None:
        self.heard.append(f"logout {session.name}")

    async def on_message(self, session: Session, message: Message) -> None:
        assert self._link is not None
        order_id = message.get(11)
        self.heard.append(order_id)
        if order_id in self.orders:
            return
        self.orders.append(order_id)
        body = ((148, order_id), (33, "1"), (58, "text"))
        self._link.send(session, Outgoing("B", body), reference=len(self.orders))


class Desk:
    """``with Desk(folder) as desk``: listening at ``desk.port`` when it is entered; entered again, it goes on."""

    def __init__(self, folder: Path, *specs: SetFixSession, tls: ssl.SSLContext | None = None) -> None:
        self._folder, self._specs, self._tls = folder, specs, tls
        self.news = News()
        self._numbers = itertools.count(1)
        self.port = 0

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.service = FixService(self._folder, self.news, lambda _: True)
        for spec in self._specs:
            self.service.apply(next(self._numbers), spec)
        self._task = asyncio.ensure_future(self.service.run("127.0.0.1", self.port, self._tls))
        waiting = asyncio.ensure_future(self.service.listening.wait())
        await asyncio.wait([self._task, waiting], return_when=asyncio.FIRST_COMPLETED)
        self.port = self.service.port
        self._ready.set()
        await asyncio.wait([self._task])

    def apply(self, command: FixCommand) -> None:
        """On the service's own loop, as the gateway does it."""

        async def act() -> None:
            self.service.apply(next(self._numbers), command)

        asyncio.run_coroutine_threadsafe(act(), self._loop).result(10)
