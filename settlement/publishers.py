"""Facts of positions and balances, to the firm they belong to."""

from collections.abc import Iterable

from settlement import selectors
from settlement.models import LedgerAccount, Position
from streams import services as streams
from wire import facts


def publish_position(firm_id: int, position: Position) -> None:
    streams.publish_fact(firm_id=firm_id, fact=facts.PositionChanged(position=selectors.position_view(position)))


def publish_balance(firm_id: int, row: LedgerAccount) -> None:
    streams.publish_fact(firm_id=firm_id, fact=facts.BalanceChanged(balance=selectors.balance_view(row)))


def publish_balances(ledger_account_ids: Iterable[int]) -> None:
    """One fact per trading account and asset, with the totals as they stand now."""
    rows = LedgerAccount.objects.filter(id__in=set(ledger_account_ids), account__isnull=False)
    for row in rows.select_related("account").order_by("id"):
        assert row.account is not None
        publish_balance(row.account.firm_id, row)
