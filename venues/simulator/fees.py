"""What a simulated venue charges for a trade."""

from decimal import Decimal

from venues.simulator.contracts import Contract
from venues.simulator.profiles import Profile
from wire.units import Liquidity

OPTION_FEE_SHARE_MAX = Decimal("0.125")
"""Of the price: an option is never charged more."""
FEE_STEP = Decimal("0.00000001")


def charge(
    profile: Profile, contract: Contract, price_ticks: int, quantity_lots: int, liquidity: Liquidity
) -> tuple[Decimal, str]:
    """(fee, its currency); negative: a rebate. Inverse contracts and options pay in coins."""
    terms = contract.terms
    price = price_ticks * terms.tick_size
    amount = quantity_lots * contract.amount_step
    rate = profile.maker_fee if liquidity is Liquidity.MAKER else profile.taker_fee
    if contract.is_option:
        fee = min(profile.option_fee, OPTION_FEE_SHARE_MAX * price) * amount
    elif terms.is_inverse:
        fee = amount / price * rate
    else:
        fee = amount * price * rate
    return fee.quantize(FEE_STEP), terms.settlement_currency
