"""Lists and definitions of what is listed here, and positions: what an account holds of it."""

import itertools

import numpy as np
import parley_core

from gateway import clock
from gateway.board import Board
from gateway.fix import order_messages, values
from gateway.fix.handler import BusinessReason, Link, Refusal, Session
from gateway.fix.message import Field, Fields, FieldWrong, Message, Outgoing
from gateway.registry import Contract, Registry
from wire.limits import RFQ_LEGS_MAX
from wire.units import InstrumentKind, OptionType

LISTED_AT_ONCE_MAX = 200
"""Instruments in one SecurityList; the last of its fragments says so."""
BY_SYMBOL, ALL = "0", "4"
"""SecurityListRequestType (559)."""
VALID, INVALID, NONE_FOUND = "0", "1", "2"
"""SecurityRequestResult (560)."""
POSITIONS, NO_POSITIONS = "0", "2"
"""PosReqType (724) and PosReqResult (728)."""
SECURITY_TYPES = {
    InstrumentKind.OPTION: "OPT",
    InstrumentKind.FUTURE: "FUT",
    InstrumentKind.PERPETUAL: "FUT",
    InstrumentKind.SPOT: "CASH",
}
DEFINITIONS = frozenset({"0", "1"})
"""SecurityRequestType (321): the identity of what is named; lists are SecurityListRequest's."""
DEFINITION_ACCEPTED, DEFINITION_REJECTED = "1", "5"
"""SecurityResponseType (323)."""
DEFINED_LEG_TAGS = frozenset({600, 601, 602, 603, 608, 609, 610, 611, 612, 616, 620, 623, 624, 556})
THEORETICAL, NOT_KNOWN = "2", "0"
"""SettlPriceType (731) of the mark; a settlement price of 0 where there is none, the field being required."""
CLIENT_ID, PROPRIETARY = "3", "D"
"""PartyRole (452) and PartyIDSource (447) of the firm."""


class Lists:
    def __init__(self, engine: parley_core.Engine, registry: Registry, board: Board | None) -> None:
        self._engine, self._registry, self._board = engine, registry, board
        self._numbers = itertools.count(1)

    def attach(self, link: Link) -> None:
        self._link = link

    async def on_list_request(self, session: Session, message: Message) -> None:
        """Raises FieldMissing, FieldWrong."""
        kind = message.get(559)
        if kind not in (BY_SYMBOL, ALL):
            raise FieldWrong(559, kind)
        found = sorted(self._registry.contracts(), key=lambda contract: contract.name)
        if kind == BY_SYMBOL:
            found = [contract for contract in found if contract.name == message.get(55)]
        request, total = message.get(320), len(found)
        if not found:
            self._send_list(session, request, [], total, NONE_FOUND, is_last=True)
        for start in range(0, total, LISTED_AT_ONCE_MAX):
            part = found[start : start + LISTED_AT_ONCE_MAX]
            self._send_list(session, request, part, total, VALID, is_last=start + len(part) == total)

    def _send_list(
        self, session: Session, request: str, part: list[Contract], total: int, result: str, *, is_last: bool
    ) -> None:
        has_increment = session.application_version not in ("4", "6")
        listed = [field for contract in part for field in _instrument(contract, has_increment=has_increment)]
        groups: tuple[Field, ...] = ((146, str(len(part))), *listed) if part else ()
        head = ((320, request), (322, f"{request}-{next(self._numbers)}"), (560, result), (393, str(total)))
        self._link.send(session, Outgoing("y", (*head, (893, "Y" if is_last else "N"), *groups)))

    async def on_definition_request(self, session: Session, message: Message) -> None:
        """One instrument, or a structure of listed ones. Raises FieldMissing, FieldWrong."""
        if session.is_fix42:
            text = "security definitions are spoken in FIX 4.4 and 5.0 SP2"
            reason = BusinessReason.UNSUPPORTED_MESSAGE
            self._link.refuse(session, message, Refusal(reason=reason, name="unsupported_message", text=text))
            return
        if message.get(321) not in DEFINITIONS:
            raise FieldWrong(321, message.get(321))
        legs = message.groups(555, DEFINED_LEG_TAGS)
        if len(legs) > RFQ_LEGS_MAX:
            raise FieldWrong(555, message.get(555))
        names = [leg.get(600) for leg in legs] or [message.get(55)]
        found = [self._registry.find_name(name) for name in names]
        head: tuple[Field, ...] = ((320, message.get(320)), (322, f"{message.get(320)}-{next(self._numbers)}"))
        unknown = next((name for name, contract in zip(names, found, strict=True) if contract is None), None)
        if unknown is not None:
            text = f"unknown_instrument: there is no instrument {unknown[:64]}"
            self._link.send(session, Outgoing("d", (*head, (323, DEFINITION_REJECTED), (55, unknown[:64]), (58, text))))
            return
        body = _structure(legs) if legs else _defined(found[0], session)
        self._link.send(session, Outgoing("d", (*head, (323, DEFINITION_ACCEPTED), *body)))

    async def on_positions_request(self, session: Session, message: Message) -> None:
        """Raises FieldMissing, FieldWrong."""
        if message.get(724) != POSITIONS:
            raise FieldWrong(724, message.get(724))
        account = order_messages.find_account(message, session)
        if account is None:
            raise FieldWrong(1, message.get(1))
        held = [(row[1], row[2]) for row in self._engine.positions() if row[0] == account and row[2]]
        for instrument_id, lots in held:
            self._send_position(session, message, account, len(held), (instrument_id, lots))
        if not held:
            self._send_position(session, message, account, 0, None)

    def _send_position(
        self, session: Session, message: Message, account: int, total: int, position: tuple[int, int] | None
    ) -> None:
        report = f"{message.get(710)}-{next(self._numbers)}"
        head: tuple[Field, ...] = (
            (721, report),
            (710, message.get(710)),
            (724, POSITIONS),
            (727, str(total)),
            (728, VALID if position else NO_POSITIONS),
            (715, values.date_text(clock.now_ns())),
            (453, "1"),
            (448, str(session.firm_id)),
            (447, PROPRIETARY),
            (452, CLIENT_ID),
            (1, str(account)),
            (581, "1"),
        )
        self._link.send(session, Outgoing("AP", (*head, *(self._held(*position) if position else _NOTHING_HELD))))

    def _held(self, instrument_id: int, lots: int) -> tuple[Field, ...]:
        contract = self._registry.get(instrument_id)
        mark = float(self._board.mark_price[instrument_id]) if self._board else float("nan")
        price = NOT_KNOWN if np.isnan(mark) else f"{mark:.{contract.price_digits}f}"
        side = 704 if lots > 0 else 705
        held = ((702, "1"), (703, "TOT"), (side, contract.quantity_text(abs(lots))))
        return ((55, contract.name), (730, price), (731, THEORETICAL), (734, NOT_KNOWN), *held)


_NOTHING_HELD: tuple[Field, ...] = ((730, NOT_KNOWN), (731, THEORETICAL), (734, NOT_KNOWN), (702, "1"), (703, "TOT"))


def _defined(contract: Contract | None, session: Session) -> tuple[Field, ...]:
    assert contract is not None, "asked before"
    has_increment = session.application_version not in ("4", "6")
    fields = _instrument(contract, has_increment=has_increment)
    return tuple(field for field in fields if field[0] != 561 or not has_increment)


def _structure(legs: list[Fields]) -> tuple[Field, ...]:
    """As a quote request names it: there is nothing to be created, and nothing is kept."""
    head: tuple[Field, ...] = ((55, "[N/A]"), (167, "MLEG"), (555, str(len(legs))))
    return (*head, *((tag, leg.get(tag)) for leg in legs for tag in (600, 623, 624) if tag in leg))


def _instrument(contract: Contract, *, has_increment: bool) -> tuple[Field, ...]:
    terms = contract.terms
    fields: list[Field] = [(55, contract.name)]
    if terms.option_type is not None:
        fields.append((461, "OCXXXX" if terms.option_type is OptionType.CALL else "OPXXXX"))
    fields.append((167, SECURITY_TYPES[terms.kind]))
    if terms.expiry_at_ns:
        fields.append((541, values.date_text(terms.expiry_at_ns)))
    if terms.strike is not None:
        fields.append((202, values.plain(terms.strike)))
    fields.append((231, values.plain(terms.multiplier)))
    if has_increment:
        fields.append((969, values.plain(terms.tick_size)))
    return (*fields, (15, terms.quote_currency), (561, values.plain(terms.lot_size)))
