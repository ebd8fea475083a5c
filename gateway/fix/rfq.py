"""RFQ over FIX at the gateway: what sessions ask goes to the desk's log, what the desk answers to the sessions.

The truth of a negotiation is the desk's. A message is acknowledged by what the desk says of it, after it took the
message; until then the log holds it, whatever dies.
"""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from redis.asyncio import Redis

from gateway.fix import rfq_messages
from gateway.fix.dialect import session_key
from gateway.fix.handler import BusinessReason, Grant, Link, Refusal, Session, command_reference
from gateway.fix.message import Message
from gateway.fix.rfq_log import LogFailed, LogFull, RfqLog
from gateway.fix.rfq_messages import NotSpoken
from gateway.fix.rfq_reports import Reports
from gateway.fix.rfq_responses import read_response
from wire.fix_rfq import AnyFixAction, AnyFixNews, RequestRefused, SessionCame, SessionWent, StatusTold, no_trades
from wire.gateway_fix import TellFixSession

log = logging.getLogger(__name__)

Reader = Callable[[Message, Session], AnyFixAction]


class RfqSessions:
    """Of all sessions. ``handlers``: by MsgType."""

    def __init__(self, folder: Path) -> None:
        """Raises LogDamaged, OSError."""
        self.log = RfqLog(folder)
        self._readers: dict[str, Reader] = {
            "R": rfq_messages.read_request,
            "S": rfq_messages.read_quote,
            "i": rfq_messages.read_mass_quote,
            "AG": rfq_messages.read_decline,
            "Z": rfq_messages.read_withdrawal,
            "AJ": read_response,
            "a": rfq_messages.read_status_request,
            "AD": rfq_messages.read_trade_request,
        }
        self.handlers: dict[str, Callable[[Session, Message], Awaitable[None]]] = {
            **dict.fromkeys(self._readers, self._ask),
            "AR": self._acknowledged,
        }

    def attach(self, link: Link) -> None:
        self._link = link

    async def relay(self, client: Redis) -> None:
        """Give the desk what sessions ask, until another gateway does."""
        await self.log.relay(client)

    async def on_logon(self, session: Session) -> None:
        await self._tell_desk(session, SessionCame())

    async def on_logout(self, session: Session) -> None:
        """Cancel on disconnect, where the session has it."""
        await self._tell_desk(session, SessionWent())

    async def _tell_desk(self, session: Session, action: SessionCame | SessionWent) -> None:
        """A log that takes nothing does not hold up what else is to be done."""
        if session.cancels_on_disconnect and Grant.RFQ in session.grants and not session.is_fix42:
            try:
                await self.log.append(session, session_key(session), None, action)
            except (LogFull, LogFailed) as error:
                log.critical("fix: the desk is not told of %s: %s", session.name, error)

    async def cancel_orphans(self) -> None:
        """After a start: whoever is not connected lost its connection with the gateway before."""
        for session in self._link.sessions():
            if not self._link.is_logged_on(session):
                await self.on_logout(session)

    def tell(self, number: int, command: TellFixSession) -> None:
        """The messages of a command, those of them that the session was not sent yet."""
        session = next((each for each in self._link.sessions() if each.session_id == command.session_id), None)
        if session is None:
            log.warning("fix: there is no session %d to be told of an RFQ", command.session_id)
            return
        reports = Reports(is_fix44=session.application_version == "6")
        messages = [message for news in command.news for message in reports.of(news)]
        told = self._link.last_command(session)
        for index, message in enumerate(messages):
            reference = command_reference(number, index)
            if reference > told:
                self._link.send(session, message, command=reference)

    async def _ask(self, session: Session, message: Message) -> None:
        """Raises FieldMissing, FieldWrong."""
        if session.is_fix42:
            text = "RFQ and trade capture are spoken in FIX 4.4 and 5.0 SP2"
            self._refuse(session, message, BusinessReason.UNSUPPORTED_MESSAGE, "unsupported_message", text)
            return
        try:
            action = self._readers[message.type](message, session)
            await self.log.append(session, session_key(session), message, action)
        except NotSpoken as refused:
            self._answer_no(session, message, refused.name, str(refused))
        except (LogFull, LogFailed) as error:
            self._refuse(session, message, BusinessReason.NOT_AVAILABLE, "desk_unavailable", str(error))

    def _answer_no(self, session: Session, message: Message, name: str, text: str) -> None:
        """In the words that the standard has for a message of this type."""
        news: AnyFixNews
        if message.type == "R":
            news = RequestRefused(request_id=message.get(131), reason=name, text=text)
        elif message.type == "AD":
            news = no_trades(message.get(568), message.get(569), name, text)
        elif message.type in ("S", "AJ", "a"):
            news = StatusTold(
                status="rejected",
                quote_id=message.find(117),
                response_id=message.find(693),
                status_request_id=message.find(649),
                reason=name,
                text=text,
            )
        else:
            self._refuse(session, message, BusinessReason.OTHER, name, text)
            return
        for outgoing in Reports(is_fix44=session.application_version == "6").of(news):
            self._link.send(session, outgoing)

    async def _acknowledged(self, session: Session, message: Message) -> None:
        """A trade capture report was received: nothing waits for that."""

    def _refuse(self, session: Session, message: Message, reason: BusinessReason, name: str, text: str) -> None:
        business_id = next((message.find(tag) for tag in (693, 117, 131, 568) if tag in message), "")
        self._link.refuse(session, message, Refusal(reason=reason, name=name, text=text, business_id=business_id))

    def close(self) -> None:
        self.log.close()
