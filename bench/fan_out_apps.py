"""The ASGI applications that ``bench.fan_out`` compares: ours without its rate limit, Channels' groups, and neither.

Each sends 180 bytes to every socket, over and over.
"""

import asyncio
import json
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "terminal.settings")

import django

django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402 - it needs Django's apps
from channels.layers import channel_layers  # noqa: E402 - it needs Django's apps
from channels_redis.core import RedisChannelLayer  # noqa: E402 - it needs Django's apps
from django.conf import settings  # noqa: E402 - it needs Django's apps

from terminal import asgi, hub  # noqa: E402 - it needs Django's apps

GROUP = "market"
TEXT = json.dumps({"type": "index", "coin": "BTC", "filling": "x" * 138})
MEASURED_FLUSH_SECONDS = 0.0

_sends: list[Any] = []


async def parley(scope: Any, receive: Any, send: Any) -> None:
    """The real application; its hub flushes as often as something has changed."""
    hub.FLUSH_SECONDS = MEASURED_FLUSH_SECONDS
    await asgi.application(scope, receive, send)


class GroupConsumer(AsyncWebsocketConsumer):
    """What the documentation of Channels shows."""

    groups = [GROUP]
    channel_layer_alias = "default"

    async def market_frame(self, event: dict[str, str]) -> None:
        await self.send(text_data=event["text"])


def channel_layer() -> RedisChannelLayer:
    return RedisChannelLayer(hosts=[settings.VALKEY_URL], capacity=1_000)


channel_layers.set("default", channel_layer())
groups = GroupConsumer.as_asgi()


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """A list of sockets and a loop over it."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    if not _sends:
        asyncio.create_task(_send_to_all())  # noqa: RUF006 - lives as long as the process
    _sends.append(send)
    while (await receive())["type"] != "websocket.disconnect":
        continue
    _sends.remove(send)


async def _send_to_all() -> None:
    while True:
        for send in _sends:
            try:
                await send({"type": "websocket.send", "text": TEXT})
            except (OSError, RuntimeError):
                continue
        await asyncio.sleep(0)
