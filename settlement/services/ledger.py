"""Write transfers and move the totals of the accounts they touch. One writer at a time, as in TigerBeetle.

The gate is what makes one order of locks out of a dispatcher's batch, a netting cycle and a deposit, which would
otherwise take the same ledger accounts in different orders; it also makes transfer ids grow in the order of commit.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

from django.db import connection

from settlement.models import (
    ACCOUNT_OWNER_PREFIX,
    BalanceLimit,
    LedgerAccount,
    NettingCycle,
    SystemOwner,
    Transfer,
    TransferCode,
    TransferKind,
)
from settlement.services import collateral

_GATE = 0x5041_524C_4544_4752
"""Key of the advisory lock: 'PARLEDGR'."""
TRANSFERS_PER_INSERT = 1_000

_LIMITS = {SystemOwner.FEES: BalanceLimit.DEBITS, SystemOwner.EXTERNAL: BalanceLimit.CREDITS}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Posting:
    """An amount, in smallest units of ``asset``, from one owner to another. ``key`` makes it unique for ever."""

    key: str
    code: TransferCode
    debit: str
    credit: str
    asset: str
    amount: int


def owner_of(account_id: int | None) -> str:
    """Owner of a trading account's money; None and 0 stand for the paper venue."""
    return f"{ACCOUNT_OWNER_PREFIX}{account_id}" if account_id else SystemOwner.PAPER_VENUE.value


def payment(*, key: str, code: TransferCode, payee: str, asset: str, amount: int) -> list[Posting]:
    """What the clearing account owes ``payee`` (or is owed, where the amount is negative); nothing where it is zero."""
    if not amount:
        return []
    clearing = SystemOwner.CLEARING.value
    debit, credit = (clearing, payee) if amount > 0 else (payee, clearing)
    return [Posting(key=key, code=code, debit=debit, credit=credit, asset=asset, amount=abs(amount))]


def enter() -> None:
    """Become the ledger's one writer until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_GATE])


def write(
    postings: Sequence[Posting],
    *,
    kind: TransferKind,
    at: dt.datetime,
    execution_id: int | None = None,
    cycle: NettingCycle | None = None,
) -> list[Transfer]:
    """Append pending or posted transfers and move their accounts' totals. Call ``enter`` first.

    The ledger accounts of the transfers returned carry the totals as they stand now.
    """
    assert kind in (TransferKind.PENDING, TransferKind.POSTED)
    if not postings:
        return []
    accounts = _lock_accounts({(owner, item.asset) for item in postings for owner in (item.debit, item.credit)})
    transfers = [
        Transfer(
            key=posting.key,
            kind=kind,
            code=posting.code,
            debit=accounts[posting.debit, posting.asset],
            credit=accounts[posting.credit, posting.asset],
            asset=posting.asset,
            amount=posting.amount,
            execution_id=execution_id,
            cycle=cycle,
            at=at,
        )
        for posting in postings
    ]
    Transfer.objects.bulk_create(transfers, batch_size=TRANSFERS_PER_INSERT)
    _move_totals(transfers, {row.pk: row for row in accounts.values()})
    return transfers


def resolve(
    pendings: Sequence[Transfer], *, kind: TransferKind, at: dt.datetime, cycle: NettingCycle | None = None
) -> list[Transfer]:
    """Post or void pending transfers; each can be resolved once (the database refuses a second time)."""
    assert kind in (TransferKind.POST, TransferKind.VOID)
    resolutions = [
        Transfer(
            key=f"{kind.value}:{pending.pk}",
            kind=kind,
            code=pending.code,
            debit_id=pending.debit_id,
            credit_id=pending.credit_id,
            asset=pending.asset,
            amount=pending.amount,
            pending=pending,
            execution_id=pending.execution_id,
            cycle=cycle,
            at=at,
        )
        for pending in pendings
    ]
    accounts = _lock_by_id({account for row in resolutions for account in (row.debit_id, row.credit_id)})
    Transfer.objects.bulk_create(resolutions, batch_size=TRANSFERS_PER_INSERT)
    _move_totals(resolutions, accounts)
    return resolutions


def _lock_by_id(ids: Iterable[int]) -> dict[int, LedgerAccount]:
    """Lock ledger accounts, in the order of id."""
    rows = LedgerAccount.objects.filter(id__in=list(ids)).order_by("id").select_for_update()
    return {row.pk: row for row in rows}


def _lock_accounts(wanted: set[tuple[str, str]]) -> dict[tuple[str, str], LedgerAccount]:
    """Ledger accounts by (owner, asset), made where they do not exist, locked in the order of id."""
    found = _lock_existing(wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        LedgerAccount.objects.bulk_create([_new_account(owner, asset) for owner, asset in missing])
        found = _lock_existing(wanted)
    return found


def _lock_existing(wanted: set[tuple[str, str]]) -> dict[tuple[str, str], LedgerAccount]:
    rows = (
        LedgerAccount.objects.filter(owner__in={owner for owner, _ in wanted}, asset__in={asset for _, asset in wanted})
        .order_by("id")
        .select_for_update()
    )
    return {(row.owner, row.asset): row for row in rows}


def _new_account(owner: str, asset: str) -> LedgerAccount:
    account_id = int(owner.removeprefix(ACCOUNT_OWNER_PREFIX)) if owner.startswith(ACCOUNT_OWNER_PREFIX) else None
    limit = BalanceLimit.NONE if account_id else _LIMITS.get(SystemOwner(owner), BalanceLimit.NONE)
    return LedgerAccount(owner=owner, account_id=account_id, asset=asset, limit=limit)


_STORE = """
UPDATE settlement_ledgeraccount
SET debits_pending = %s, debits_posted = %s, credits_pending = %s, credits_posted = %s WHERE id = %s
"""

_EFFECTS = {
    TransferKind.PENDING: (1, 0),
    TransferKind.POSTED: (0, 1),
    TransferKind.POST: (-1, 1),
    TransferKind.VOID: (-1, 0),
}
"""What a transfer of a kind adds, in amounts, to (pending, posted)."""


def _move_totals(transfers: Sequence[Transfer], accounts: dict[int, LedgerAccount]) -> None:
    """Add the transfers to the totals of their accounts, which are locked, here and in the database."""
    touched: dict[int, LedgerAccount] = {}
    for transfer in transfers:
        pending, posted = (effect * transfer.amount for effect in _EFFECTS[TransferKind(transfer.kind)])
        debit, credit = accounts[transfer.debit_id], accounts[transfer.credit_id]
        debit.debits_pending += pending
        debit.debits_posted += posted
        credit.credits_pending += pending
        credit.credits_posted += posted
        touched[debit.pk], touched[credit.pk] = debit, credit
    rows = [
        (row.debits_pending, row.debits_posted, row.credits_pending, row.credits_posted, row.pk)
        for _, row in sorted(touched.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_STORE, rows)
    collateral.note_moved({row.account_id for row in touched.values() if row.account_id is not None})
