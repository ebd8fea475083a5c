"""The rows of a file as orders of one user: what each would be, and what keeps it from being placed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from accounts import selectors as accounts
from common.errors import Refusal
from market import selectors as market
from orders.domain.baskets import Accounts, Row, check_ids, client_order_id, read_order, read_rows
from orders.domain.ticket import Ticket, check_ticket
from orders.models import OrderCommand
from orders.services.admission import check_admission

if TYPE_CHECKING:
    from collections.abc import Collection

    from accounts.models import User
    from market.models import Instrument
    from wire.client import PlaceOrder


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckedRow:
    """``refusal``: why the row cannot be placed. ``known_order_id``: of the order that has its client order id."""

    row: Row
    client_order_id: str
    message: PlaceOrder | None = None
    ticket: Ticket | None = None
    instrument: Instrument | None = None
    known_order_id: int | None = None
    refusal: Refusal | None = None


def check_rows(
    user: User, text: str, *, account_id: int, command_id: str, now_ns: int, only: Collection[int] | None = None
) -> list[CheckedRow]:
    """Every row of the file, or ``only`` those of these numbers. Raises Refusal for the file as a whole."""
    default = accounts.get_account_for(user, account_id)
    own = accounts.list_accounts(default.firm_id)
    by_text = {str(one.pk): one.pk for one in own} | {one.name: one.pk for one in own}
    rows = read_rows(text)
    if only is not None:
        rows = _chosen(rows, only)
    check_ids([row.cells["client_order_id"] for row in rows if "client_order_id" in row.cells])
    reader = _Reader(user, Accounts(by_text=by_text, default_id=default.pk), command_id, now_ns)
    return [reader.check(row) for row in rows]


def _chosen(rows: list[Row], only: Collection[int]) -> list[Row]:
    numbers = {row.number for row in rows}
    for number in only:
        if number not in numbers:
            raise Refusal("row_unknown", "the file has no such row", value=number, bound=f"2 to {max(numbers)}")
    return [row for row in rows if row.number in set(only)]


class _Reader:
    """Each instrument is looked up, and its market looked at, once."""

    def __init__(self, user: User, known: Accounts, command_id: str, now_ns: int) -> None:
        self._user, self._accounts, self._command_id, self._now_ns = user, known, command_id, now_ns
        self._instruments: dict[str, Instrument | Refusal] = {}

    def check(self, row: Row) -> CheckedRow:
        checked = CheckedRow(row=row, client_order_id=row.cells.get("client_order_id", ""))
        try:
            name = client_order_id(row, self._command_id)
            checked = dataclasses.replace(checked, client_order_id=name)
            message = read_order(row, self._accounts, self._command_id)
            instrument = self._instrument(message.instrument_name)
            ticket = check_ticket(message, instrument.terms, self._now_ns)
        except Refusal as refusal:
            return dataclasses.replace(checked, refusal=refusal)
        return dataclasses.replace(
            checked, message=message, ticket=ticket, instrument=instrument, known_order_id=self._known(name)
        )

    def _instrument(self, name: str) -> Instrument:
        if name not in self._instruments:
            try:
                found = market.get_instrument(name)
                check_admission(found, self._now_ns)
                self._instruments[name] = found
            except Refusal as refusal:
                self._instruments[name] = refusal
        held = self._instruments[name]
        if isinstance(held, Refusal):
            raise held
        return held

    def _known(self, name: str) -> int | None:
        taken = OrderCommand.objects.filter(user=self._user, command_id=name, entity="order")
        return taken.values_list("entity_id", flat=True).first()
