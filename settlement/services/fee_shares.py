"""Fees of a trade that was shared out, passed on between the accounts that have it."""

import datetime as dt
from collections.abc import Iterable

from common import db
from settlement import publishers
from settlement.models import Transfer, TransferCode, TransferKind
from settlement.services import ledger
from settlement.services.ledger import Posting


def pass_on_fees(
    *, key: str, payers: dict[int, int], payee_account_id: int, asset: str, execution_id: int, at: dt.datetime
) -> None:
    """Each account of ``payers`` pays its amount, in smallest units, to the one that was charged, or is paid it.

    Idempotent by ``key``, which is unique for ever.
    """
    with db.unit_of_work():
        ledger.enter()
        postings = [_posting(key, payer, payee_account_id, asset, amount) for payer, amount in payers.items() if amount]
        _write_once(postings, execution_id, at)


def pay_back_fees(*, key: str, of: str, account_ids: Iterable[int], execution_id: int, at: dt.datetime) -> None:
    """What these accounts were passed on under the key ``of``, to the unit, the other way round. Once per ``key``."""
    with db.unit_of_work():
        ledger.enter()
        passed_on = {f"{of}:{account_id}": f"{key}:{account_id}" for account_id in account_ids}
        rows = Transfer.objects.filter(key__in=passed_on).select_related("debit", "credit").order_by("id")
        postings = [
            Posting(
                key=passed_on[row.key],
                code=TransferCode.FEE,
                debit=row.credit.owner,
                credit=row.debit.owner,
                asset=row.asset,
                amount=row.amount,
            )
            for row in rows
        ]
        _write_once(postings, execution_id, at)


def _write_once(postings: list[Posting], execution_id: int, at: dt.datetime) -> None:
    if not postings or Transfer.objects.filter(key=postings[0].key).exists():
        return
    written = ledger.write(postings, kind=TransferKind.PENDING, at=at, execution_id=execution_id)
    publishers.publish_balances(row for item in written for row in (item.debit_id, item.credit_id))


def _posting(key: str, payer_id: int, payee_id: int, asset: str, amount: int) -> Posting:
    payer, payee = ledger.owner_of(payer_id), ledger.owner_of(payee_id)
    debit, credit = (payer, payee) if amount > 0 else (payee, payer)
    name = f"{key}:{payer_id}"
    return Posting(key=name, code=TransferCode.FEE, debit=debit, credit=credit, asset=asset, amount=abs(amount))
