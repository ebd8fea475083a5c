"""Tell the gateway what an account owns whenever the ledger moved it, once a unit of work and in the order of commits.

The ledger has one writer at a time, and what it moved is told before it lets go: of two changes the gateway hears the
later one last. A command carries the whole of what is owned, so that hearing it twice changes nothing.
"""

from collections.abc import Iterable, Mapping

from common import clock, db
from settlement.models import Collateral, Fill, LedgerAccount
from streams import services as streams
from wire.gateway_controls import CoinBalance, SetCollateral
from wire.instruments import COINS
from wire.units import ASSET_DECIMALS

MICRO_DIGITS = 6
NANO_DIGITS = 9
FIGURE_MAX = 9 * 10**18
"""What the command holds: an account that owns more has this much."""


def note_moved(account_ids: Iterable[int]) -> None:
    """When the unit of work ends, tell the gateway what these accounts own. Inside the ledger's gate."""
    for account_id in sorted(account_ids):
        db.defer_item((db.COLLATERAL_PRIORITY, ""), _tell, account_id)


def _tell(account_ids: list[int]) -> None:
    rows = Collateral.objects.select_for_update().filter(account_id__in=set(account_ids)).order_by("account_id")
    margined = list(rows)
    if not margined:
        return
    owned = _owned([row.account_id for row in margined])
    newest = Fill.objects.order_by("-execution_id").values_list("execution_id", flat=True).first() or 0
    for row in margined:
        _tell_of(row, owned.get(row.account_id, {}), newest)


def _owned(account_ids: list[int]) -> dict[int, dict[str, int]]:
    """Units by account and asset, with what is pending."""
    owned: dict[int, dict[str, int]] = {}
    for row in LedgerAccount.objects.filter(account_id__in=account_ids):
        assert row.account_id is not None
        units = row.credits_posted + row.credits_pending - row.debits_posted - row.debits_pending
        owned.setdefault(row.account_id, {})[row.asset] = units
    return owned


def _tell_of(row: Collateral, units: Mapping[str, int], last_execution_id: int) -> None:
    cash = sum(_steps(amount, asset, MICRO_DIGITS) for asset, amount in units.items() if asset not in COINS)
    coins = {asset: _bounded(_steps(units[asset], asset, NANO_DIGITS)) for asset in COINS if units.get(asset)}
    figures = (_bounded(cash), coins, last_execution_id)
    if row.sent_at is not None and (row.cash_micros, row.coins, row.last_execution_id) == figures:
        return
    row.cash_micros, row.coins, row.last_execution_id = figures
    row.version += 1
    row.sent_at = clock.now()
    row.save()
    streams.send_to_gateway(
        SetCollateral(
            command_id=f"collateral-{row.account_id}-{row.version}",
            account_id=row.account_id,
            cash_micros=row.cash_micros,
            coins=[CoinBalance(coin=coin, nanos=nanos) for coin, nanos in coins.items()],
            last_execution_id=last_execution_id,
        )
    )


def _steps(units: int, asset: str, digits: int) -> int:
    """Whole steps of ``10**-digits``, rounded down: never more than there is."""
    return int(units * 10**digits // 10 ** ASSET_DECIMALS[asset])


def _bounded(figure: int) -> int:
    return max(-FIGURE_MAX, min(figure, FIGURE_MAX))
