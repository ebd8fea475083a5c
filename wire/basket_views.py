"""Baskets as answers and facts show them."""

import msgspec

from wire.account_views import OrderView
from wire.fact_types import Fact


class BasketRowPreview(msgspec.Struct, frozen=True, kw_only=True):
    """``cells``: as the file has them, by column. ``reason``: why the row cannot be placed, or empty.

    ``order_id``: of the order that was placed under the row's client order id before, which is not placed again.
    """

    number: int
    client_order_id: str
    cells: dict[str, str]
    account_id: int
    notional: str
    currency: str
    order_id: int | None = None
    reason: str = ""
    message: str = ""
    value: str = ""
    bound: str = ""


class BasketMargin(msgspec.Struct, frozen=True, kw_only=True):
    """Of one account, US dollars, as if all good rows traded. ``reason``: why it cannot be told, or empty."""

    account_id: int
    equity_before: str = ""
    equity_after: str = ""
    initial_before: str = ""
    initial_after: str = ""
    reason: str = ""


class BasketPreview(msgspec.Struct, frozen=True, kw_only=True):
    """``notionals``: [currency, bought, sold], of the good rows."""

    rows: list[BasketRowPreview]
    margins: list[BasketMargin]
    notionals: list[tuple[str, str, str]]


class BasketRowView(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    client_order_id: str
    is_repeat: bool
    """Placed before, under the same client order id."""
    order: OrderView


class BasketView(msgspec.Struct, frozen=True, kw_only=True):
    basket_id: int
    user_id: int
    name: str
    row_count: int
    created_at_ns: int


class BasketResult(msgspec.Struct, frozen=True, kw_only=True):
    """A basket with what has become of each row."""

    basket: BasketView
    rows: list[BasketRowView]


class BasketPlaced(Fact, tag="basket.placed"):
    """What becomes of its orders is told order by order."""

    basket: BasketView
