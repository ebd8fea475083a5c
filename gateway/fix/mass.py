"""OrderMassCancelRequest and OrderMassStatusRequest: over the orders of the asking session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import clock
from gateway.fix import order_messages, reports, values
from gateway.fix.dialect import dialect_of, session_key
from gateway.fix.handler import Session
from gateway.fix.message import Field, FieldWrong, Message, Outgoing
from gateway.fix.order_record import OrderRecord

if TYPE_CHECKING:
    from gateway.fix.orders import Orders

BY_SECURITY, ALL_CANCEL, ALL_STATUS = "1", "7", "7"
STATUS_REPORTS_MAX = 5_000
"""Orders that one mass status reports; the newest where there are more."""
OTHER = "99"
"""MassCancelRejectReason (532)."""


class MassRequests:
    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    async def cancel(self, session: Session, message: Message) -> None:
        """Each order is canceled by itself, and says so in its own report; this answers how many. Raises FieldWrong."""
        client_order_id = order_messages.client_order_id(message)
        kind = message.get(530)
        if kind not in (BY_SECURITY, ALL_CANCEL):
            text = f"mass_cancel_not_supported: MassCancelRequestType {kind[:8]}"
            self._answer(session, message, "0", ((532, OTHER), (58, text)))
            return
        if self._orders.book.find_known(session_key(session), client_order_id) is not None:
            text = "duplicate_id: the ClOrdID was used before"
            self._answer(session, message, "0", ((532, OTHER), (58, text)))
            return
        covered = self._covered(session, message, symbol=message.get(55) if kind == BY_SECURITY else "")
        for order in covered:
            await self._orders.entry.cancel(session, order, "")
        self._answer(session, message, kind, ((533, str(len(covered))),))

    async def status(self, session: Session, message: Message) -> None:
        """Working orders of the session, or of one instrument; the last of the reports says so. Raises FieldWrong."""
        kind = message.get(585)
        if kind not in (BY_SECURITY, ALL_STATUS):
            raise FieldWrong(585, kind)
        covered = self._covered(session, message, symbol=message.get(55) if kind == BY_SECURITY else "")
        covered = covered[-STATUS_REPORTS_MAX:]
        asked = (584, message.get(584))
        for number, order in enumerate(covered, start=1):
            is_last = "Y" if number == len(covered) else "N"
            self._orders.send_status(session, order, (asked, (911, str(len(covered))), (912, is_last)))
        if not covered:
            self._orders.send_nothing(session, (asked, (911, "0"), (912, "Y")))

    def _covered(self, session: Session, message: Message, symbol: str) -> list[OrderRecord]:
        side = values.word(message, 54, values.SIDES) if 54 in message else None
        return [
            order
            for order in self._orders.book.working(session_key(session))
            if symbol in ("", order.symbol) and side in (None, order.terms.side)
        ]

    def _answer(self, session: Session, message: Message, response: str, extra: tuple[Field, ...]) -> None:
        report_id = f"{message.get(11)}-{message.sequence}"
        ids: tuple[Field, ...] = ((37, reports.NONE), (11, message.get(11)))
        if dialect_of(session).has_mass_report_id:
            ids += ((1369, report_id),)
        body = (*ids, (530, message.get(530)), (531, response), *extra, (60, values.time_text(clock.now_ns())))
        self._orders.link.send(session, Outgoing("r", body))
