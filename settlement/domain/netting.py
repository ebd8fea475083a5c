"""Multilateral netting: many obligations against the clearing account become one per account and asset."""

from collections import defaultdict
from collections.abc import Iterable


def net_obligations(transfers: Iterable[tuple[int, int, int]]) -> dict[int, int]:
    """Net per account of (debit account, credit account, amount): positive receives, negative pays.

    Accounts whose obligations cancel out are left out. The sum over all accounts is zero.
    """
    net: dict[int, int] = defaultdict(int)
    for debit, credit, amount in transfers:
        assert amount > 0, "a transfer has a positive amount"
        net[debit] -= amount
        net[credit] += amount
    assert sum(net.values()) == 0, "obligations must sum to zero"
    return {account: amount for account, amount in sorted(net.items()) if amount}
