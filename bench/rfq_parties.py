"""Makers and takers of a measurement: each a client of its own, over the socket, in one event loop."""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from parley_client import Desk, FactArrived, OutcomeUnknown, ParleyClient, Refused, SnapshotTaken, messages

from bench.rfq_firms import Party

T = TypeVar("T")
TICK = Decimal("0.0001")
FILLS_SECONDS_MAX = 30
ENDED = frozenset({"filled", "rejected", "expired", "canceled"})


class Follower:
    """A client whose desk is current, and the instants (perf_counter) at which each RFQ's last fill arrived."""

    def __init__(self, url: str, party: Party) -> None:
        self.party, self.client, self.desk = party, ParleyClient(url, party.token), Desk()
        self.filled_at: dict[int, float] = {}
        self.refusals: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._reading = asyncio.create_task(self._read())
        await self.until(lambda: self.client.sequence or self.desk.balances, 30)

    async def stop(self) -> None:
        assert self._reading is not None, "started"
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self.client.close()

    async def send(self, command: messages.Command) -> int | None:
        """The entity's id; None where it was refused, which is counted by its reason."""
        try:
            return (await self.client.send(command)).entity_id
        except Refused as refused:
            self.refusals[refused.reason] = self.refusals.get(refused.reason, 0) + 1
        except OutcomeUnknown:
            self.refusals["outcome_unknown"] = self.refusals.get("outcome_unknown", 0) + 1
        return None

    async def until(self, find: Callable[[], T | None], seconds: float) -> T:
        async with asyncio.timeout(seconds):
            while not (found := find()):
                assert self._reading is not None, "started"
                if self._reading.done():
                    self._reading.result()
                self._changed.clear()
                await self._changed.wait()
            return found

    async def wait_for_fills(self) -> None:
        """Until the fills of all that we traded have arrived: the state comes before the executions are booked."""
        await self.until(lambda: self._traded() <= self.filled_at.keys(), FILLS_SECONDS_MAX)

    def _traded(self) -> set[int]:
        """RFQs that were filled with us: as taker, or with a quote of ours."""
        return {
            rfq.rfq_id
            for rfq in self.desk.rfqs.values()
            if rfq.state == "filled" and (rfq.role == "taker" or any(quote.state == "filled" for quote in rfq.quotes))
        }

    async def _read(self) -> None:
        async with contextlib.aclosing(self.client.happenings()) as happenings:
            async for happening in happenings:
                if isinstance(happening, SnapshotTaken):
                    self.desk.take_snapshot(happening.state)
                elif isinstance(happening, FactArrived):
                    self.desk.take(happening.fact)
                    if isinstance(happening.fact, messages.BlockFilled) and happening.fact.fill.rfq_id is not None:
                        self.filled_at[happening.fact.fill.rfq_id] = time.perf_counter()
                self._changed.set()


class Maker(Follower):
    """Quotes each RFQ once and replaces its quote ``replacements`` times, around ``mid`` per leg."""

    def __init__(self, url: str, party: Party, number: int, mids: list[Decimal], replacements: int) -> None:
        super().__init__(url, party)
        self._number, self._mids, self._replacements = number, mids, replacements
        self.quotes = 0
        self._seen: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def make_markets(self) -> None:
        while True:
            for rfq in await self.until(self._new, 3_600):
                self._seen.add(rfq.rfq_id)
                task = asyncio.create_task(self._quote(rfq.rfq_id))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _new(self) -> list[messages.RfqView]:
        rfqs = self.desk.rfqs.values()
        return [rfq for rfq in rfqs if rfq.role == "maker" and rfq.state == "open" and rfq.rfq_id not in self._seen]

    async def _quote(self, rfq_id: int) -> None:
        for version in range(1 + self._replacements):
            away = TICK * (2 + (self._number + version) % 7)
            quote = messages.SubmitQuote(
                rfq_id=rfq_id, account_id=self.party.account_id, bid=self._side(-away), ask=self._side(away)
            )
            if await self.send(quote) is None:
                return
            self.quotes += 1

    def _side(self, away: Decimal) -> messages.QuoteSide:
        return messages.QuoteSide(leg_prices=[format(max(mid + away, TICK), "f") for mid in self._mids])


@dataclasses.dataclass
class Outcome:
    rfq_id: int
    created_at: float
    accepted_at: float | None = None
    """perf_counter, before the command that was accepted left."""


class Taker(Follower):
    """Asks every maker, waits for their last versions, and trades in one of four ways."""

    def __init__(self, url: str, party: Party, makers: list[Party], legs: list[messages.RfqLeg], versions: int) -> None:
        super().__init__(url, party)
        self._makers, self._legs, self._versions = makers, legs, versions

    async def trade(self, number: int) -> Outcome:
        create = messages.CreateRfq(
            account_id=self.party.account_id,
            legs=self._legs,
            quantity="1",
            maker_firm_ids=[maker.firm_id for maker in self._makers],
            life_seconds=60 if number % 4 else 12,
        )
        created_at = time.perf_counter()
        rfq_id = await self.send(create)
        assert rfq_id is not None, f"not asked: {self.refusals}"
        outcome = Outcome(rfq_id, created_at)
        ways = (self._accept_as_it_ends, self._accept_two_at_once, self._trade_with_pool, self._accept_or_cancel)
        await ways[number % 4](outcome)
        await self.until(lambda: self._rfq(rfq_id).state in ENDED, 90)
        return outcome

    def _rfq(self, rfq_id: int) -> messages.RfqView:
        return self.desk.rfqs[rfq_id]

    async def _all_quoted(self, rfq_id: int) -> list[messages.QuoteView]:
        """Cheapest first, as soon as all have said their last; or whatever there is after 40 s."""

        def find() -> bool:
            rfq = self.desk.rfqs.get(rfq_id)
            done = [quote for quote in rfq.quotes if quote.version >= self._versions] if rfq else []
            return len(done) == len(self._makers) or (rfq is not None and rfq.state in ENDED)

        with contextlib.suppress(TimeoutError):
            await self.until(find, 40)
        quotes = [quote for quote in self._rfq(rfq_id).quotes if quote.state == "active" and quote.ask is not None]
        return sorted(quotes, key=lambda quote: (Decimal(quote.ask or 0), quote.updated_at_ns))

    async def _accept(self, outcome: Outcome, quote: messages.QuoteView) -> None:
        at = time.perf_counter()
        accept = messages.AcceptQuote(
            rfq_id=outcome.rfq_id, quote_id=quote.quote_id, version=quote.version, side=messages.Side.BUY
        )
        if await self.send(accept) is not None:
            assert outcome.accepted_at is None, f"rfq {outcome.rfq_id} was accepted twice"
            outcome.accepted_at = at

    async def _accept_two_at_once(self, outcome: Outcome) -> None:
        quotes = await self._all_quoted(outcome.rfq_id)
        await asyncio.gather(*(self._accept(outcome, quote) for quote in quotes[:2]))

    async def _trade_with_pool(self, outcome: Outcome) -> None:
        quotes = await self._all_quoted(outcome.rfq_id)
        if not quotes:
            return
        at, limit = time.perf_counter(), quotes[-1].ask
        trade = messages.TradeRfq(rfq_id=outcome.rfq_id, side=messages.Side.BUY, limit_price=str(limit))
        if await self.send(trade) is not None:
            outcome.accepted_at = at

    async def _accept_or_cancel(self, outcome: Outcome) -> None:
        quotes = await self._all_quoted(outcome.rfq_id)
        cancel = self.send(messages.CancelRfq(rfq_id=outcome.rfq_id))
        await asyncio.gather(cancel, *(self._accept(outcome, quote) for quote in quotes[:1]))

    async def _accept_as_it_ends(self, outcome: Outcome) -> None:
        """At the instant of expiry, as the server's clock has it."""
        await self.until(lambda: outcome.rfq_id in self.desk.rfqs, 10)
        left_ns = self._rfq(outcome.rfq_id).expires_at_ns - self.client.server_time_ns()
        await asyncio.sleep(max(0.0, left_ns / 1e9 - 0.01))
        quotes = [quote for quote in self._rfq(outcome.rfq_id).quotes if quote.state == "active"]
        await asyncio.gather(*(self._accept(outcome, quote) for quote in quotes[:1]))
