"""What the simulated venue lists, with the steps in which it counts. Amounts are the venue's: dollars of inverse
futures and perpetuals, coins of everything else.
"""

import dataclasses
from decimal import Decimal
from functools import cached_property

from wire.instruments import InstrumentTerms, parse_instrument_name
from wire.units import InstrumentKind

FIXED_USD, AT_INDEX, AT_PRICE = 0, 1, 2
"""How the engine values a lot: dollars, coins at the index, coins at the price."""


@dataclasses.dataclass(frozen=True)
class Contract:
    """``instrument_id``: the engine's number of it at this venue."""

    instrument_id: int
    terms: InstrumentTerms

    @property
    def name(self) -> str:
        return self.terms.name

    @property
    def is_option(self) -> bool:
        return self.terms.kind is InstrumentKind.OPTION

    @cached_property
    def contract_size(self) -> Decimal:
        """The venue's amount of one contract: dollars (inverse futures and perpetuals) or coins."""
        return self.terms.multiplier

    @cached_property
    def amount_step(self) -> Decimal:
        """The venue's amount of one lot."""
        return self.terms.lot_size * self.terms.multiplier

    @property
    def value_kind(self) -> int:
        if self.is_option:
            return AT_INDEX
        return FIXED_USD if self.terms.is_inverse else AT_PRICE

    def price(self, ticks: int) -> float:
        return float(ticks * self.terms.tick_size)

    def amount(self, lots: int) -> float:
        return float(lots * self.amount_step)

    def find_ticks(self, price: float) -> int | None:
        """Whole ticks; None where the price lies between two."""
        return _whole(Decimal(repr(price)) / self.terms.tick_size)

    def find_lots(self, amount: float) -> int | None:
        """Whole lots; None where the amount lies between two."""
        return _whole(Decimal(repr(amount)) / self.amount_step)


def make_contract(instrument_id: int, name: str) -> Contract:
    """Raises wire.instruments.UnknownInstrumentName."""
    return Contract(instrument_id, parse_instrument_name(name))


def _whole(number: Decimal) -> int | None:
    return int(number) if number == number.to_integral_value() else None
