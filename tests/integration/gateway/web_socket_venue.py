"""A simulated venue's WebSocket front and our client in one process, on one loop."""

import asyncio
import contextlib
import time

from gateway.venues import pacing
from gateway.venues.credentials import Credentials
from gateway.venues.deribit.client import DeribitClient
from gateway.venues.settings import VenueEntry
from tests.integration.gateway.desks import trading_desk
from tests.integration.gateway.fix_venue import NAME, FixVenue
from tests.integration.venues.rig import CLIENT_ID, SECRET
from venues.simulator.block_rfqs import BlockDesk
from venues.simulator.faults import Faults
from venues.simulator.json_rpc.server import PATH, JsonRpcFront


class WebSocketVenue(FixVenue):
    """The same exchange behind its other front."""

    def _open(self) -> None:
        self.faults = Faults()
        self.blocks = BlockDesk(self.exchange, seed=1, grace_ns=0)
        self.front = JsonRpcFront(self.exchange, self.faults, self._secrets, self.blocks)

    def close(self) -> None:
        self.exchange.close()

    async def live(self) -> None:
        server = await self.front.open(self.port)
        publishing = asyncio.create_task(self.front.publish())
        try:
            while not publishing.done():
                await asyncio.sleep(0.1)
                self.exchange.matching.beat(time.time_ns())
                self.blocks.step(time.time_ns())
            publishing.result()
        finally:
            publishing.cancel()
            server.close()
            await server.wait_closed()


@contextlib.asynccontextmanager
async def web_socket_desk(port: int, folder, *, is_ready: bool = True, names: tuple[str, ...] = (NAME,)):
    """(client, trading); ready unless asked otherwise."""
    entry = VenueEntry(name="aster", adapter="deribit", url=f"ws://127.0.0.1:{port}{PATH}", instruments=list(names))
    client = DeribitClient(entry, Credentials(key=CLIENT_ID, secret=SECRET))
    client._limit = pacing.RateLimit(100_000, 100_000)
    async with trading_desk(client, folder / "log", is_ready=is_ready) as opened:
        yield opened
