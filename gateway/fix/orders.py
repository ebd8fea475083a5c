"""Orders of FIX sessions: their messages into the engine, its events into their reports and drop copies.

Every report of an event carries the event's number as its ``reference``: after a restart the events behind the last
report of a session are read from the journal again, so that no report is lost and none is sent twice.
"""

import itertools
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import parley_core

from gateway import clock
from gateway.engine import RawEvent
from gateway.fix import order_messages, reports
from gateway.fix.dialect import dialect_of, session_key
from gateway.fix.entry import Entry
from gateway.fix.handler import BusinessReason, Grant, Link, Refusal, RejectReason, Session
from gateway.fix.mass import MassRequests
from gateway.fix.message import Field, FieldMissing, FieldWrong, Message
from gateway.fix.order_book import Change, OrderBook
from gateway.fix.order_messages import OrderRefused
from gateway.fix.order_record import OrderRecord, OrderTerms
from gateway.fix.order_store import OrderStore, encode
from gateway.fix.values import OffGrid
from gateway.registry import Contract, Registry, contract_of
from wire import gateway

log = logging.getLogger(__name__)

SCAN_EVENTS = 10_000
ECHOED = (11, 1, 55, 54, 38, 40, 44, 59)
"""Fields of an order that was never entered which its rejection repeats."""
STATUS = "0"
"""ExecID (17) of a report that is no event, as FIX 4.2 asks."""


class Orders:
    """Of all sessions. ``event_number``: the last event that it has taken."""

    def __init__(self, engine: parley_core.Engine, registry: Registry, directory: Path) -> None:
        """Raises OSError, sqlite3.Error. ``directory``: the gateway's folder for FIX."""
        self._engine, self._registry = engine, registry
        self.book = OrderBook(registry)
        self.entry = Entry(engine)
        self._store = OrderStore(directory)
        self._contracts: dict[int, Contract] = {}
        self._rejections = itertools.count(1)
        self._born = clock.now_ns()
        self.event_number = self._load()
        self._mass = MassRequests(self)
        self.handlers: dict[str, Callable[[Session, Message], Awaitable[None]]] = {
            "D": self._new_order,
            "F": self._cancel,
            "G": self._replace,
            "H": self._status,
            "q": self._mass.cancel,
            "AF": self._mass.status,
        }

    def attach(self, link: Link) -> None:
        self.link = link

    def catch_up(self) -> None:
        """Read what the journal holds behind the orders on disk, and send the reports that were not sent yet."""
        while self.event_number < int(self._engine.event_number):
            for raw in self._engine.events_from(self.event_number + 1, SCAN_EVENTS):
                self.on_event(raw)

    def on_command(self, command: gateway.PlaceOrder) -> None:
        """An order of the terminal is on its way to the engine: its firm's drop copies will tell of it."""
        if any(
            session.firm_id == command.firm_id and Grant.DROP_COPY in session.grants for session in self.link.sessions()
        ):
            self._store.note(self.book.take_command(command))

    def on_event(self, raw: RawEvent) -> None:
        """An event that is on disk: each once, in their order."""
        if raw[0] <= self.event_number:
            return
        self.event_number = raw[0]
        change = self.book.apply(raw)
        if change is not None:
            self._report(change)

    async def refusing(
        self, session: Session, message: Message, answer: Callable[[Session, Message], Awaitable[None]]
    ) -> None:
        """Let ``answer`` act; a field that is missing or wrong refuses the message."""
        try:
            await answer(session, message)
        except FieldMissing as missing:
            self._refuse(session, message, BusinessReason.CONDITIONALLY_REQUIRED_MISSING, missing.tag, str(missing))
        except FieldWrong as wrong:
            self._refuse(session, message, RejectReason.VALUE_INCORRECT, wrong.tag, str(wrong))

    async def on_logout(self, session: Session) -> None:
        """Cancel on disconnect, where the session has it. Raises EngineStopped."""
        if not session.cancels_on_disconnect:
            return
        working = self.book.working(session_key(session))
        for order in working:
            await self.entry.cancel(session, order, "", is_disconnect=True)
        if working:
            log.info("fix: %s is gone, %d orders are canceled", session.name, len(working))

    async def cancel_orphans(self) -> None:
        """After a start: whoever is not connected lost its connection with the gateway before."""
        for session in self.link.sessions():
            if not self.link.is_logged_on(session):
                await self.on_logout(session)

    def contract(self, order: OrderRecord) -> Contract:
        """Of an instrument that may have been settled since."""
        found = self._registry.find(order.terms.instrument_id) or self._contracts.get(order.terms.instrument_id)
        if found is None:
            found = self._contracts[order.terms.instrument_id] = contract_of(order.terms.instrument_id, order.symbol)
        return found

    def send_status(self, session: Session, order: OrderRecord, extra: tuple[Field, ...] = ()) -> None:
        report = reports.Writer(dialect=dialect_of(session)).report(
            order,
            self.contract(order),
            execution_id=STATUS,
            execution_type=None,
            at_ns=clock.now_ns(),
            extra=extra,
        )
        self.link.send(session, report)

    def take_changes(self) -> tuple[list[tuple[int, bytes]], list[int], int]:
        """What changed since the last call, for ``save``."""
        book = self.book
        changed = [(order_id, encode(book.orders[order_id])) for order_id in book.touched if order_id in book.orders]
        forgotten = list(book.forgotten)
        book.touched.clear()
        book.forgotten.clear()
        return changed, forgotten, self.event_number

    def save(self, changed: list[tuple[int, bytes]], forgotten: list[int], event_number: int) -> None:
        """Raises StoreTaken, sqlite3.Error."""
        self._store.save(changed, forgotten, event_number)

    @property
    def saved_event_number(self) -> int:
        """Events up to this one are never asked for again."""
        return self._store.event_number

    def close(self) -> None:
        self._store.close()

    def _load(self) -> int:
        """The orders on disk; returns the event from which on the journal is read."""
        newest = int(self._engine.event_number)
        if self._store.event_number > newest:
            log.warning("fix: the orders on disk have seen event %d of %d: of another journal, reading this one",
                        self._store.event_number, newest)  # fmt: skip
            self._store.clear()
        for record in self._store.load():
            self.book.take(record)
        self.book.touched.clear()
        return self._first_kept(self._store.event_number, newest)

    def _first_kept(self, after: int, newest: int) -> int:
        if after >= newest:
            return after
        try:
            self._engine.events_from(after + 1, 1)
        except parley_core.EventsReleased:
            log.warning(
                "fix: events behind %d are no longer kept: orders entered before %d are not known", after, newest
            )
            return newest
        return after

    def _report(self, change: Change) -> None:
        order = change.order
        contract = self.contract(order)
        for session in self.link.sessions():
            is_own = bool(order.session) and session_key(session) == order.session
            if not is_own and (session.firm_id != order.firm_id or Grant.DROP_COPY not in session.grants):
                continue
            if change.envelope.event_number <= self.link.last_reference(session):
                continue
            report = reports.Writer(dialect=dialect_of(session), is_copy=not is_own).of_change(change, contract)
            if report is not None:
                self.link.send(session, report, change.envelope.event_number)

    async def _new_order(self, session: Session, message: Message) -> None:
        client_order_id = order_messages.client_order_id(message)
        known = self.book.find_known(session_key(session), client_order_id)
        try:
            terms = order_messages.read_order(message, session, self._registry, 0 if known else clock.now_ns())
        except (OrderRefused, OffGrid) as refused:
            if known is None or known.is_request or not message.is_redelivered:
                self.reject(session, message, *_why(refused))
            return
        if known is not None:
            self._repeat(session, message, terms, known.order_id, is_request=known.is_request)
            return
        order_id = await self.entry.order(session, client_order_id, terms)
        self.book.take(
            OrderRecord(
                order_id=order_id,
                session=session_key(session),
                client_order_id=client_order_id,
                firm_id=session.firm_id,
                user_id=session.user_id,
                symbol=message.get(55),
                terms=terms,
                quantity_lots=terms.quantity_lots,
                price_ticks=terms.price_ticks,
                client_order_ids=[client_order_id],
            )
        )

    def _repeat(
        self, session: Session, message: Message, terms: OrderTerms, order_id: int, *, is_request: bool
    ) -> None:
        """The same order again gets the same answer; another one under its ClOrdID is refused."""
        order = self.book.orders[order_id]
        if is_request or order.terms != terms:
            self.reject(session, message, reports.DUPLICATE_ID, "duplicate_order: the ClOrdID was used before")
        elif not message.is_redelivered:
            self.send_status(session, order)

    async def _cancel(self, session: Session, message: Message) -> None:
        order = self._find(session, message, reports.CANCEL_REQUEST)
        if order is not None:
            request = message.get(11)
            await self.entry.cancel(session, order, request)
            self.book.take_request(order, request)

    async def _replace(self, session: Session, message: Message) -> None:
        order = self._find(session, message, reports.REPLACE_REQUEST)
        if order is None:
            return
        try:
            change = order_messages.read_replacement(message, order, self.contract(order))
        except (OrderRefused, OffGrid) as refused:
            _, text = _why(refused)
            self.reject_request(session, message, reports.REPLACE_REQUEST, order, order_messages.OTHER, text)
            return
        request = message.get(11)
        await self.entry.amend(session, order, request, change)
        self.book.take_request(order, request)

    def _find(self, session: Session, message: Message, response_to: str) -> OrderRecord | None:
        """The order that a request is about; None where the request was answered already."""
        request = order_messages.client_order_id(message)
        original = message.find(41)
        known = self.book.find_known(session_key(session), request)
        if known is not None:
            if not message.is_redelivered:
                order = self.book.orders.get(known.order_id)
                text = "duplicate_id: the ClOrdID was used before"
                self.reject_request(session, message, response_to, order, reports.DUPLICATE_ID, text)
            return None
        order = self.book.find(session_key(session), original) if original else self._by_order_id(session, message)
        if order is None or message.find(37, str(order.order_id)) not in (str(order.order_id), reports.NONE):
            text = "unknown_order: the session has no such order"
            self.reject_request(session, message, response_to, None, reports.UNKNOWN_ORDER, text)
            return None
        return order

    def _by_order_id(self, session: Session, message: Message) -> OrderRecord | None:
        """Raises FieldMissing."""
        text = message.find(37)
        if not text:
            raise FieldMissing(41)
        order = self.book.orders.get(int(text)) if text.isdecimal() and len(text) <= 18 else None
        return order if order is not None and order.session == session_key(session) else None

    async def _status(self, session: Session, message: Message) -> None:
        order = self.book.find(session_key(session), message.get(11))
        if order is None and 37 in message:
            order = self._by_order_id(session, message)
        extra = ((790, message.get(790)),) if 790 in message and not session.is_fix42 else ()
        if order is not None:
            self.send_status(session, order, extra)
            return
        fields = ((11, message.get(11)), (55, message.get(55)), (54, message.get(54)), *extra)
        self._send_rejection(session, fields, reports.STATUS_UNKNOWN, "unknown_order: the session has no such order")

    def send_nothing(self, session: Session, extra: tuple[Field, ...]) -> None:
        """The answer to a mass status where nothing works; it must name an instrument and a side, and means none."""
        fields = ((55, "[N/A]"), (54, "1"), *extra)
        self._send_rejection(session, fields, reports.STATUS_UNKNOWN, "no order works")

    def reject(
        self, session: Session, message: Message, reason: int, text: str, extra: tuple[Field, ...] = ()
    ) -> None:
        """An order that is refused before anybody took it."""
        fields = tuple((tag, message.get(tag)) for tag in ECHOED if tag in message) + extra
        self._send_rejection(session, fields, reason, text)

    def _send_rejection(self, session: Session, fields: tuple[Field, ...], reason: int, text: str) -> None:
        """Of an order that is not there: refused before the engine, or asked for and not known."""
        is_status = reason == reports.STATUS_UNKNOWN
        rejection = reports.Writer(dialect=dialect_of(session)).rejection(
            execution_id=STATUS if is_status else f"R{self._born}-{next(self._rejections)}",
            fields=fields,
            reason=reason,
            text=text,
            at_ns=clock.now_ns(),
        )
        self.link.send(session, rejection)

    def reject_request(
        self, session: Session, message: Message, response_to: str, order: OrderRecord | None, reason: int, text: str
    ) -> None:
        """A cancel or a replacement that is refused before anybody took it."""
        answer = reports.Writer(dialect=dialect_of(session)).cancel_reject(
            order=order,
            request=message.get(11),
            original=message.find(41, reports.NONE),
            response_to=response_to,
            reason=reason,
            text=text,
            at_ns=clock.now_ns(),
        )
        self.link.send(session, answer)

    def _refuse(
        self, session: Session, message: Message, reason: RejectReason | BusinessReason, tag: int, text: str
    ) -> None:
        name = "field_missing" if isinstance(reason, BusinessReason) else "value_incorrect"
        business_id = next((message.find(id_tag) for id_tag in (11, 262, 320, 710) if id_tag in message), "")
        refusal = Refusal(reason=reason, name=name, text=text, tag=tag, business_id=business_id)
        self.link.refuse(session, message, refusal)


def _why(refused: OrderRefused | OffGrid) -> tuple[int, str]:
    """(OrdRejReason, Text)"""
    if isinstance(refused, OrderRefused):
        return refused.reason, str(refused)
    is_quantity = refused.tag in (38, 110, 111, 1138)
    reason = order_messages.INCORRECT_QUANTITY if is_quantity else order_messages.PRICE_INCREMENT
    return reason, f"{refused.name}: {refused}"
