"""The fee schedule.

Source: the public fee schedule of Deribit for futures, perpetuals, options and spot (2025), whose contracts ours
follow: futures taker 5 basis points, maker none; options 3 basis points of the underlying, never more than 12.5 % of
the option's price; spot free. Fees are charged in the settlement currency and rounded by the one named rounding.
"""

from decimal import Decimal, localcontext

from settlement.domain.valuation import DIGITS, value_units
from wire.instruments import InstrumentTerms
from wire.units import InstrumentKind, Liquidity, to_smallest_units

BASIS_POINT = Decimal("0.0001")
FUTURE_TAKER_BASIS_POINTS = Decimal(5)
FUTURE_MAKER_BASIS_POINTS = Decimal(0)
OPTION_BASIS_POINTS = Decimal(3)
OPTION_CAP_SHARE_OF_PREMIUM = Decimal("0.125")


def fee_units(
    terms: InstrumentTerms,
    *,
    price: Decimal,
    quantity: Decimal,
    liquidity: Liquidity,
    reference_price: Decimal | None = None,
) -> int:
    """Fee of a fill, in smallest units of the settlement currency, never negative.

    reference_price: the index in US dollars, for linear options; without it the strike stands for the underlying.
    """
    if terms.kind is InstrumentKind.SPOT:
        return 0
    with localcontext() as context:
        context.prec = DIGITS
        if terms.kind is InstrumentKind.OPTION:
            return _option_fee_units(terms, price, quantity, reference_price)
        rate = FUTURE_TAKER_BASIS_POINTS if liquidity is Liquidity.TAKER else FUTURE_MAKER_BASIS_POINTS
        notional = value_units(terms, price, quantity)
        return int((notional * rate * BASIS_POINT).to_integral_value())


def _option_fee_units(
    terms: InstrumentTerms, price: Decimal, quantity: Decimal, reference_price: Decimal | None
) -> int:
    underlying = Decimal(1)
    if not terms.is_inverse:
        assert terms.strike is not None
        underlying = reference_price if reference_price is not None else terms.strike
    contracts = quantity * terms.multiplier
    fee = min(
        underlying * contracts * OPTION_BASIS_POINTS * BASIS_POINT,
        max(Decimal(0), price) * contracts * OPTION_CAP_SHARE_OF_PREMIUM,
    )
    return to_smallest_units(fee, terms.settlement_currency)
