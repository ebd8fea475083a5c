"""Fees before there is a fill."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Sum

from settlement.domain import fees
from settlement.models import Fill
from wire.instruments import InstrumentTerms
from wire.units import Liquidity, from_smallest_units


def estimate_fee(
    terms: InstrumentTerms,
    *,
    price: Decimal,
    quantity: Decimal,
    liquidity: Liquidity,
    reference_price: Decimal | None = None,
) -> tuple[Decimal, str]:
    """What a fill would be charged and in which asset. reference_price: the index in US dollars, as ``fee_units``."""
    if quantity == 0:
        return Decimal(0), terms.settlement_currency
    units = fees.fee_units(terms, price=price, quantity=quantity, liquidity=liquidity, reference_price=reference_price)
    return from_smallest_units(units, terms.settlement_currency), terms.settlement_currency


def sum_fees(order_ids: Iterable[int]) -> int:
    """What the fills of these orders were charged, in smallest units of their one asset."""
    found = Fill.objects.filter(order_id__in=list(order_ids)).aggregate(total=Sum("fee"))
    return int(found["total"] or 0)
