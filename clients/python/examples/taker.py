"""A taker: asks every maker for an at-the-money straddle and buys it from the cheapest.

python examples/taker.py http://127.0.0.1:8000 state/demo/aurora.json --coin BTC --quantity 1
"""

import argparse
import asyncio
import sys
from decimal import Decimal

from parley_client import Key, Refused, Session, messages, read_key
from parley_client.messages import AcceptQuote, Audience, CreateRfq, FillView, QuoteView, RfqLeg, RfqView, Side, Ticker

ENDED = frozenset({"filled", "rejected", "expired", "canceled"})
GRACE_SECONDS_MAX = 60
FILL_SECONDS_MAX = 30
PASSING_REASONS = frozenset(
    {"stale_mark", "gateway_unavailable", "quote_version", "quote_not_active", "quote_expired"}
)
"""What is refused for one of these may be taken a moment later."""
ACCEPTS_MAX = 10


async def pick_straddle(session: Session, coin: str) -> list[RfqLeg]:
    """Call and put of the first expiry after the next, at the strike whose call has a delta nearest to a half."""
    tickers = {
        each.instrument_name: each for each in await session.client.get("/market/tickers", list[Ticker], coin=coin)
    }
    instruments = await session.client.get("/market/instruments", list[messages.InstrumentView], coin=coin)
    calls = [each.terms for each in instruments if each.terms.option_type == "call" and each.terms.is_inverse]
    expiries = sorted({terms.expiry_at_ns for terms in calls})
    expiry_at_ns = expiries[min(1, len(expiries) - 1)]

    def distance(name: str) -> float:
        delta = tickers[name].delta if name in tickers else None
        return 1.0 if delta is None else abs(delta - 0.5)

    call = min((terms.name for terms in calls if terms.expiry_at_ns == expiry_at_ns), key=distance)
    put = call.removesuffix("C") + "P"
    return [RfqLeg(instrument_name=name, side=Side.BUY) for name in (call, put)]


def cheapest(rfq: RfqView | None) -> QuoteView | None:
    offered = [quote for quote in rfq.quotes if quote.state == "active" and quote.ask is not None] if rfq else []
    return min(offered, key=lambda quote: (Decimal(quote.ask or 0), quote.updated_at_ns), default=None)


async def buy(session: Session, key: Key, legs: list[RfqLeg], quantity: str) -> RfqView:
    """Ask, wait until the makers have competed, buy; the RFQ as it ended."""
    create = CreateRfq(
        account_id=key.account_id, legs=legs, quantity=quantity, audience=Audience.ALL, side=Side.BUY, label="example"
    )
    rfq_id = (await session.client.send(create)).entity_id
    print(f"rfq {rfq_id}: asked for {' + '.join(leg.instrument_name for leg in legs)}", flush=True)
    await accept_cheapest(session, rfq_id)
    return await session.until(lambda: ended(session.desk.rfqs.get(rfq_id)), FILL_SECONDS_MAX)


async def accept_cheapest(session: Session, rfq_id: int) -> None:
    """As it stands then, after every refusal that passes. Raises Refused, TimeoutError where nobody quotes."""
    for attempt in range(1, ACCEPTS_MAX + 1):
        best = await session.until(lambda: cheapest(session.desk.rfqs.get(rfq_id)), GRACE_SECONDS_MAX)
        print(f"rfq {rfq_id}: buying at {best.ask} from {best.maker_name}", flush=True)
        accept = AcceptQuote(rfq_id=rfq_id, quote_id=best.quote_id, version=best.version, side=Side.BUY)
        try:
            await session.client.send(accept)
        except Refused as no:
            if no.reason not in PASSING_REASONS or attempt == ACCEPTS_MAX:
                raise
            print(f"rfq {rfq_id}: {no}", flush=True)
            await asyncio.sleep(1)
        else:
            return


def ended(rfq: RfqView | None) -> RfqView | None:
    return rfq if rfq is not None and rfq.state in ENDED else None


async def fills_of(session: Session, rfq: RfqView) -> list[FillView]:
    """One for each leg, once the executions are booked."""

    def find() -> list[FillView]:
        fills = [fill for fill in session.desk.fills.values() if fill.rfq_id == rfq.rfq_id]
        return fills if len(fills) >= len(rfq.legs) else []

    return await session.until(find, FILL_SECONDS_MAX)


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("key_file")
    parser.add_argument("--coin", default="BTC")
    parser.add_argument("--quantity", default="1")
    options = parser.parse_args()
    key = read_key(options.key_file)
    async with Session(options.url, key.token) as session:
        legs = await pick_straddle(session, options.coin)
        rfq = await buy(session, key, legs, options.quantity)
        print(f"rfq {rfq.rfq_id}: {rfq.state} at {rfq.traded_price} {rfq.reason}", flush=True)
        for fill in await fills_of(session, rfq) if rfq.state == "filled" else []:
            print(
                f"  {fill.side} {fill.quantity} {fill.instrument_name} at {fill.price}, fee {fill.fee} {fill.fee_asset}"
            )
    return 0 if rfq.state == "filled" else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
