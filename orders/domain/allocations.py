"""Share a trade out to accounts after it was made: whole lots at whole ticks, and the sum exact to the last of both.

What traded at an average between two ticks is shared out at those two, so many lots at the upper one that lots times
ticks over all accounts are what they were. Whatever does not divide goes by largest remainder: to the account whose
exact share was cut by most, among equals to the one that is named first.
"""

import dataclasses
from collections.abc import Sequence
from decimal import Decimal

from common.errors import Refusal
from orders.domain.grid import steps
from wire.client_desk_trades import Share
from wire.limits import QUANTITY_LOTS_MAX


@dataclasses.dataclass(frozen=True, kw_only=True)
class Piece:
    """Lots of one account at one price."""

    account_id: int
    price_ticks: int
    lots: int


def share_lots(shares: Sequence[Share], traded_lots: int, lot_size: Decimal) -> list[int]:
    """Lots of each share. Raises Refusal: allocation_mixed, allocation_sum, allocation_too_small, account_twice, and
    the reasons of a quantity off the grid.
    """
    accounts = [share.account_id for share in shares]
    for at, account_id in enumerate(accounts):
        if account_id in accounts[:at]:
            raise Refusal("account_twice", "an account gets one share", value=account_id, bound=1)
    quantities, ratios = [share.quantity for share in shares], [share.ratio for share in shares]
    if all(text is not None for text in quantities) and not any(ratios):
        lots = [steps("quantity", Decimal(text or 0), lot_size, QUANTITY_LOTS_MAX) for text in quantities]
    elif all(ratios) and not any(quantities):
        lots = divide(traded_lots, [ratio or 0 for ratio in ratios])
    else:
        raise Refusal("allocation_mixed", "every share names a quantity, or every share a ratio")
    if sum(lots) > traded_lots:
        total, most = sum(lots) * lot_size, traded_lots * lot_size
        raise Refusal("allocation_sum", "the shares are more than what traded", value=total, bound=most)
    if not all(lots):
        raise Refusal("allocation_too_small", "a share is less than one lot", value=0, bound=lot_size)
    return lots


def price_pieces(account_ids: Sequence[int], lots: Sequence[int], traded_lots: int, tick_lots: int) -> list[Piece]:
    """At most two pieces an account. ``tick_lots``: price ticks times lots over all that traded; the rest of it stays
    where it is.
    """
    lower, upper_lots = divmod(tick_lots, traded_lots)
    kept = traded_lots - sum(lots)
    upper = divide(upper_lots, [*lots, kept])
    pieces = []
    for account_id, count, high in zip(account_ids, lots, upper, strict=False):
        parts = ((lower, count - high), (lower + 1, high))
        pieces += [Piece(account_id=account_id, price_ticks=price, lots=part) for price, part in parts if part]
    return pieces


def divide(whole: int, weights: Sequence[int]) -> list[int]:
    """``whole`` in proportion to the weights, in whole numbers that add up to it. Of a whole that is less than the
    weights together none gets more than its weight.
    """
    total = sum(weights)
    parts = [whole * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda at: (-(whole * weights[at] % total), at))
    for at in order[: whole - sum(parts)]:
        parts[at] += 1
    return parts
