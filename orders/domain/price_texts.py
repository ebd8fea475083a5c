"""Prices and costs as views say them."""

from decimal import Decimal

from common.decimals import plain_text
from orders.domain.parents import cost_basis_points
from wire.units import Side

_PRICE_STEP, _COST_STEP = Decimal("1e-12"), Decimal("0.01")


def price_text(price: Decimal | None) -> str | None:
    return None if price is None else plain_text(price.quantize(_PRICE_STEP))


def cost_text(side: Side, price: Decimal | None, benchmark: Decimal | None) -> str | None:
    cost = cost_basis_points(side, price, benchmark)
    return None if cost is None else plain_text(cost.quantize(_COST_STEP))
