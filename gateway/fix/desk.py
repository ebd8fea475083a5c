"""What the gateway does with the messages of FIX sessions: one place that knows which part answers which."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import parley_core

from gateway.board import Board
from gateway.engine import EngineStopped, RawEvent
from gateway.fix.handler import BusinessReason, Link, Refusal, Session
from gateway.fix.lists import Lists
from gateway.fix.market import MarketData
from gateway.fix.message import Message
from gateway.fix.multilegs import MultilegSessions
from gateway.fix.orders import Orders
from gateway.fix.rfq import RfqSessions
from gateway.fix.rfq_log import LogFailed, LogFull
from gateway.fix.rules import missing_grant
from gateway.registry import Registry
from wire import gateway

log = logging.getLogger(__name__)

SAVE_SECONDS = 1.0
"""Orders are written to disk so long after their events: reports of these are on the disks of their sessions then."""

Answer = Callable[[Session, Message], Awaitable[None]]


class Desk:
    """The handler of every session. ``is_open``: journal and database are known to belong together; before that no
    message is acted on, for it would change the journal.
    """

    def __init__(
        self,
        engine: parley_core.Engine,
        registry: Registry,
        board: Board | None,
        directory: Path,
        is_open: asyncio.Event,
    ) -> None:
        """Raises OSError, sqlite3.Error. ``board`` None: no marks and no trades are known."""
        self._is_open = is_open
        self.orders = Orders(engine, registry, directory)
        self.market = MarketData(engine, registry, board)
        self.rfq = RfqSessions(directory)
        self._multilegs = MultilegSessions(self.rfq.log, self.orders)
        self._lists = Lists(engine, registry, board)
        self._answers: dict[str, Answer] = {
            **{kind: self._request(answer) for kind, answer in self._multilegs.handlers.items()},
            "V": self._request(self.market.on_request),
            "x": self._request(self._lists.on_list_request),
            "c": self._request(self._lists.on_definition_request),
            "AN": self._request(self._lists.on_positions_request),
            **{kind: self._request(answer) for kind, answer in self.rfq.handlers.items()},
        }

    def types(self) -> set[str]:
        """MsgType (35) of what is answered here."""
        return set(self._answers)

    def attach(self, link: Link) -> None:
        self._link = link
        for part in (self.orders, self.market, self.rfq, self._multilegs, self._lists):
            part.attach(link)

    def catch_up(self) -> None:
        """Once the sessions are known, and before the engine is started."""
        self.orders.catch_up()

    def on_command(self, command: gateway.PlaceOrder) -> None:
        """An order of the terminal is on its way to the engine."""
        self.orders.on_command(command)

    def on_event(self, raw: RawEvent) -> None:
        """An event that is on disk."""
        self.orders.on_event(raw)

    async def on_logon(self, session: Session) -> None:
        """What was sent meanwhile is resent by the session layer."""
        await self._is_open.wait()
        await self.rfq.on_logon(session)

    async def on_logout(self, session: Session) -> None:
        self.market.on_logout(session)
        await self._is_open.wait()
        await self.rfq.on_logout(session)
        await self._cancel_multilegs(session)
        try:
            await self.orders.on_logout(session)
        except EngineStopped as error:
            log.critical("fix: orders of %s cannot be canceled: %s", session.name, error)

    async def _cancel_multilegs(self, session: Session) -> None:
        """A log that takes nothing does not hold up what else is to be done."""
        try:
            await self._multilegs.on_logout(session)
        except (LogFull, LogFailed) as error:
            log.critical("fix: multi-leg orders of %s cannot be canceled: %s", session.name, error)

    async def on_message(self, session: Session, message: Message) -> None:
        """The grants once more: the session may have lost one while its message waited."""
        await self._is_open.wait()
        answer = self._answers.get(message.type)
        if answer is None:
            text = f"Messages of type {message.type} are not supported."
            self._refuse(session, message, BusinessReason.UNSUPPORTED_MESSAGE, "unsupported_message", text)
        elif lacking := missing_grant(message, session.grants):
            self._refuse(session, message, BusinessReason.NOT_AUTHORIZED, lacking.name, lacking.text)
        else:
            await self._act(session, message, answer)

    def _request(self, answer: Answer) -> Answer:
        """The same, with what cannot be read refused as orders are."""

        async def answered(session: Session, message: Message) -> None:
            await self.orders.refusing(session, message, answer)

        return answered

    async def _act(self, session: Session, message: Message, answer: Answer) -> None:
        try:
            await answer(session, message)
        except EngineStopped as error:
            self._refuse(session, message, BusinessReason.NOT_AVAILABLE, "halted", str(error))

    def _refuse(self, session: Session, message: Message, reason: BusinessReason, name: str, text: str) -> None:
        business_id = message.find(11) or message.find(262) or message.find(320)
        self._link.refuse(session, message, Refusal(reason=reason, name=name, text=text, business_id=business_id))

    def saved_event_number(self) -> int:
        """Events up to this one need not be kept in the journal for FIX."""
        return self.orders.saved_event_number

    async def run(self) -> None:
        """Cancel what belongs to sessions that did not come back, then keep the orders on disk, for ever."""
        await self._is_open.wait()
        await self.rfq.cancel_orphans()
        for session in self._link.sessions():
            if not self._link.is_logged_on(session):
                await self._cancel_multilegs(session)
        try:
            await self.orders.cancel_orphans()
        except EngineStopped as error:
            log.critical("fix: orders of sessions that are gone cannot be canceled: %s", error)
        try:
            while True:
                await self._save_later()
        except sqlite3.Error as error:
            log.critical("fix: orders are not kept on disk any more, the next start reads the journal: %s", error)

    async def _save_later(self) -> None:
        changes = self.orders.take_changes()
        await asyncio.sleep(SAVE_SECONDS)
        if changes[2] > self.orders.saved_event_number:
            await asyncio.to_thread(self.orders.save, *changes)

    def close(self) -> None:
        """What was not written is read from the journal at the next start."""
        self.orders.close()
        self.rfq.close()
