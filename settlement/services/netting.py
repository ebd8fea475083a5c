"""Multilateral netting: void what is pending, post one net transfer per account and asset, in one transaction.

A kill in the middle leaves nothing behind, and the next run nets the same transfers; a second run at once waits and
finds none. Amounts never change: the net is new transfers, and each void names the pending transfer it ends.
"""

import datetime as dt

from audit import services as audit
from common import db
from common.actor import SYSTEM
from settlement import publishers
from settlement.domain.netting import net_obligations
from settlement.models import (
    LedgerAccount,
    NetObligation,
    NettingCycle,
    SystemOwner,
    Transfer,
    TransferCode,
    TransferKind,
)
from settlement.services import ledger

TRANSFERS_PER_CYCLE_MAX = 10_000
NETTED_CODES = (
    TransferCode.PREMIUM,
    TransferCode.REALIZED,
    TransferCode.FEE,
    TransferCode.SPOT_BASE,
    TransferCode.SPOT_QUOTE,
    TransferCode.DELIVERY,
    TransferCode.ROUNDING,
)


def run_netting_cycle(at: dt.datetime) -> NettingCycle | None:
    """Net and post the oldest pending transfers of trades; None where there are none."""
    with db.unit_of_work():
        ledger.enter()
        pendings = _open_transfers()
        if not pendings:
            return None
        cycle = NettingCycle.objects.create(
            at=at,
            first_transfer_id=pendings[0].pk,
            last_transfer_id=pendings[-1].pk,
            transfer_count=len(pendings),
        )
        ledger.resolve(pendings, kind=TransferKind.VOID, at=at, cycle=cycle)
        obligations = _store_obligations(cycle, pendings)
        ledger.write(
            [posting for item in obligations for posting in _net_postings(cycle, item)],
            kind=TransferKind.POSTED,
            at=at,
            cycle=cycle,
        )
        publishers.publish_balances(row for item in pendings for row in (item.debit_id, item.credit_id))
        _record(cycle, obligations)
        return cycle


def _open_transfers() -> list[Transfer]:
    """Oldest first. Everything up to the last cycle's end is resolved: ids grow in the order of commit."""
    last = NettingCycle.objects.order_by("-last_transfer_id").values_list("last_transfer_id", flat=True).first() or 0
    rows = Transfer.objects.filter(
        kind=TransferKind.PENDING, code__in=NETTED_CODES, resolution__isnull=True, id__gt=last
    )
    return list(rows.order_by("id")[:TRANSFERS_PER_CYCLE_MAX])


def _store_obligations(cycle: NettingCycle, pendings: list[Transfer]) -> list[NetObligation]:
    net = net_obligations((item.debit_id, item.credit_id, item.amount) for item in pendings)
    accounts = LedgerAccount.objects.in_bulk(list(net))
    obligations = [
        NetObligation(cycle=cycle, ledger_account=accounts[account], asset=accounts[account].asset, amount=amount)
        for account, amount in net.items()
    ]
    assert _sums_to_zero(obligations), "the obligations of every asset sum to zero"
    return NetObligation.objects.bulk_create(obligations)


def _sums_to_zero(obligations: list[NetObligation]) -> bool:
    sums: dict[str, int] = {}
    for item in obligations:
        sums[item.asset] = sums.get(item.asset, 0) + item.amount
    return not any(sums.values())


def _net_postings(cycle: NettingCycle, obligation: NetObligation) -> list[ledger.Posting]:
    """The clearing account pays or receives; its own obligation is what all others' amount to."""
    owner = obligation.ledger_account.owner
    if owner == SystemOwner.CLEARING:
        return []
    return ledger.payment(
        key=f"net:{cycle.pk}:{obligation.ledger_account_id}",
        code=TransferCode.NET,
        payee=owner,
        asset=obligation.asset,
        amount=obligation.amount,
    )


def _record(cycle: NettingCycle, obligations: list[NetObligation]) -> None:
    after = {
        "transfers": cycle.transfer_count,
        "obligations": {f"{item.ledger_account.owner} {item.asset}": str(item.amount) for item in obligations},
    }
    audit.record(
        stream="house",
        action="netting_cycle.posted",
        entity=f"netting_cycle:{cycle.pk}",
        actor=SYSTEM,
        at=cycle.at,
        after=after,
    )
