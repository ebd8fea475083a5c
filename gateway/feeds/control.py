"""Takes the entries of ``gateway.feed.control``, which move a recording in steps or change its speed."""

import asyncio
import logging

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.feeds.updates import Feed
from gateway.valkey import Backoff, Unavailable
from wire.transport import FEED_CONTROL

log = logging.getLogger(__name__)

WAIT_SECONDS = 1


async def listen(feed: Feed, client: Redis) -> None:
    """For ever; what is not a JSON object is logged and dropped."""
    backoff = Backoff("feed control")
    while True:
        try:
            popped = await client.blpop([FEED_CONTROL], timeout=WAIT_SECONDS)
            backoff.succeeded()
        except (*Unavailable, ResponseError) as error:
            await asyncio.sleep(backoff.failed(error))
            continue
        if popped is None:
            continue
        try:
            feed.apply_control(msgspec.json.decode(popped[1], type=dict[str, object]))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("feed control %r is no JSON object: %s", popped[1][:200], error)
