"""One maker that answers RFQs: it reads its firm's facts, and looks at each live RFQ ten times a second."""

import asyncio
import contextlib
import dataclasses
import logging
import uuid
from collections.abc import Coroutine, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from strategies import client as clients
from strategies.client import ParleyClient
from strategies.counterparties import Counterparties
from strategies.decisions import (
    Answer,
    Nothing,
    Submit,
    Submitted,
    Withdraw,
    decide,
    find_active,
    life_seconds,
    read_legs,
)
from strategies.holdings import Holdings
from strategies.market_feed import MarketFeed
from strategies.notes import Notes
from strategies.persons import Persons
from wire import client as messages
from wire.facts import PositionChanged, PositionView, RfqChanged, RfqView
from wire.facts_makers import QuoterChanged, RfqPassed
from wire.quoting import (
    COUNTERPARTIES_PER_MESSAGE_MAX,
    DECISIONS_PER_MESSAGE_MAX,
    CounterpartyStatistics,
    QuoterView,
    QuotingParameters,
)
from wire.units import NANOSECONDS_PER_SECOND, RfqState

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
REPORT_SECONDS = 2.0
COMMANDS_MAX = 8
"""Commands on their way at once; an RFQ has at most one."""
REFUSED_PAUSE_NS = 2 * NANOSECONDS_PER_SECOND
RFQS_MAX = 10_000
FAREWELL_SECONDS_MAX = 3.0


class Maker:
    """Reads everything, and looks at each live RFQ ten times a second."""

    def __init__(
        self, client: ParleyClient, *, account_id: int, parameters: QuotingParameters, feed: MarketFeed
    ) -> None:
        self._client, self._account_id, self.parameters, self._feed = client, account_id, parameters, feed
        self.version = 0
        """Of the firm's parameters; 0 for those of the command line."""
        self._reported_version = -1
        self._counterparties = Counterparties()
        self._notes = Notes()
        self._persons = Persons()
        self._rfqs: dict[int, RfqView] = {}
        self._positions: dict[str, Decimal] = {}
        self._submitted: dict[int, Submitted] = {}
        self._quote_ids: dict[int, int] = {}
        """What an RFQ's newest submission was accepted as, also before its fact arrives."""
        self._paused_until_ns: dict[int, int] = {}
        self._said: dict[int, str] = {}
        self._busy: set[int] = set()
        self._answered: set[int] = set()
        """RFQs whose last look was answered: one word, whatever becomes of it."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_live = False
        self._has_begun = False
        """A snapshot was taken: what was quoted since, and not from here, is a person's."""

    async def run(self) -> None:
        """Until canceled. Raises clients.Unauthorized."""
        reading = asyncio.create_task(self._read())
        looking = asyncio.create_task(self._look_again_and_again())
        reporting = asyncio.create_task(self._report_again_and_again())
        try:
            done, _ = await asyncio.wait([reading, looking, reporting], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except asyncio.CancelledError:
            looking.cancel()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._say_farewell(), FAREWELL_SECONDS_MAX)
            raise
        finally:
            for task in (reading, looking, reporting, *self._tasks):
                task.cancel()
            await asyncio.gather(reading, looking, reporting, *self._tasks, return_exceptions=True)

    async def _read(self) -> None:
        async with contextlib.aclosing(self._client.happenings()) as happenings:
            async for happening in happenings:
                await self.take(happening)

    async def take(self, happening: clients.Happening) -> None:
        if isinstance(happening, clients.FramesArrived):
            if self._feed.is_of(self._client):
                self._feed.take(happening.frames)
        elif isinstance(happening, clients.FactArrived):
            await self._take_fact(happening.fact)
        elif isinstance(happening, clients.SnapshotTaken):
            await self._start_over(happening.state)
        elif isinstance(happening, clients.Connected):
            self._is_live = True
            log.info("connected as user %d of firm %d", happening.hello.user_id, happening.hello.firm_id)
        else:
            self._is_live = False
            log.warning("disconnected: %s", happening.reason)

    async def _start_over(self, state: clients.State) -> None:
        self._rfqs = {rfq.rfq_id: rfq for rfq in state.rfqs if _is_ours(rfq)}
        self._persons.keep_only(self._rfqs)
        self._notes.keep_only(self._rfqs.values())
        for each in state.passes:
            self._persons.take_kept_pass(each, has_begun=self._has_begun)
        for rfq in self._rfqs.values():
            if self._has_begun:
                self._take_quote(rfq)
            else:
                self._notes.see(rfq)
        self._has_begun = True
        self._counterparties.replace(state.counterparties)
        for quoter in state.quoters:
            self._take_parameters(quoter)
        self._positions = {}
        for position in state.positions:
            self._take_position(position)
        for rfq_id in self._submitted.keys() - self._rfqs.keys():
            self._forget(rfq_id)
        await self._follow()

    async def _take_fact(self, fact: object) -> None:
        if isinstance(fact, RfqChanged):
            await self._take_rfq(fact.rfq)
        elif isinstance(fact, PositionChanged):
            self._take_position(fact.position)
            await self._follow()
        elif isinstance(fact, QuoterChanged):
            self._take_parameters(fact.quoter)
        elif isinstance(fact, RfqPassed):
            self._persons.take_pass(fact.rfq_pass)

    def _take_parameters(self, quoter: QuoterView) -> None:
        """In force at once: what stands is priced anew, whatever was quoted a moment ago."""
        if quoter.version == self.version:
            return
        self.version, self.parameters = quoter.version, quoter.parameters
        self._submitted.clear()
        log.info("parameters of version %d are in force", self.version)
        self._start_task(self._report())

    async def _take_rfq(self, rfq: RfqView) -> None:
        is_new = rfq.rfq_id not in self._rfqs
        self._take_quote(rfq)
        if _is_ours(rfq) and len(self._rfqs) < RFQS_MAX:
            self._rfqs[rfq.rfq_id] = rfq
            if is_new:
                log.info("rfq %d: %s x %s of %s", rfq.rfq_id, rfq.structure, rfq.quantity, rfq.taker_name)
                await self._follow()
        elif not is_new:
            log.info("rfq %d: %s %s", rfq.rfq_id, rfq.state, rfq.traded_price or "")
            del self._rfqs[rfq.rfq_id]
            self._learn(rfq)
            self._notes.forget(rfq)
            self._forget(rfq.rfq_id)
            await self._follow()

    def _take_quote(self, rfq: RfqView) -> None:
        if not self._notes.take(rfq):
            self._persons.take_quote(rfq.rfq_id)
            log.info("rfq %d: a person quotes it", rfq.rfq_id)
        elif self._persons.passed(rfq.rfq_id) and (own := find_active(rfq)) is not None:
            self._start_task(self._take_back(rfq.rfq_id, own.quote_id))

    async def _take_back(self, rfq_id: int, quote_id: int) -> None:
        """What was under way while a person passed."""
        log.info("rfq %d: a person passed, the quote goes", rfq_id)
        try:
            await self._client.send(messages.CancelQuote(command_id=_command_id(), quote_id=quote_id))
        except (clients.Refused, clients.OutcomeUnknown) as error:
            log.warning("rfq %d: the quote may stand until it ends: %s", rfq_id, error)

    def _learn(self, rfq: RfqView) -> None:
        """From an RFQ that this process quoted and that is over."""
        prices = self._notes.newest(rfq.rfq_id)
        if prices is not None and rfq.quotes:
            now_ns = self._client.server_time_ns()
            self._counterparties.take_end(rfq, tuple(read_legs(rfq)), prices.decision, now_ns)

    def _take_position(self, position: PositionView) -> None:
        if position.account_id == self._account_id:
            self._positions[position.instrument_name] = Decimal(position.quantity)
            if not self._positions[position.instrument_name]:
                del self._positions[position.instrument_name]

    async def _follow(self) -> None:
        """What is asked for, what is held, and what was dealt a moment ago."""
        asked = {leg.instrument_name for rfq in self._rfqs.values() for leg in rfq.legs}
        await self._feed.follow(id(self), asked | self._positions.keys() | self._counterparties.pending_names())

    def _forget(self, rfq_id: int) -> None:
        for known in (self._submitted, self._quote_ids, self._paused_until_ns, self._said):
            known.pop(rfq_id, None)
        self._persons.forget(rfq_id)
        self._answered.discard(rfq_id)

    async def _look_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._is_live:
                self.look()

    def look(self) -> None:
        """Decide for every live RFQ that has no command on its way."""
        market = self._feed.view(self._client.server_time_ns())
        self._counterparties.mark_out(market, self.parameters)
        holdings = Holdings(self._positions, market, self.parameters)
        for rfq in list(self._rfqs.values()):
            if len(self._busy) >= COMMANDS_MAX:
                return
            if self._persons.keeps(rfq.rfq_id) or rfq.rfq_id in self._busy or rfq.rfq_id in self._answered:
                continue
            if rfq.state is RfqState.OPEN and market.now_ns < self._paused_until_ns.get(rfq.rfq_id, 0):
                continue
            decision = decide(
                rfq,
                submitted=self._submitted.get(rfq.rfq_id),
                market=market,
                holdings=holdings,
                parameters=self.parameters,
                taker=self._counterparties.of(rfq),
            )
            if isinstance(decision, Nothing):
                self._say(rfq.rfq_id, decision.reason)
            else:
                self._start(rfq, decision, market.now_ns)

    def _say(self, rfq_id: int, reason: str) -> None:
        """Why an RFQ is not quoted, once."""
        if reason and self._said.get(rfq_id) != reason:
            self._said[rfq_id] = reason
            log.info("rfq %d: no quote, %s", rfq_id, reason)

    def _start(self, rfq: RfqView, decision: Submit | Withdraw | Answer, now_ns: int) -> None:
        self._busy.add(rfq.rfq_id)
        acting = self._answer(rfq, decision) if isinstance(decision, Answer) else self._perform(rfq, decision, now_ns)
        self._start_task(acting)

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _perform(self, rfq: RfqView, decision: Submit | Withdraw, now_ns: int) -> None:
        try:
            if isinstance(decision, Withdraw):
                log.info("rfq %d: quote withdrawn, %s", rfq.rfq_id, decision.reason)
                await self._client.send(messages.CancelQuote(command_id=_command_id(), quote_id=decision.quote_id))
                self._submitted.pop(rfq.rfq_id, None)
                self._quote_ids.pop(rfq.rfq_id, None)
                self._paused_until_ns[rfq.rfq_id] = now_ns + NANOSECONDS_PER_SECOND
            else:
                prices, version = decision.prices, self.version
                noted = msgspec.structs.replace(prices.decision, parameters_version=version)
                self._notes.submit(rfq.rfq_id, dataclasses.replace(prices, decision=noted))
                accepted = await self._client.send(self._quote(rfq, decision))
                self._quote_ids[rfq.rfq_id] = accepted.entity_id
                if version == self.version:
                    self._submitted[rfq.rfq_id] = Submitted(prices=prices, at_ns=self._client.server_time_ns())
        except clients.Refused as refused:
            log.info("rfq %d: %s", rfq.rfq_id, refused)
            if isinstance(decision, Submit):
                self._notes.drop(rfq.rfq_id)
            self._paused_until_ns[rfq.rfq_id] = now_ns + REFUSED_PAUSE_NS
        except clients.OutcomeUnknown as unknown:
            log.warning("rfq %d: no answer to %s", rfq.rfq_id, unknown)
            self._submitted.pop(rfq.rfq_id, None)
        finally:
            self._busy.discard(rfq.rfq_id)

    async def _answer(self, rfq: RfqView, decision: Answer) -> None:
        """Once. Where no answer says that it was taken, the look is answered again while it lasts."""
        log.info("rfq %d: last look, %s", rfq.rfq_id, decision.reason or "confirmed")
        message = messages.AnswerLastLook(
            command_id=_command_id(),
            quote_id=decision.quote_id,
            is_confirmed=decision.reason is None,
            reason=decision.reason,
        )
        self._answered.add(rfq.rfq_id)
        try:
            await self._client.send(message)
        except clients.Refused as refused:
            log.info("rfq %d: %s", rfq.rfq_id, refused)
        except clients.OutcomeUnknown as unknown:
            log.warning("rfq %d: no answer to %s", rfq.rfq_id, unknown)
            self._answered.discard(rfq.rfq_id)
        finally:
            self._busy.discard(rfq.rfq_id)

    def _quote(self, rfq: RfqView, decision: Submit) -> messages.SubmitQuote:
        return messages.SubmitQuote(
            command_id=_command_id(),
            rfq_id=rfq.rfq_id,
            account_id=self._account_id,
            bid=_side(rfq, decision.prices.bid),
            ask=_side(rfq, decision.prices.ask),
            life_seconds=life_seconds(rfq, self.parameters),
        )

    async def _report_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            if self._is_live:
                await self._keep_decisions()
                await self._report()

    async def _report(self) -> None:
        """Which version is in force, and what was learned of takers since the last report."""
        learned = self._counterparties.take_changes(COUNTERPARTIES_PER_MESSAGE_MAX)
        version = self.version
        if not learned and version == self._reported_version:
            return
        report = messages.ReportQuoter(
            command_id=_command_id(), version_in_force=version, counterparties=[_report_of(one) for one in learned]
        )
        try:
            await self._client.send(report)
            self._reported_version = version
        except (clients.Refused, clients.OutcomeUnknown) as error:
            log.warning("the report was not kept: %s", error)
            self._counterparties.put_back(learned)

    async def _keep_decisions(self) -> None:
        while kept := self._notes.take_unkept(DECISIONS_PER_MESSAGE_MAX):
            try:
                await self._client.send(messages.KeepDecisions(command_id=_command_id(), decisions=kept))
            except clients.Refused as refused:
                log.warning("%d decisions were not kept: %s", len(kept), refused)
            except clients.OutcomeUnknown:
                self._notes.put_back(kept)
                return

    async def _say_farewell(self) -> None:
        """A maker that goes leaves no quote of its own behind, nor one that is on its way; one that is killed leaves
        quotes with a short life. A person's stay.
        """
        await asyncio.gather(*self._tasks, return_exceptions=True)
        own = [rfq for rfq in self._rfqs.values() if not self._persons.quotes(rfq.rfq_id)]
        seen = {quote.quote_id for rfq in own if (quote := find_active(rfq)) is not None}
        sent = {quote_id for rfq_id, quote_id in self._quote_ids.items() if not self._persons.quotes(rfq_id)}
        cancels = [messages.CancelQuote(command_id=_command_id(), quote_id=quote_id) for quote_id in seen | sent]
        await asyncio.gather(*(self._client.send(cancel) for cancel in cancels), return_exceptions=True)
        await self._keep_decisions()
        await self._report()


def _is_ours(rfq: RfqView) -> bool:
    return rfq.role == "maker" and rfq.state in {RfqState.OPEN, RfqState.PENDING_FILL}


def _side(rfq: RfqView, prices: Sequence[Decimal] | None) -> messages.QuoteSide | None:
    """The hedge leg trades at the taker's price: no maker names another."""
    if prices is None:
        return None
    legs = zip(rfq.legs, prices, strict=True)
    return messages.QuoteSide(leg_prices=[None if leg.is_hedge else format(price, "f") for leg, price in legs])


def _report_of(seen: CounterpartyStatistics) -> messages.CounterpartyReport:
    return messages.CounterpartyReport(**msgspec.structs.asdict(seen))


def _command_id() -> str:
    return uuid.uuid4().hex
