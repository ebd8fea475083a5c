"""A process that trades at a venue until it is killed: ``python -m tests.integration.gateway.venue_trader URL LOG SEED``.

Prints a line for each thing that a client was told. Ids go on where the log ended.
"""

import asyncio
import random
import sys
from decimal import Decimal
from pathlib import Path

from gateway.venues import link
from gateway.venues.api import NoAnswer, NotReady, Refused
from gateway.venues.credentials import Credentials
from gateway.venues.deribit.client import DeribitClient
from gateway.venues.execution import ExecutionReport, NewVenueOrder
from gateway.venues.settings import VenueEntry
from tests.integration.venues.rig import CLIENT_ID, SECRET
from wire.units import Side

NAME = "BTC-PERPETUAL"


def tell(report: ExecutionReport) -> None:
    execution_id = report.execution.execution_id if report.execution else "-"
    print("report", report.number, report.kind, report.client_order_id, execution_id, flush=True)


async def main(url: str, log: Path, seed: int, count: int) -> None:
    entry = VenueEntry(name="aster", adapter="deribit", url=url, instruments=[NAME])
    client = DeribitClient(entry, Credentials(key=CLIENT_ID, secret=SECRET))
    trading = client.trade(log)
    trading.on_report = tell
    task = asyncio.create_task(link.keep_connected(client))
    draw = random.Random(seed)
    placed = sum(not own.is_external for own in trading.own.orders.values())
    while placed < count:
        if not trading.is_ready or client.books.count_live() == 0:
            await asyncio.sleep(0.01)
            continue
        levels = client.books.levels(NAME, 1, 0)
        side = draw.choice([Side.BUY, Side.SELL])
        near = Decimal((levels.asks if side is Side.BUY else levels.bids)[0][0])
        price = near if draw.random() < 0.5 else near - side.sign * 500
        order = NewVenueOrder(
            client_order_id=f"t-{placed}", name=NAME, side=side, quantity=Decimal(draw.randint(1, 20)), price=price
        )
        try:
            own = await trading.place(order)
            placed += 1
            if draw.random() < 0.3:
                await trading.cancel(own.client_order_id)
        except (NotReady, Refused, NoAnswer) as error:
            print("not", error, flush=True)
    while not trading.is_ready or any(own.lacks_executions for own in trading.own.open_orders()):  # noqa: ASYNC110 - the venue brings it about
        await asyncio.sleep(0.01)
    await trading.reconcile()
    print("breaks", trading.breaks, flush=True)
    print("done", flush=True)
    await task


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
