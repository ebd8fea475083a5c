"""Prices and quantities on the grid of an instrument, refused by name where they are not."""

from decimal import Decimal

from common.errors import Refusal
from wire.instruments import InstrumentTerms
from wire.limits import PRICE_TICKS_MAX
from wire.units import InstrumentKind, OffGrid, to_steps


def steps(name: str, value: Decimal, step: Decimal, steps_max: int) -> int:
    """A positive number of ticks or lots. Raises Refusal ``<name>_not_positive``, ``_too_large`` or ``_off_grid``."""
    if value <= 0:
        raise Refusal(f"{name}_not_positive", f"the {words(name)} must be positive", value=value, bound=0)
    if value > steps_max * step:
        raise Refusal(f"{name}_too_large", f"the {words(name)} is too large", value=value, bound=steps_max * step)
    try:
        return to_steps(words(name), value, step)
    except OffGrid as error:
        raise Refusal(f"{name}_off_grid", str(error), value=value, bound=step) from error


def price_steps(name: str, text: str | None, terms: InstrumentTerms) -> int:
    """Ticks of a price that may be left out: 0 where it is. Raises as ``steps``."""
    return 0 if text is None else steps(name, Decimal(text), terms.tick_size, PRICE_TICKS_MAX)


def settlement_value(terms: InstrumentTerms, price: Decimal, quantity: Decimal) -> Decimal:
    """In the settlement currency, as the ledger values it."""
    if terms.is_inverse and terms.kind in (InstrumentKind.FUTURE, InstrumentKind.PERPETUAL):
        return quantity * terms.multiplier / price
    return price * quantity * terms.multiplier


def words(name: str) -> str:
    return name.replace("_", " ")
