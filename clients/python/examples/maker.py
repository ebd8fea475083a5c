"""A maker: answers every RFQ with its legs' marks, a few ticks away on both sides.

python examples/maker.py http://127.0.0.1:8000 state/demo/dune.json --ticks 4 --seconds 60
"""

import argparse
import asyncio
import contextlib
from collections import Counter
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from parley_client import OutcomeUnknown, Refused, Session, messages, read_key
from parley_client.messages import InstrumentView, QuoteSide, RfqLegView, RfqView, SubmitQuote

LOOK_SECONDS = 10
REFUSALS_MAX = 10
"""So often an RFQ that cannot be quoted is tried, a second apart."""


class Maker:
    """``ticks``: how far from its mark each leg is quoted."""

    def __init__(self, session: Session, account_id: int, ticks: int) -> None:
        self._session, self._account_id, self._ticks = session, account_id, ticks
        self._tick_sizes: dict[str, Decimal] = {}
        self._quoted: set[int] = set()
        self._refusals: Counter[int] = Counter()

    async def make_markets(self) -> None:
        """Until it is canceled."""
        for instrument in await self._session.client.get("/market/instruments", list[InstrumentView]):
            self._tick_sizes[instrument.terms.name] = Decimal(instrument.terms.tick_size)
        while True:
            with contextlib.suppress(TimeoutError):  # an RFQ may end before its legs are known
                await self._session.until(self._asked, seconds=3_600)
                names = {leg.instrument_name for rfq in self._asked() for leg in rfq.legs}
                await self._session.client.watch({f"ticker.{name}" for name in names})
                await self._quote_all(await self._session.until(self._known, LOOK_SECONDS))

    async def _quote_all(self, rfqs: list[RfqView]) -> None:
        """Each once, and again after a second where that was refused: a mark may be old for a moment."""
        for rfq in rfqs:
            if await self._quote(rfq):
                self._quoted.add(rfq.rfq_id)
            else:
                self._refusals[rfq.rfq_id] += 1
        if any(rfq.rfq_id not in self._quoted for rfq in rfqs):
            await asyncio.sleep(1)

    def _asked(self) -> list[RfqView]:
        asked = [rfq for rfq in self._session.desk.rfqs.values() if rfq.role == "maker" and rfq.state == "open"]
        return [rfq for rfq in asked if rfq.rfq_id not in self._quoted and self._refusals[rfq.rfq_id] < REFUSALS_MAX]

    def _known(self) -> list[RfqView]:
        """What is asked and has the mark of every leg."""
        marked = {name for name, ticker in self._session.tickers.items() if ticker.mark_price is not None}
        return [rfq for rfq in self._asked() if all(leg.instrument_name in marked for leg in rfq.legs)]

    async def _quote(self, rfq: RfqView) -> bool:
        quote = SubmitQuote(
            rfq_id=rfq.rfq_id,
            account_id=self._account_id,
            bid=None if rfq.side == "buy" else self._side(rfq, -1),
            ask=None if rfq.side == "sell" else self._side(rfq, 1),
        )
        try:
            accepted = await self._session.client.send(quote)
            print(f"rfq {rfq.rfq_id}, {rfq.structure}: quoted as {accepted.entity_id}", flush=True)
        except (Refused, OutcomeUnknown) as no:
            print(f"rfq {rfq.rfq_id}, {rfq.structure}: {no}", flush=True)
            return False
        return True

    def _side(self, rfq: RfqView, direction: int) -> QuoteSide:
        """direction: 1 for the ask, which asks more for what is bought and gives less for what is sold; -1: the bid."""
        return QuoteSide(leg_prices=[self._price(leg, direction) for leg in rfq.legs])

    def _price(self, leg: RfqLegView, direction: int) -> str | None:
        if leg.price is not None:
            return None  # the hedge leg trades at the taker's price
        away = direction if leg.side == messages.Side.BUY else -direction
        tick = self._tick_sizes[leg.instrument_name]
        mark = Decimal(str(self._session.tickers[leg.instrument_name].mark_price))
        on_tick = (mark / tick).to_integral_value(ROUND_CEILING if away > 0 else ROUND_FLOOR)
        return format(max(on_tick + away * self._ticks, Decimal(1)) * tick, "f")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("key_file")
    parser.add_argument("--ticks", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to make markets")
    options = parser.parse_args()
    key = read_key(options.key_file)
    async with Session(options.url, key.token) as session:
        maker = asyncio.create_task(Maker(session, key.account_id, options.ticks).make_markets())
        done, _ = await asyncio.wait([maker], timeout=options.seconds)
        for ended in done:
            ended.result()
        maker.cancel()


if __name__ == "__main__":
    asyncio.run(main())
