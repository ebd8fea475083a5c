"""Orders at one venue: each sent once, each execution counted once, agreed with the venue before anything new leaves.

A library: whoever routes calls ``place``, ``cancel``, ``amend`` and reads ``reports_from``. What the venue says comes
in through ``on_order`` and ``on_execution``; at every connection ``reconcile`` asks for what was missed.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gateway import clock
from gateway.venues.api import NoAnswer, NotReady, Refused, TradingApi
from gateway.venues.execution import Execution, ExecutionReport, NewVenueOrder, OrderView, ReportKind
from gateway.venues.folding import fold, unfold
from gateway.venues.order_log import RECORDS_MAX, Baseline, Folded, OrderLog, OrderLogFailed, OrderLogThere, Record
from gateway.venues.own_orders import NOTHING, OwnOrder, OwnOrders, find_breaks
from gateway.venues.own_rfqs import OwnRfqs
from wire.gateway_routes import AskVenueRfq
from wire.units import OrderState
from wire.venue_rfqs import VenueRfqReport

if TYPE_CHECKING:
    from gateway.venues.block_rfqs import BlockRfqs

log = logging.getLogger(__name__)

OVERLAP_NS = 60 * 10**9
"""Trades are asked for from so long before the last one known: clocks differ, and a bust comes later than its trade."""
ABSENT_SECONDS = 2.0
"""An order that the venue does not know is asked for again after this, before it counts as never arrived."""
MISSING_SECONDS = 0.5
"""Executions of which the venue has filled more than it told are asked for after this."""
OPEN_ORDERS_MAX = 1_000
RFQ_RECORDS_MAX = RECORDS_MAX // 4 * 3
BASELINE_TRIES_MAX = 5


class VenueTrading:
    """``is_ready``: agreed with the venue since the last connection. ``breaks``: positions that do not agree."""

    def __init__(self, venue: str, api: TradingApi, path: Path) -> None:
        """Raises OrderLogDamaged, OSError."""
        self.venue, self._api = venue, api
        self._log = OrderLog(path)
        self.own = OwnOrders(venue)
        self.own_rfqs = OwnRfqs()
        self.reports: list[ExecutionReport] = []
        """Those after the number up to which the log is folded."""
        self._folded_number = 0
        self.breaks: dict[str, tuple[Decimal, Decimal]] = {}
        self.is_ready = False
        self.on_report: Callable[[ExecutionReport], None] | None = None
        self._baseline: Baseline | None = None
        self._before: frozenset[str] = frozenset()
        self._is_failed = False
        self.block_rfqs: BlockRfqs | None = None
        """Where the venue has makers to ask."""
        self._agreeing = asyncio.Lock()
        self._pending: set[asyncio.Task[None]] = set()
        for record in self._log.records:
            self._restore(record)
        self._log.records.clear()

    def close(self) -> None:
        self.lost()
        self._log.close()

    async def place(self, order: NewVenueOrder) -> OwnOrder:
        """Sends it once. The same id again sends nothing and gives the order as it is. Raises NotReady."""
        known = self.own.orders.get(order.client_order_id)
        if known is not None:
            return known
        self._check_room(1)
        order = msgspec.structs.replace(order, sent_at_ns=clock.now_ns())
        self._append(Record(sent=order))
        if self._is_failed:
            raise NotReady(f"{self.venue}: the log of orders cannot be written")
        own = self.own.sent(order)
        try:
            view, executions = await self._api.place(order)
        except Refused as refused:
            self._tell(self.own.reject(order.client_order_id, str(refused), clock.now_ns()))
        except NoAnswer:
            self._tell(self.own.doubt(order.client_order_id, clock.now_ns()))
        else:
            self._take(view, executions)
        return own

    def _check_room(self, count: int) -> None:
        """For so many new orders. Raises NotReady."""
        if not self.is_ready:
            raise NotReady(f"{self.venue} is not reconciled: nothing new leaves")
        if len(self.own.open_orders()) + count > OPEN_ORDERS_MAX:
            raise NotReady(f"{self.venue} takes {OPEN_ORDERS_MAX} open orders at most")

    def log_together(self, orders: Sequence[NewVenueOrder]) -> None:
        """Legs that are about to leave in one request, in the log when it returns. Raises NotReady."""
        self._check_room(len(orders))
        self._append(*(Record(sent=order) for order in orders))
        if self._is_failed:
            raise NotReady(f"{self.venue}: the log of orders cannot be written")
        for order in orders:
            self.own.sent(order)

    def answer_together(self, orders: Sequence[NewVenueOrder], executions: Sequence[Execution], reason: str) -> None:
        """What became of them: executions, or why they were refused; neither: nobody knows."""
        for execution in executions:
            self.on_execution(execution)
        for order in orders:
            name, now_ns = order.client_order_id, clock.now_ns()
            self._tell(self.own.reject(name, reason, now_ns) if reason else self.own.doubt(name, now_ns))

    def log_rfq(self, asked: AskVenueRfq) -> None:
        """In the log when it returns. Raises NotReady."""
        self._append(Record(rfq=asked))
        if self._is_failed:
            raise NotReady(f"{self.venue}: the log of orders cannot be written")

    def tell_rfq(self, told: VenueRfqReport) -> None:
        self._tell(self.own.tell_rfq(told, clock.now_ns()))

    def refuse(self, order: NewVenueOrder, reason: str) -> None:
        """It will not be sent: a report says so, and its id is used up."""
        if order.client_order_id not in self.own.orders:
            self._tell(self.own.refuse(order, reason, clock.now_ns()))

    def refuse_request(self, client_order_id: str, kind: ReportKind, reason: str) -> None:
        """A cancel or an amendment came to nothing: a report says so."""
        self._tell(self.own.refuse_request(client_order_id, kind, reason, clock.now_ns()))

    async def cancel(self, client_order_id: str) -> OwnOrder:
        """Passes whatever else is wrong, where the venue's id is known. Raises Refused, NoAnswer, KeyError."""
        own = self.own.orders[client_order_id]
        if own.venue_order_id and not own.is_done:
            self.on_order(await self._api.cancel(own.venue_order_id))
        return own

    async def amend(self, client_order_id: str, quantity: Decimal, price: Decimal | None) -> OwnOrder:
        """quantity: the whole order, what was executed included. Raises NotReady, Refused, NoAnswer, KeyError."""
        own = self.own.orders[client_order_id]
        if not self.is_ready or not own.venue_order_id:
            raise NotReady(f"{self.venue} is not reconciled: nothing is changed")
        self._take(*await self._api.amend(own.venue_order_id, own.name, quantity, price))
        return own

    def find_order(self, venue_order_id: str) -> OwnOrder:
        """Of ours or adopted. Raises Refused where none has that id."""
        own = self.own.find("", venue_order_id)
        if own is None:
            raise Refused(f"unknown_order: {venue_order_id}")
        return own

    def on_order(self, view: OrderView) -> None:
        self._tell(self.own.take_order(view, clock.now_ns()))
        own = self.own.find(view.client_order_id, view.venue_order_id)
        if own is not None and own.lacks_executions:
            self._fetch_later(own)

    def on_execution(self, execution: Execution) -> None:
        if self.own.is_forgotten(execution):
            log.warning("venue %s: execution %s is too old to be told apart", self.venue, execution.execution_id)
        if execution.execution_id not in self._before:
            self._tell(self.own.take_execution(execution, clock.now_ns()))

    @property
    def folded_number(self) -> int:
        """The reports until this one are not kept any more."""
        return self._folded_number

    def reports_from(self, number: int) -> list[ExecutionReport]:
        """Every report from that number on that is kept, of earlier lives of the process too."""
        return self.reports[max(0, number - 1 - self._folded_number) :]

    def on_journaled(self, number: int) -> None:
        """The engine's journal has that report on disk: with the last of them a long log is folded."""
        if number == self.own.last_number and self._log.is_long:
            self._fold()

    def begin_after(self, number: int) -> None:
        """The log is lost, and the engine took its reports until this one. Raises OrderLogThere."""
        if self._log.count:
            raise OrderLogThere(f"{self.venue}: its log of orders has {self._log.count} records, put it aside first")
        self.own.last_number = number
        self._append(Record(folded=Folded(orders=fold(self.own), rfqs=[], breaks={})))
        self._folded_number = number

    def has_room_for_rfqs(self) -> bool:
        """In the log; what is left when it has not is for orders."""
        return self._log.count < RFQ_RECORDS_MAX

    def _fold(self) -> None:
        records, before = [], self._log.count
        if self._baseline is not None:
            records.append(Record(baseline=self._baseline))
        folded = Folded(orders=fold(self.own), rfqs=self.own_rfqs.fold(), breaks=self.breaks)
        if self._log.rewrite(*records, Record(folded=folded)):
            self.reports.clear()
            self._folded_number = self.own.last_number
            log.info("venue %s: %d records of the log of orders are %d now", self.venue, before, self._log.count)

    def lost(self) -> None:
        """The connection is gone: what is under way is in doubt, nothing new leaves."""
        self.is_ready = False
        if self.block_rfqs is not None:
            self.block_rfqs.lost()
        for task in self._pending:
            task.cancel()

    async def reconcile(self) -> None:
        """Agrees with the venue: what is open, what was executed, what became of orders in doubt, positions.

        Raises NoAnswer where the venue stops answering in the middle; the next connection begins it anew.
        """
        self.is_ready = False
        async with self._agreeing:
            await self._agree(is_fresh=True)
        self.is_ready = not self._is_failed
        log.info("venue %s: reconciled, %d open orders", self.venue, len(self.own.open_orders()))

    async def verify(self) -> None:
        """The same while orders go on: what the venue's mass status shows otherwise is taken. Raises NoAnswer,
        Refused.
        """
        async with self._agreeing:
            if self.is_ready:
                await self._agree(is_fresh=False)

    async def _agree(self, *, is_fresh: bool) -> None:
        """``is_fresh``: the connection is new, so that nothing is under way on it."""
        baseline = self._baseline or await self._begin()
        shown = await self._api.list_open()
        for view in shown:
            self.on_order(view)
        await self._take_executions(baseline)
        await self._settle_doubts(frozenset() if is_fresh else frozenset(view.venue_order_id for view in shown))
        for own in self.own.open_orders():
            await self._fetch_missing(own)
        await self._compare_positions(baseline)

    async def _take_executions(self, baseline: Baseline) -> None:
        since_ns = max(baseline.since_ns, self.own.last_execution_at_ns - OVERLAP_NS)
        for execution in await self._api.list_executions(since_ns):
            self.on_execution(execution)

    async def _begin(self) -> Baseline:
        """The first time: positions, and which of the latest executions are in them. Twice the same list around the
        positions means that nothing moved meanwhile.
        """
        since_ns = clock.now_ns() - OVERLAP_NS
        for _ in range(BASELINE_TRIES_MAX):
            before = {each.execution_id for each in await self._api.list_executions(since_ns)}
            positions = dict(await self._api.list_positions())
            after = {each.execution_id for each in await self._api.list_executions(since_ns)}
            if before == after:
                break
        else:
            raise NoAnswer("the account never stands still: no position to begin with")
        baseline = Baseline(positions=positions, since_ns=since_ns, known=sorted(after))
        self._append(Record(baseline=baseline))
        self._restore(Record(baseline=baseline))
        return baseline

    async def _settle_doubts(self, shown: frozenset[str]) -> None:
        """An order that the venue does not know, asked twice, never arrived. Nothing is ever sent again. ``shown``:
        open at the venue; an order that waits for its first answer is in no doubt.
        """
        doubted = [own for own in self.own.open_orders() if own.venue_order_id not in shown]
        if shown or self.is_ready:
            doubted = [own for own in doubted if own.state is not OrderState.PENDING_NEW]
        absent = [own for own in doubted if not await self._look_up(own)]
        if absent:
            await asyncio.sleep(ABSENT_SECONDS)
        for own in absent:
            if not await self._look_up(own):
                self._tell(self.own.reject(own.client_order_id, "never_arrived", clock.now_ns()))

    async def _look_up(self, own: OwnOrder) -> bool:
        """False where the venue does not know it."""
        views = await self._api.find(own.client_order_id, own.venue_order_id)
        for view in views:
            self.on_order(view)
        for view in views:
            if own.lacks_executions:
                await self._fetch_missing(own)
                self.on_order(view)
        return bool(views)

    async def _fetch_missing(self, own: OwnOrder) -> None:
        """Executions first, then the order once more: an end that waited for them is believed now."""
        if not own.venue_order_id or not own.lacks_executions:
            return
        for execution in await self._api.list_executions_of(own.venue_order_id):
            self.on_execution(execution)
        for view in await self._api.find(own.client_order_id, own.venue_order_id):
            self._tell(self.own.take_order(view, clock.now_ns()))

    async def _compare_positions(self, baseline: Baseline) -> None:
        """A difference is not repaired but shown: somebody else may trade on the account."""
        found = find_breaks(baseline.positions, self.own.positions(), await self._api.list_positions())
        if found != self.breaks:
            await asyncio.sleep(MISSING_SECONDS)
            await self._take_executions(baseline)
            again = find_breaks(baseline.positions, self.own.positions(), await self._api.list_positions())
            found = {name: pair for name, pair in again.items() if found.get(name) == pair or name in self.breaks}
        for name in sorted({*found, *self.breaks}):
            if found.get(name) != self.breaks.get(name):
                self._tell_position(name, found.get(name))

    def _tell_position(self, name: str, difference: tuple[Decimal, Decimal] | None) -> None:
        """A break, or (None) that there is none any more."""
        ours, theirs = difference or (NOTHING, NOTHING)
        if difference is None:
            self.breaks.pop(name, None)
            log.warning("venue %s: position of %s agrees again", self.venue, name)
        else:
            self.breaks[name] = difference
            log.error("venue %s: position of %s is %s by our executions and %s there", self.venue, name, ours, theirs)
        self._tell(self.own.compare_position(name, ours, theirs, clock.now_ns()))

    def _take(self, view: OrderView, executions: Sequence[Execution]) -> None:
        """What an answer says: that the order is there, then its executions, then how it stands."""
        if view.state is not OrderState.REJECTED:
            there = msgspec.structs.replace(view, state=OrderState.NEW, filled=Decimal(0), updated_at_ns=0)
            self._tell(self.own.take_order(there, clock.now_ns()))
        for execution in executions:
            self.on_execution(execution)
        self.on_order(view)

    def _tell(self, reports: list[ExecutionReport]) -> None:
        """On disk, then to whoever listens; what is not on disk nobody hears of."""
        if not reports:
            return
        self._append(*(Record(report=report) for report in reports))
        if self._is_failed:
            return
        self.reports.extend(reports)
        if self.on_report is not None:
            for report in reports:
                self.on_report(report)

    def _append(self, *records: Record) -> None:
        """A log that fails stops everything new; cancels still pass."""
        try:
            self._log.append(*records)
        except OrderLogFailed as error:
            self.stop(str(error))

    def stop(self, why: str) -> None:
        """Nothing new leaves any more; cancels still pass. A person has to look."""
        log.critical("venue %s: %s: nothing new leaves", self.venue, why)
        self.is_ready, self._is_failed = False, True

    def _restore(self, record: Record) -> None:
        if record.sent is not None:
            self.own.restore_sent(record.sent)
        elif record.report is not None:
            self.own.restore(record.report)
            self.reports.append(record.report)
            self._restore_break(record.report)
            if record.report.block_rfq is not None:
                self.own_rfqs.restore_told(record.report.block_rfq)
        elif record.baseline is not None:
            self._baseline, self._before = record.baseline, frozenset(record.baseline.known)
        elif record.rfq is not None:
            self.own_rfqs.restore_asked(record.rfq)
        elif record.folded is not None:
            self._unfold(record.folded)

    def _unfold(self, folded: Folded) -> None:
        unfold(self.own, folded.orders)
        self.own_rfqs.restore(folded.rfqs)
        self.breaks = dict(folded.breaks)
        self._folded_number = folded.orders.number

    def _restore_break(self, report: ExecutionReport) -> None:
        if report.kind is not ReportKind.POSITION or report.expected is None or report.held is None:
            return
        if report.expected == report.held:
            self.breaks.pop(report.name, None)
        else:
            self.breaks[report.name] = (report.expected, report.held)

    def _fetch_later(self, own: OwnOrder) -> None:
        async def run() -> None:
            await asyncio.sleep(MISSING_SECONDS)
            try:
                await self._fetch_missing(own)
            except (Refused, NoAnswer) as error:
                log.warning("venue %s: executions of %s: %s", self.venue, own.client_order_id, error)

        if len(self._pending) < OPEN_ORDERS_MAX:
            task = asyncio.create_task(run())
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)
