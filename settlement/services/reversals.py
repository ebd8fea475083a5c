"""Take a booked fill back: the opposite fill at the same price, as a new execution, and its fee returned.

Nothing that was booked is changed. A fee that no cycle has settled is voided, one that was settled is paid back.
"""

import datetime as dt

from common import db
from settlement import selectors
from settlement.models import Fill, SystemOwner, Transfer, TransferCode, TransferKind
from settlement.services import booking, ledger
from settlement.services.ledger import Posting
from wire.facts import FillView
from wire.units import Side


def reverse_fill(
    *,
    execution_id: int,
    reversed_execution_id: int,
    account_id: int,
    side: Side,
    at: dt.datetime,
    desk_trade_id: int | None = None,
) -> FillView:
    """Book the reversal of what ``account_id`` did (``side``) in ``reversed_execution_id``.

    Idempotent by (execution_id, account_id). Raises Fill.DoesNotExist where there is no such fill.
    """
    with db.unit_of_work():
        ledger.enter()
        done = Fill.objects.select_related("instrument").filter(
            execution_id=execution_id, account_id=account_id, side=side.opposite.value
        )
        booked = done.first()
        if booked is not None:
            return selectors.fill_view(booked)
        original = Fill.objects.select_related("instrument").get(
            execution_id=reversed_execution_id, account_id=account_id, side=side.value
        )
        fill = Fill.objects.create(
            execution_id=execution_id,
            account_id=account_id,
            firm_id=original.firm_id,
            instrument=original.instrument,
            counterparty_account_id=original.counterparty_account_id,
            side=side.opposite.value,
            price=original.price,
            quantity=original.quantity,
            liquidity=original.liquidity,
            fee=0,
            fee_asset=original.fee_asset,
            order_id=original.order_id,
            rfq_id=original.rfq_id,
            venue=original.venue,
            desk_trade_id=desk_trade_id,
            at=at,
        )
        _return_fee(original, fill, at)
        booking.book_sides_of(fill)
        return selectors.fill_view(fill)


def _return_fee(original: Fill, fill: Fill, at: dt.datetime) -> None:
    if not original.fee:
        return
    paid = Transfer.objects.get(key=booking.fee_key(original.execution_id, original.account_id, Side(original.side)))
    is_open = paid.kind == TransferKind.PENDING and not Transfer.objects.filter(pending=paid).exists()
    if is_open:
        ledger.resolve([paid], kind=TransferKind.VOID, at=at)
        return
    payee = SystemOwner.PAPER_VENUE.value if original.venue else SystemOwner.FEES.value
    account = ledger.owner_of(fill.account_id)
    debit, credit = (payee, account) if original.fee > 0 else (account, payee)
    returned = Posting(
        key=f"{booking.fee_key(fill.execution_id, fill.account_id, Side(fill.side))}:returned",
        code=TransferCode.FEE,
        debit=debit,
        credit=credit,
        asset=original.fee_asset,
        amount=abs(original.fee),
    )
    ledger.write([returned], kind=TransferKind.PENDING, at=at, execution_id=fill.execution_id)
