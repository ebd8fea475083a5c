"""A line to a venue that speaks JSON-RPC over a WebSocket is cut after every byte, as one over FIX is (S06).

One venue, one client, one loop. ``PARLEY_VENUE_CUTS``: as of ``test_venue_fix_cuts``.
"""

import contextlib

import pytest

from gateway.venues.deribit import client as deribit_client
from tests.integration.gateway.fix_venue import living
from tests.integration.gateway.test_venue_fix_cuts import Proxy, cut_everywhere, hurry
from tests.integration.gateway.web_socket_venue import WebSocketVenue, web_socket_desk

__all__ = ["hurry"]


@contextlib.asynccontextmanager
async def proxied(folder):
    async with living(WebSocketVenue()) as venue:
        proxy = Proxy(venue.port, b'"jsonrpc"')
        try:
            async with web_socket_desk(await proxy.open(), folder) as (client, own):
                yield venue, proxy, client, own
        finally:
            await proxy.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("direction", ["out", "in"])
async def test_a_web_socket_cut_after_every_byte_loses_nothing_and_repeats_nothing(tmp_path, monkeypatch, direction):
    monkeypatch.setattr(deribit_client, "ANSWER_SECONDS_MAX", 2.0)
    await cut_everywhere(proxied, tmp_path, direction)
