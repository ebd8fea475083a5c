"""How a request is shared out to the accounts of its taker: every leg at the same ratio, in whole lots."""

from collections.abc import Sequence
from decimal import Decimal

from common.errors import Refusal
from rfq.domain.prices import check_digits, leg_quantity
from rfq.domain.records import AllocationRecord, LegRecord


def check_shares(shares: Sequence[AllocationRecord], quantity: Decimal, legs: Sequence[LegRecord]) -> None:
    """Refuses an account that is named twice, a share that is no whole lot of a leg, and a wrong sum."""
    ids = [share.account_id for share in shares]
    for index, account_id in enumerate(ids):
        if account_id in ids[:index]:
            raise Refusal("duplicate_account", "An account has one share.", value=account_id)
    for share in shares:
        check_digits(share.quantity)
        for leg in legs:
            leg_quantity(share.quantity, leg.ratio, leg.instrument_name, leg.lot_size)
    total = sum((share.quantity for share in shares), start=Decimal(0))
    if shares and total != quantity:
        raise Refusal("allocation_sum", "The shares must add up to the quantity.", value=total, bound=quantity)
