"""From when on an account has a margin to keep, and telling the gateway again what every such account owns."""

from common import db
from settlement.models import Collateral
from settlement.services import collateral, ledger


def begin_margin(*, account_id: int) -> None:
    """The gateway knows the account: tell it what the account owns, now and after every change. Once."""
    with db.unit_of_work():
        if Collateral.objects.filter(account_id=account_id).exists():
            return
        ledger.enter()
        Collateral.objects.get_or_create(account_id=account_id)
        collateral.note_moved([account_id])


def resend_collateral() -> int:
    """Tell the gateway again what every margined account owns; returns how many there are."""
    with db.unit_of_work():
        ledger.enter()
        Collateral.objects.update(sent_at=None)
        account_ids = list(Collateral.objects.values_list("account_id", flat=True))
        collateral.note_moved(account_ids)
        return len(account_ids)
