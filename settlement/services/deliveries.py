"""Settle the positions of an instrument that expired, and the rows that positions live in."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from audit import services as audit
from common import db
from common.actor import GATEWAY
from common.decimals import plain_text
from settlement import publishers
from settlement.domain import positions
from settlement.domain.positions import PositionState
from settlement.models import Delivery, Position, SystemOwner, TransferCode, TransferKind
from settlement.services import ledger
from settlement.services.ledger import Posting
from streams import services as streams
from wire import gateway

if TYPE_CHECKING:
    from market.models import Instrument


def settle_delivery(*, instrument: Instrument, delivery_price: Decimal, at: dt.datetime) -> int:
    """Close every position of the instrument at ``delivery_price`` (US dollars) and tell the gateway to forget them.

    Cash becomes pending and the next netting cycle posts it. Returns the number of positions settled. Idempotent:
    an instrument is delivered once, and a repeat returns the first answer.
    """
    with db.unit_of_work():
        known = Delivery.objects.filter(instrument=instrument).first()
        if known is not None:
            return known.positions_settled
        settled = _settle_positions(instrument, delivery_price, at, occasion="expiry")
        Delivery.objects.create(instrument=instrument, price=delivery_price, positions_settled=settled, at=at)
        audit.record(
            stream="house",
            action="instrument.delivered",
            entity=f"instrument:{instrument.pk}",
            actor=GATEWAY,
            at=at,
            after={"name": instrument.name, "price": plain_text(delivery_price), "positions_settled": settled},
        )
        streams.send_to_gateway(
            gateway.SettleInstrument(command_id=f"settle-{instrument.pk}", instrument_id=instrument.pk)
        )
        return settled


def settle_late_positions(instrument: Instrument, *, at: dt.datetime, occasion: str) -> None:
    """Settle what a fill opened in an instrument that was delivered before the fill was booked.

    occasion: names that fill, and makes the transfers unique.
    """
    assert instrument.delivery_price is not None
    _settle_positions(instrument, instrument.delivery_price, at, occasion=occasion)


def lock_position(instrument: Instrument, account_id: int | None, at: dt.datetime) -> Position:
    """The position's row, locked; made where there is none."""
    rows = Position.objects.select_for_update(of=("self",)).filter(instrument=instrument)
    position = (rows.filter(account_id=account_id) if account_id else rows.filter(account__isnull=True)).first()
    if position is None:
        position = Position.objects.create(instrument=instrument, account_id=account_id, updated_at=at)
    position.instrument = instrument
    return position


def state_of(position: Position) -> PositionState:
    return PositionState(
        quantity=Decimal(position.quantity),
        average_price=Decimal(position.average_price),
        entry_value=position.entry_value,
        realized=position.realized,
    )


def store_position(position: Position, state: PositionState, at: dt.datetime) -> None:
    position.quantity = state.quantity
    position.average_price = state.average_price
    position.entry_value = state.entry_value
    position.realized = state.realized
    position.updated_at = at
    position.save(update_fields=["quantity", "average_price", "entry_value", "realized", "updated_at"])


def _settle_positions(instrument: Instrument, delivery_price: Decimal, at: dt.datetime, *, occasion: str) -> int:
    ledger.enter()
    rows = Position.objects.filter(instrument=instrument).exclude(quantity=0).order_by("id")
    opened = list(rows.select_related("account").select_for_update(of=("self",)))
    if not opened:
        return 0
    terms = instrument.terms
    postings: list[Posting] = []
    quantity, delivered = Decimal(0), 0
    for position in opened:
        position.instrument = instrument
        before = state_of(position)
        booking = positions.settle_at_delivery(before, terms, delivery_price)
        quantity += before.quantity
        delivered += positions.delivered_value(before, terms, delivery_price)
        store_position(position, booking.position, at)
        postings += ledger.payment(
            key=f"delivery:{instrument.pk}:{position.account_id or 0}:{occasion}",
            code=TransferCode.DELIVERY,
            payee=ledger.owner_of(position.account_id),
            asset=instrument.settlement_currency,
            amount=booking.cash,
        )
        _tell(position, delivery_price, before.quantity, at)
    if not quantity:
        postings += _rounding(instrument, delivered, occasion)
    transfers = ledger.write(postings, kind=TransferKind.PENDING, at=at)
    publishers.publish_balances(row for item in transfers for row in (item.debit_id, item.credit_id))
    return len(opened)


def _rounding(instrument: Instrument, delivered: int, occasion: str) -> list[Posting]:
    """What rounding each account's payment leaves in the clearing account, which must end at nothing."""
    return ledger.payment(
        key=f"rounding:{instrument.pk}:{occasion}",
        code=TransferCode.ROUNDING,
        payee=SystemOwner.ROUNDING.value,
        asset=instrument.settlement_currency,
        amount=-delivered,
    )


def _tell(position: Position, delivery_price: Decimal, quantity: Decimal, at: dt.datetime) -> None:
    if position.account is None:
        return
    firm_id = position.account.firm_id
    publishers.publish_position(firm_id, position)
    audit.record(
        stream=f"firm:{firm_id}",
        action="position.delivered",
        entity=f"account:{position.account_id}",
        actor=GATEWAY,
        at=at,
        before={"instrument": position.instrument.name, "quantity": plain_text(quantity)},
        after={"quantity": "0", "delivery_price": plain_text(delivery_price)},
    )
