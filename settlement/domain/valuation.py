"""What a quantity at a price is worth, as an integer of the settlement currency's smallest unit."""

from decimal import Decimal, localcontext

from wire.instruments import InstrumentTerms
from wire.units import InstrumentKind, OptionType, to_smallest_units

DIGITS = 60
"""Working precision: more than any product of two columns needs, so that only the named rounding rounds."""


def value_units(terms: InstrumentTerms, price: Decimal, quantity: Decimal) -> int:
    """Value of ``quantity`` contracts at ``price``: the premium of an option, the notional of everything else.

    Inverse futures and perpetuals: quantity x multiplier / price coins. All others: price x quantity x multiplier of
    the settlement currency. One integer per (price, quantity), so both sides of a trade book the same one.
    """
    with localcontext() as context:
        context.prec = DIGITS
        if values_in_inverse_price(terms):
            assert price > 0, "an inverse contract has a positive price"
            amount = quantity * terms.multiplier / price
        else:
            amount = price * quantity * terms.multiplier
        return to_smallest_units(amount, terms.settlement_currency)


def values_in_inverse_price(terms: InstrumentTerms) -> bool:
    """Whether the contract is worth US dollars over price: an inverse future or perpetual."""
    return terms.is_inverse and terms.kind in (InstrumentKind.FUTURE, InstrumentKind.PERPETUAL)


def payoff_units(terms: InstrumentTerms, delivery_price: Decimal, quantity: Decimal) -> int:
    """What ``quantity`` (unsigned) contracts of an option pay their holder at delivery.

    Inverse: max(0, +-(S - K)) / S coins a contract; linear: max(0, +-(S - K)) of the settlement currency.
    """
    assert terms.strike is not None
    assert terms.option_type is not None
    with localcontext() as context:
        context.prec = DIGITS
        sign = 1 if terms.option_type is OptionType.CALL else -1
        payoff = max(Decimal(0), sign * (delivery_price - terms.strike))
        if terms.is_inverse:
            payoff /= delivery_price
        return to_smallest_units(payoff * quantity * terms.multiplier, terms.settlement_currency)
