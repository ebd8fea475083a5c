"""Clients of venues as a gateway keeps them, with everything that waits made short: for every adapter's tests."""

import asyncio
import contextlib
from collections.abc import Callable
from decimal import Decimal

from gateway import ending
from gateway.venues import link, pacing, trading
from gateway.venues.execution import NewVenueOrder
from wire.units import Side

ENDING_SECONDS_MAX = 30.0


async def wait_for(condition: Callable[[], object], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process or task brings it about
            await asyncio.sleep(0.002)


def shorten(monkeypatch, *, reconnect: float = 0.2, probe: float = 0.2, absent: float = 0.1, missing: float = 0.1):
    """What a client waits for, in seconds."""
    monkeypatch.setattr(pacing, "WAIT_SECONDS_FIRST", min(pacing.WAIT_SECONDS_FIRST, reconnect))
    monkeypatch.setattr(pacing, "WAIT_SECONDS_MAX", reconnect)
    monkeypatch.setattr(link, "PROBE_SECONDS", probe)
    monkeypatch.setattr(trading, "ABSENT_SECONDS", absent)
    monkeypatch.setattr(trading, "MISSING_SECONDS", missing)


@contextlib.asynccontextmanager
async def kept_connected(client):
    task = asyncio.create_task(link.keep_connected(client, pacing.Reconnects(seed=1)))
    try:
        yield client
    finally:
        await ending.end([task], ENDING_SECONDS_MAX)


@contextlib.asynccontextmanager
async def trading_desk(client, path, *, is_ready: bool = True, needs_books: bool = True):
    """(client, trading), with its log at ``path``; ready unless asked otherwise."""
    own = client.trade(path)
    try:
        async with kept_connected(client):
            if is_ready:
                await wait_for(lambda: own.is_ready and (not needs_books or client.books.count_live() > 0))
            yield client, own
            assert client.status.state != "failed", client.status.detail
    finally:
        own.close()


def new_order(
    name: str, client_order_id: str, price, quantity: object = 5, side: Side = Side.BUY, **changed
) -> NewVenueOrder:
    return NewVenueOrder(
        client_order_id=client_order_id, name=name, side=side, quantity=Decimal(str(quantity)),
        price=None if price is None else Decimal(price), **changed,
    )  # fmt: skip
