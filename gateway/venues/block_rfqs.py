"""Our block RFQs at one venue: each sent once, known from the venue's own list after a cut, accepted with every leg or
none. They share the log of the venue's orders, and the numbers of its reports.

The acceptance is where exposure begins: its legs are orders of the log, synced before it leaves. A leg is known at the
venue by the request and its instrument, so that it is looked up like any order in doubt and its executions find it.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Coroutine, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from gateway import clock
from gateway.venues.api import NoAnswer, NotReady, Refused
from gateway.venues.execution import Execution, NewVenueOrder
from gateway.venues.own_rfqs import OwnRfq
from gateway.venues.trading import VenueTrading
from wire.gateway_routes import AskVenueRfq
from wire.venue_rfqs import (
    MAKERS_TOLD_MAX,
    VENUE_QUOTES_MAX,
    BlockLeg,
    VenueQuote,
    VenueRfqLeg,
    VenueRfqReport,
    VenueRfqState,
)

log = logging.getLogger(__name__)

OPEN_RFQS_MAX = 100
"""At one venue, of all firms."""
QUOTES_TELL_SECONDS = 0.5
"""Quotes that follow each other faster are told together."""
REPORTS_MAX = 1_000
"""Of a request, eight minutes at that pace: then it is shown without quotes, so that it cannot be accepted."""
QUANTITY_STEP = Decimal("1e-12")
REASON_BYTES_MAX, MAKER_BYTES_MAX = 200, 24
ABSENT_SECONDS = 2.0
"""A request that the venue does not list is looked for again after this, before it counts as never arrived."""


class RfqView(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the venue shows it. ``venue_amount``: its own of the whole quantity. ``bids`` and ``asks``: best
    first, quantities in the venue's amount.
    """

    venue_rfq_id: int
    label: str
    state: VenueRfqState
    venue_amount: Decimal
    bids: list[VenueQuote]
    asks: list[VenueQuote]
    created_at_ns: int
    expires_at_ns: int
    traded_price: Decimal | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Acceptance:
    """``block``: side, quantity and net price, the worst that is taken. ``amount``: the venue's of that quantity."""

    venue_rfq_id: int
    legs: list[VenueRfqLeg]
    block: BlockLeg
    amount: Decimal


class BlockRfqApi(Protocol):
    """What an adapter can do with block RFQs, in our words. All raise Refused or NoAnswer."""

    async def ask(self, asked: AskVenueRfq) -> RfqView: ...

    async def cancel_rfq(self, venue_rfq_id: int) -> RfqView: ...

    async def list_rfqs(self) -> list[RfqView]:
        """Ours, the newest ones, ended ones too."""
        ...

    async def accept(self, acceptance: Acceptance) -> list[Execution]:
        """All legs at once, or Refused. Empty: the venue says nothing of it."""
        ...

    def name_leg(self, venue_rfq_id: int, name: str) -> str:
        """What a leg is called among the venue's order ids."""
        ...


class BlockRfqs:
    """Of one venue; ``is_offered``: its makers can be asked over this connection."""

    def __init__(self, trading: VenueTrading, api: BlockRfqApi) -> None:
        self._trading, self._api = trading, api
        self._own = trading.own_rfqs
        self.is_offered = False
        self._waiting: dict[str, RfqView] = {}
        """Quotes that are to be told together with what follows."""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def rfqs(self) -> dict[str, OwnRfq]:
        """By label."""
        return self._own.by_label

    def ask(self, asked: AskVenueRfq) -> None:
        """In the log when it returns, and on its way. The same label again does nothing. Raises NotReady."""
        if asked.label in self.rfqs:
            return
        if not (self.is_offered and self._trading.is_ready):
            raise NotReady(f"{self._trading.venue} cannot be asked now")
        if len(self.open_rfqs()) >= OPEN_RFQS_MAX:
            raise NotReady(f"{self._trading.venue} has {OPEN_RFQS_MAX} open requests")
        if not self._trading.has_room_for_rfqs():
            raise NotReady(f"{self._trading.venue}: the log of orders has no room for another request")
        if clock.now_ns() > asked.valid_until_ns:
            raise NotReady("the request is too old")
        self._trading.log_rfq(asked)
        own = self._own.remember(asked, VenueRfqState.PENDING)
        self._begin(self._send(own))

    def cancel(self, label: str) -> None:
        """Raises KeyError for a request that nobody asked here, NotReady where the venue cannot be told now."""
        own = self.rfqs[label]
        if own.is_ended:
            return
        if not (self.is_offered and own.told.venue_rfq_id):
            raise NotReady(f"{self._trading.venue} cannot be told now")
        self._begin(self._cancel(own))

    async def accept(self, block: BlockLeg, orders: Sequence[NewVenueOrder]) -> None:
        """``orders``: of its legs. Every one of them ends as a report. Raises NotReady where nothing leaves."""
        own = self.rfqs.get(block.label)
        if own is None or own.told.state is not VenueRfqState.OPEN or not self.is_offered:
            raise NotReady(f"{self._trading.venue}: the request {block.label} cannot be accepted now")
        rfq_id, now_ns = own.told.venue_rfq_id, clock.now_ns()
        legs = [
            msgspec.structs.replace(order, venue_order_id=self._api.name_leg(rfq_id, order.name), sent_at_ns=now_ns)
            for order in orders
        ]
        if any(self._may_have_traded(leg.venue_order_id) for leg in legs):
            raise NotReady(f"{self._trading.venue}: an acceptance of {block.label} traded, or may have")
        acceptance = Acceptance(
            venue_rfq_id=rfq_id,
            legs=own.asked.legs,
            block=block,
            amount=own.told.venue_amount * block.quantity / own.asked.quantity,
        )
        self._trading.log_together(legs)
        executions, reason = await self._answer(acceptance)
        if reason:
            self._tell_waiting(own)
        self._trading.answer_together(legs, executions, reason)

    def _may_have_traded(self, venue_order_id: str) -> bool:
        """Of the leg of an earlier acceptance of the same request."""
        own = self._trading.own.find("", venue_order_id)
        return own is not None and (not own.is_done or own.cumulative + own.busted > 0)

    async def _answer(self, acceptance: Acceptance) -> tuple[list[Execution], str]:
        """(executions, why it was refused); neither where nobody knows."""
        try:
            return await self._api.accept(acceptance), ""
        except Refused as refused:
            return [], str(refused) or "rejected_by_venue"
        except NoAnswer as error:
            log.warning("venue %s: no answer to an acceptance: %s", self._trading.venue, error)
            return [], ""

    def on_view(self, view: RfqView) -> None:
        """What the venue shows, however often: a change of state is told at once, quotes at most twice a second."""
        own = self.rfqs.get(view.label)
        if own is None or own.is_ended:
            return
        told = self._as_told(own, view)
        if told.state is not own.told.state:
            self._waiting.pop(view.label, None)
            self._tell(own, told)
        elif view.label in self._waiting:
            self._waiting[view.label] = view
        elif told != own.told:
            self._waiting[view.label] = view
            self._begin(self._tell_later(own))

    async def reconcile(self) -> None:
        """What became of every request that has not ended, by the venue's list. Asked for and listed nowhere, twice:
        it never arrived. Raises NoAnswer, Refused.
        """
        absent = await self._compare()
        if absent:
            await asyncio.sleep(ABSENT_SECONDS)
            for own in await self._compare():
                if own in absent:
                    self._end(own, "never_arrived")

    def lost(self) -> None:
        self.is_offered = False
        for task in self._tasks:
            task.cancel()
        self._waiting.clear()
        for own in self.open_rfqs():
            if own.told.state is VenueRfqState.PENDING:
                self._doubt(own)

    def open_rfqs(self) -> list[OwnRfq]:
        return self._own.open()

    async def _compare(self) -> list[OwnRfq]:
        """Takes what the venue lists; those that it does not."""
        if not self.open_rfqs():
            return []
        shown = await self._api.list_rfqs()
        for view in shown:
            self.on_view(view)
        labels = {view.label for view in shown}
        now_ns = clock.now_ns()
        for own in self.open_rfqs():
            if own.asked.label not in labels and own.told.venue_rfq_id and now_ns > own.told.expires_at_ns:
                self._tell(own, msgspec.structs.replace(own.told, state=VenueRfqState.EXPIRED, bids=[], asks=[]))
        doubted = [own for own in self.open_rfqs() if own.told.state is VenueRfqState.UNKNOWN]
        return [own for own in doubted if own.asked.label not in labels]

    async def _send(self, own: OwnRfq) -> None:
        try:
            view = await self._api.ask(own.asked)
        except Refused as refused:
            self._end(own, str(refused))
        except NoAnswer:
            self._doubt(own)
        else:
            self.on_view(view)

    async def _cancel(self, own: OwnRfq) -> None:
        try:
            self.on_view(await self._api.cancel_rfq(own.told.venue_rfq_id))
        except Refused as refused:
            self._tell(own, msgspec.structs.replace(own.told, reason=f"cancel rejected: {refused}"))
        except NoAnswer as error:
            log.warning("venue %s: no answer to the cancel of %s: %s", self._trading.venue, own.asked.label, error)

    async def _tell_later(self, own: OwnRfq) -> None:
        await asyncio.sleep(QUOTES_TELL_SECONDS)
        self._tell_waiting(own)

    def _tell_waiting(self, own: OwnRfq) -> None:
        """Also before a refusal is told: what was quoted by then says why."""
        view = self._waiting.pop(own.asked.label, None)
        if view is not None and not own.is_ended:
            self._tell(own, self._as_told(own, view))

    def _as_told(self, own: OwnRfq, view: RfqView) -> VenueRfqReport:
        whole = view.venue_amount or own.told.venue_amount
        return VenueRfqReport(
            label=view.label,
            state=view.state,
            venue_rfq_id=view.venue_rfq_id,
            venue_amount=whole,
            bids=_in_units(view.bids, whole, own.asked.quantity),
            asks=_in_units(view.asks, whole, own.asked.quantity),
            created_at_ns=view.created_at_ns,
            expires_at_ns=view.expires_at_ns,
            traded_price=view.traded_price,
            reason=own.told.reason,
        )

    def _doubt(self, own: OwnRfq) -> None:
        self._tell(own, msgspec.structs.replace(own.told, state=VenueRfqState.UNKNOWN))

    def _end(self, own: OwnRfq, reason: str) -> None:
        self._tell(own, msgspec.structs.replace(own.told, state=VenueRfqState.REJECTED, reason=reason))

    def _tell(self, own: OwnRfq, told: VenueRfqReport) -> None:
        told = msgspec.structs.replace(told, reason=_plain(told.reason, REASON_BYTES_MAX))
        if own.reports >= REPORTS_MAX:
            told = msgspec.structs.replace(told, bids=[], asks=[])
        if told != own.told:
            own.told, own.reports = told, own.reports + 1
            self._trading.tell_rfq(told)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("venue %s: a request to its makers failed", self._trading.venue, exc_info=error)


def _in_units(quotes: Sequence[VenueQuote], whole: Decimal, quantity: Decimal) -> list[VenueQuote]:
    """Quantities in units of the structure: no more than was asked for."""
    if not whole:
        return []
    return [
        msgspec.structs.replace(
            quote,
            quantity=(min(quote.quantity, whole) * quantity / whole).quantize(QUANTITY_STEP),
            makers=[_plain(maker, MAKER_BYTES_MAX) for maker in quote.makers[:MAKERS_TOLD_MAX]],
        )
        for quote in quotes[:VENUE_QUOTES_MAX]
    ]


def _plain(text: str, bytes_max: int) -> str:
    """The venue's words, no longer as JSON: a report that is too large for the journal would stop the venue."""
    words = "".join("'" if letter in '"\\' or not letter.isprintable() else letter for letter in text)
    return words.encode(errors="replace")[:bytes_max].decode(errors="ignore")
