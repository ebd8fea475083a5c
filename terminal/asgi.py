"""The ASGI application that daphne (or any ASGI server) runs: pages and REST by Django, ``/ws/`` by the socket."""

import os
from collections.abc import MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "terminal.settings")

_pages: Any = get_asgi_application()

from terminal.consumers import Receive, Send, socket_application  # noqa: E402 - it needs Django's apps

SOCKET_PATH = "/ws/"


async def application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await _pages(scope, receive, send)
    elif scope["type"] == "websocket":
        if scope["path"] == SOCKET_PATH:
            await socket_application(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 4404})
    elif scope["type"] == "lifespan":
        await _live(receive, send)


async def _live(receive: Receive, send: Send) -> None:
    """Servers that announce start and stop; the hub starts with the first socket and ends with its loop."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
