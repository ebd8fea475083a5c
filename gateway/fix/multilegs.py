"""Multi-leg orders of FIX sessions: their truth is the desk's, so what is asked of them goes to the desk's log.

A cancel, a status request and the mass requests may be about either kind of order. Which, the log's ClOrdIDs say, and
an OrderID of the form ``M<number>``; what is about no multi-leg order goes on to the orders of the engine.
"""

from collections.abc import Callable

from gateway.fix import multileg_messages, order_messages, reports
from gateway.fix.dialect import session_key
from gateway.fix.handler import BusinessReason, Grant, Link, Refusal, Session
from gateway.fix.mass import ALL_CANCEL, BY_SECURITY
from gateway.fix.message import Message
from gateway.fix.multileg_messages import MULTILEG, NO_SYMBOL
from gateway.fix.order_messages import OrderRefused
from gateway.fix.orders import Orders
from gateway.fix.rfq_log import LogFailed, LogFull, RfqLog
from gateway.fix.rfq_messages import client_id
from gateway.fix.values import SIDES, word
from wire.fix_multileg import CancelMultilegs, ListMultilegs, find_parent_order_id
from wire.fix_rfq import AnyFixAction

REQUESTS = {"F": reports.CANCEL_REQUEST, "G": reports.REPLACE_REQUEST, "AC": reports.REPLACE_REQUEST}
"""CxlRejResponseTo (434) of a refused request."""
MULTILEG_FIELDS = ((55, NO_SYMBOL), (167, MULTILEG))
DUPLICATE = "the ClOrdID was used before"

Reader = Callable[[Message, Session], AnyFixAction]


class MultilegSessions:
    """Of all sessions. ``log``: the desk's; ``orders``: those of the engine."""

    def __init__(self, log: RfqLog, orders: Orders) -> None:
        self._log, self._orders = log, orders
        self._readers: dict[str, Reader] = {
            "AB": multileg_messages.read_multileg,
            "AC": multileg_messages.read_replacement,
            "F": multileg_messages.read_cancel,
            "H": multileg_messages.read_status_request,
        }
        self.handlers = {
            **dict.fromkeys(("AB", "AC"), self._ask),
            **dict.fromkeys(("F", "H"), self._ask_or_pass),
            **dict.fromkeys(("D", "G"), self._pass),
            "q": self._mass_cancel,
            "AF": self._mass_status,
        }

    def attach(self, link: Link) -> None:
        self._link = link

    async def on_logout(self, session: Session) -> None:
        """Cancel on disconnect, where the session has it. Raises LogFull, LogFailed."""
        if session.cancels_on_disconnect and Grant.ORDERS in session.grants and self._log.has_multilegs(session):
            await self._log.append(session, session_key(session), None, CancelMultilegs(is_disconnect=True))

    async def _ask(self, session: Session, message: Message) -> None:
        """Raises FieldMissing, FieldWrong."""
        if session.is_fix42:
            text = "multi-leg orders are spoken in FIX 4.4 and 5.0 SP2"
            self._refuse(session, message, BusinessReason.UNSUPPORTED_MESSAGE, "unsupported_message", text)
            return
        if message.type != "H" and self._orders.book.find_known(session_key(session), client_id(message, 11)):
            self._say_no(session, message, reports.DUPLICATE_ID, f"duplicate_order: {DUPLICATE}")
            return
        try:
            action = self._readers[message.type](message, session)
        except OrderRefused as refused:
            self._say_no(session, message, refused.reason, str(refused))
            return
        await self._append(session, message, action)

    async def _ask_or_pass(self, session: Session, message: Message) -> None:
        """Raises FieldMissing, FieldWrong."""
        if self._is_ours(session, message, 11 if message.type == "H" else 41):
            await self._ask(session, message)
        else:
            await self._pass(session, message)

    async def _pass(self, session: Session, message: Message) -> None:
        """To the engine's orders, unless it would give an id of a multi-leg order to another one."""
        is_new_id = message.type in ("D", "F", "G")
        if message.type == "G" and self._is_ours(session, message, 41):
            text = "use_multileg_replace: a multi-leg order is replaced by AC"
            self._say_no(session, message, order_messages.OTHER, text)
        elif is_new_id and self._log.knows(session, message.get(11)):
            self._say_no(session, message, reports.DUPLICATE_ID, f"duplicate_order: {DUPLICATE}")
        else:
            await self._orders.handlers[message.type](session, message)

    async def _mass_cancel(self, session: Session, message: Message) -> None:
        """Each says so in its own report; the engine's orders answer how many of them there were."""
        is_refused = self._orders.book.find_known(session_key(session), message.find(11)) is not None
        await self._orders.handlers["q"](session, message)
        kind = message.find(530)
        covers = kind == ALL_CANCEL or (kind == BY_SECURITY and message.find(55) == NO_SYMBOL)
        if covers and not is_refused and self._log.has_multilegs(session):
            side = word(message, 54, SIDES) if 54 in message else None
            await self._append(session, message, CancelMultilegs(side=side))

    async def _mass_status(self, session: Session, message: Message) -> None:
        """Those of ``MLEG`` are the desk's to list; all others the engine's."""
        if message.find(167) != MULTILEG or session.is_fix42:
            await self._orders.handlers["AF"](session, message)
            return
        side = word(message, 54, SIDES) if 54 in message else None
        await self._append(session, message, ListMultilegs(mass_id=client_id(message, 584), side=side))

    async def _append(self, session: Session, message: Message, action: AnyFixAction) -> None:
        try:
            await self._log.append(session, session_key(session), message, action)
        except (LogFull, LogFailed) as error:
            self._refuse(session, message, BusinessReason.NOT_AVAILABLE, "desk_unavailable", str(error))

    def _is_ours(self, session: Session, message: Message, tag: int) -> bool:
        """``tag``: of the ClOrdID that names the order."""
        is_named = find_parent_order_id(message.find(37)) is not None
        return is_named or self._log.knows(session, message.find(tag))

    def _say_no(self, session: Session, message: Message, reason: int, text: str) -> None:
        response_to = REQUESTS.get(message.type)
        if response_to is None:
            structure = MULTILEG_FIELDS if message.type == "AB" and 55 not in message else ()
            self._orders.reject(session, message, reason, text, structure)
        else:
            self._orders.reject_request(session, message, response_to, None, reason, text)

    def _refuse(self, session: Session, message: Message, reason: BusinessReason, name: str, text: str) -> None:
        refusal = Refusal(reason=reason, name=name, text=text, business_id=message.find(11) or message.find(584))
        self._link.refuse(session, message, refusal)
