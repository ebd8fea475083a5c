"""Reads of limits and their history."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from common import clock
from common.decimals import plain_text
from risk.models import LimitSet

HISTORY_MAX = 500


class LimitSetView(msgspec.Struct, frozen=True, kw_only=True):
    """Values in USD, quantities in lots. ``in_force_at_ns``: when the gateway took them, None until then."""

    limit_set_id: int
    account_id: int
    coin: str
    max_order_quantity_lots: int
    max_order_value: str
    max_position_lots: int
    max_position_value: str
    price_collar_basis_points: int
    effective_at_ns: int
    in_force_at_ns: int | None
    set_by_user_id: int | None


def current_limits(account_id: int) -> list[LimitSet]:
    """The newest row of each coin of the account."""
    rows = LimitSet.objects.filter(account_id=account_id).order_by("coin", "-id").distinct("coin")
    return list(rows)


def position_value_max(account_id: int, coin: str) -> Decimal | None:
    """The limit in dollars on one position: the coin's own, else the account's; None where none is set."""
    found = {row.coin: row.max_position_value for row in current_limits(account_id)}
    return found.get(coin, found.get(""))


def list_limits(account_ids: Iterable[int], *, history: bool = False) -> list[LimitSetView]:
    """Limits of the accounts: the current ones, or with ``history`` every change, newest first."""
    ids = list(account_ids)
    if history:
        rows = LimitSet.objects.filter(account_id__in=ids).order_by("-id")[:HISTORY_MAX]
    else:
        rows = LimitSet.objects.filter(account_id__in=ids).order_by("account_id", "coin", "-id").distinct(
            "account_id", "coin"
        )
    return [limit_view(row) for row in rows]


def limit_view(row: LimitSet) -> LimitSetView:
    return LimitSetView(
        limit_set_id=row.pk,
        account_id=row.account_id,
        coin=row.coin,
        max_order_quantity_lots=row.max_order_quantity_lots,
        max_order_value=plain_text(row.max_order_value),
        max_position_lots=row.max_position_lots,
        max_position_value=plain_text(row.max_position_value),
        price_collar_basis_points=row.price_collar_basis_points,
        effective_at_ns=clock.to_ns(row.effective_at),
        in_force_at_ns=None if row.in_force_at is None else clock.to_ns(row.in_force_at),
        set_by_user_id=row.set_by_id,
    )
