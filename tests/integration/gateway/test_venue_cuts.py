"""A line to a venue that speaks JSON-RPC over a WebSocket is cut after every byte, as one over FIX is (S06).

One venue, one client, one loop. ``PARLEY_VENUE_CUTS``: as of ``test_venue_fix_cuts``.
"""

import asyncio
import contextlib
import time

import pytest

from gateway.venues import link, pacing
from gateway.venues.credentials import Credentials
from gateway.venues.deribit import client as deribit_client
from gateway.venues.deribit.client import DeribitClient
from gateway.venues.settings import VenueEntry
from tests.integration.gateway.fix_venue import NAME, FixVenue, wait_for
from tests.integration.gateway.test_venue_fix_cuts import Proxy, cut_everywhere, hurry
from tests.integration.venues.rig import CLIENT_ID, SECRET
from venues.simulator.faults import Faults
from venues.simulator.json_rpc.server import PATH, JsonRpcFront

__all__ = ["hurry"]


class WebSocketVenue(FixVenue):
    """The same exchange behind its other front."""

    def _open(self) -> None:
        self.faults = Faults()
        self.front = JsonRpcFront(self.exchange, self.faults, self._secrets)

    def close(self) -> None:
        self.exchange.close()

    async def live(self) -> None:
        server = await self.front.open(self.port)
        publishing = asyncio.create_task(self.front.publish())
        try:
            while not publishing.done():
                await asyncio.sleep(0.1)
                self.exchange.matching.beat(time.time_ns())
            publishing.result()
        finally:
            publishing.cancel()
            server.close()
            await server.wait_closed()


@contextlib.asynccontextmanager
async def proxied(folder):
    venue = WebSocketVenue()
    living = asyncio.create_task(venue.live())
    proxy = Proxy(venue.port, b'"jsonrpc"')
    try:
        async with desk(await proxy.open(), folder) as (client, own):
            yield venue, proxy, client, own
    finally:
        await proxy.close()
        living.cancel()
        (ended,) = await asyncio.gather(living, return_exceptions=True)
        venue.close()
        if not isinstance(ended, asyncio.CancelledError):
            raise ended


@contextlib.asynccontextmanager
async def desk(port: int, folder):
    """(client, trading), ready."""
    entry = VenueEntry(name="aster", adapter="deribit", url=f"ws://127.0.0.1:{port}{PATH}", instruments=[NAME])
    client = DeribitClient(entry, Credentials(key=CLIENT_ID, secret=SECRET))
    client._limit = pacing.RateLimit(100_000, 100_000)
    own = client.trade(folder / "log")
    task = asyncio.create_task(link.keep_connected(client, pacing.Reconnects(seed=1)))
    try:
        await wait_for(lambda: own.is_ready and client.books.count_live() == 1)
        yield client, own
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        own.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("direction", ["out", "in"])
async def test_a_web_socket_cut_after_every_byte_loses_nothing_and_repeats_nothing(tmp_path, monkeypatch, direction):
    monkeypatch.setattr(deribit_client, "ANSWER_SECONDS_MAX", 2.0)
    await cut_everywhere(proxied, tmp_path, direction)
