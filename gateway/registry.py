"""The contracts this gateway has listed: names, ids and grids. An id is given once and never given again."""

import dataclasses
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gateway.feeds.updates import Floats
from wire.instruments import COINS, InstrumentTerms, parse_instrument_name
from wire.units import InstrumentKind, OptionType

Integers = NDArray[np.int64]

INSTRUMENTS_MAX = 65_536
VALUE_FIXED_USD, VALUE_INDEX, VALUE_PRICE = 0, 1, 2
"""How the engine values a lot: a fixed amount of USD, coins at the index, coins at the order's price."""
COLLAR_FLOOR_TICKS = {
    InstrumentKind.OPTION: 100,
    InstrumentKind.FUTURE: 20,
    InstrumentKind.PERPETUAL: 20,
    InstrumentKind.SPOT: 20,
}
"""The price collar is never tighter than this: basis points of a cheap option are less than its spread."""
_SLACK = 1e-6
"""Of a tick or lot: what floating point may add to a price that lies on the grid."""


@dataclasses.dataclass(frozen=True, slots=True)
class Contract:
    """``tick`` and ``lot`` are the steps as floats, ``*_digits`` how many decimals they are shown with."""

    instrument_id: int
    terms: InstrumentTerms
    tick: float
    lot: float
    price_digits: int
    quantity_digits: int

    @property
    def name(self) -> str:
        return self.terms.name

    @property
    def is_option(self) -> bool:
        return self.terms.kind is InstrumentKind.OPTION

    @property
    def coin_id(self) -> int:
        return coin_id(self.terms.base_currency)

    @property
    def value_kind(self) -> int:
        if self.is_option:
            return VALUE_INDEX
        return VALUE_FIXED_USD if self.terms.is_inverse else VALUE_PRICE

    @property
    def lot_nanos(self) -> int:
        return int(self.terms.lot_size * self.terms.multiplier * 10**9)

    @property
    def tick_nanos(self) -> int:
        return int(self.terms.tick_size * 10**9)

    def price_text(self, ticks: int) -> str:
        return f"{ticks * self.tick:.{self.price_digits}f}"

    def quantity_text(self, lots: int) -> str:
        return f"{lots * self.lot:.{self.quantity_digits}f}"


def coin_id(coin: str) -> int:
    """The engine's number of a coin; -1 stands for every coin without limits of its own."""
    return COINS.index(coin) if coin else -1


class Registry:
    """Contracts by name and id; grids as arrays indexed by id (row 0 is unused)."""

    def __init__(self, listed: Iterable[tuple[int, str]] = (), *, next_id: int = 1) -> None:
        """``next_id``: at least the next id; the engine forgets settled contracts, and their ids stay taken."""
        self._by_name: dict[str, Contract] = {}
        self._by_id: dict[int, Contract] = {}
        self.tick: Floats = np.ones(1)
        self.lot: Floats = np.ones(1)
        self.expiry_at_ns: Integers = np.zeros(1, dtype=np.int64)
        self.strike: Floats = np.full(1, np.nan)
        self.is_option = np.zeros(1, dtype=bool)
        self.is_call = np.zeros(1, dtype=bool)
        self.is_inverse = np.zeros(1, dtype=bool)
        self._next_id = 1
        self._first_free_id = next_id
        self.add((instrument_id, parse_instrument_name(name)) for instrument_id, name in listed)

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def next_id(self) -> int:
        return max(self._next_id, self._first_free_id)

    @property
    def size(self) -> int:
        """One more than the largest id: the length of arrays indexed by id."""
        return self._next_id

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def contracts(self) -> list[Contract]:
        return list(self._by_id.values())

    def get(self, instrument_id: int) -> Contract:
        return self._by_id[instrument_id]

    def find(self, instrument_id: int) -> Contract | None:
        return self._by_id.get(instrument_id)

    def find_name(self, name: str) -> Contract | None:
        return self._by_name.get(name)

    def ids(self, names: list[str]) -> Integers:
        """Ids of names that are listed; KeyError otherwise."""
        by_name = self._by_name
        return np.array([by_name[name].instrument_id for name in names], dtype=np.int64)

    def list_new(self, names: Iterable[str]) -> list[Contract]:
        """List the names that are new, in alphabetical order, each with the next id."""
        new = sorted({name for name in names if name not in self._by_name})
        first = self.next_id
        assert first + len(new) <= INSTRUMENTS_MAX, "more instruments than the arrays may hold"
        return self.add((first + offset, parse_instrument_name(name)) for offset, name in enumerate(new))

    def add(self, listed: Iterable[tuple[int, InstrumentTerms]]) -> list[Contract]:
        added = [contract_from(instrument_id, terms) for instrument_id, terms in listed]
        for contract in added:
            assert contract.instrument_id not in self._by_id, "an id is given once"
            self._by_name[contract.name] = contract
            self._by_id[contract.instrument_id] = contract
            self._next_id = max(self._next_id, contract.instrument_id + 1)
        if added:
            self._extend(added)
        return added

    def _extend(self, added: list[Contract]) -> None:
        missing = self._next_id - len(self.tick)
        for field, value in (
            ("tick", 1.0),
            ("lot", 1.0),
            ("expiry_at_ns", 0),
            ("strike", np.nan),
            ("is_option", False),
            ("is_call", False),
            ("is_inverse", False),
        ):
            setattr(self, field, np.pad(getattr(self, field), (0, missing), constant_values=value))
        for contract in added:
            row, terms = contract.instrument_id, contract.terms
            self.tick[row], self.lot[row] = contract.tick, contract.lot
            self.expiry_at_ns[row] = terms.expiry_at_ns
            self.strike[row] = float(terms.strike) if terms.strike is not None else np.nan
            self.is_option[row], self.is_call[row] = contract.is_option, terms.option_type is OptionType.CALL
            self.is_inverse[row] = terms.is_inverse

    def price_ticks(self, ids: Integers, prices: Floats, *, round_up: bool) -> Integers:
        """Ticks of (rows, levels) prices, rounded outward; 0 where there is no price or it rounds to nothing."""
        scaled = prices / self.tick[ids][:, None]
        rounded = np.ceil(scaled - _SLACK) if round_up else np.floor(scaled + _SLACK)
        return np.where(rounded >= 1, rounded, 0.0).astype(np.int64)

    def quantity_lots(self, ids: Integers, quantities: Floats) -> Integers:
        """Whole lots of (rows, levels) quantities, at least one where there is any; 0 where there is none."""
        scaled = np.nan_to_num(quantities / self.lot[ids][:, None], nan=0.0)
        return np.where(scaled > 0, np.maximum(np.floor(scaled + _SLACK), 1.0), 0.0).astype(np.int64)

    def mark_ticks(self, ids: Integers, marks: Floats) -> Integers:
        """Nearest tick of each mark; -1 where there is none."""
        return np.nan_to_num(np.round(marks / self.tick[ids]), nan=-1.0).astype(np.int64)


def contract_of(instrument_id: int, name: str) -> Contract:
    """Of a name alone, for a contract that is not listed any more."""
    return contract_from(instrument_id, parse_instrument_name(name))


def contract_from(instrument_id: int, terms: InstrumentTerms) -> Contract:
    return Contract(
        instrument_id=instrument_id,
        terms=terms,
        tick=float(terms.tick_size),
        lot=float(terms.lot_size),
        price_digits=_digits(terms.tick_size.as_tuple().exponent),
        quantity_digits=_digits(terms.lot_size.as_tuple().exponent),
    )


def _digits(exponent: object) -> int:
    return max(0, -exponent) if isinstance(exponent, int) else 0
