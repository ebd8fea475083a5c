"""A desk whose accounts keep portfolio margin, and the same margin computed from nothing, in Python."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import parley_core

from tests.unit.core import engine_desk as d
from tests.unit.core.engine_desk import EngineDesk

ETH = 1
YEAR_NS = 365 * 86_400 * d.SECOND
TICK = 1e-4
OPEN: dict[str, Any] = {
    "max_order_quantity_lots": 10**9, "max_order_value_micros": 10**18, "max_position_lots": 10**10,
    "max_position_value_micros": 10**18, "price_collar_basis_points": 10**9,
}  # fmt: skip
OPTION, FUTURE, PERPETUAL, SPOT = range(4)


@dataclasses.dataclass
class Contract:
    """lot: coins, or dollars of an inverse future. forward is the mark of what is no option."""

    instrument_id: int
    kind: int
    is_inverse: bool
    lot: float
    expiry: int = 0
    strike: float = 0.0
    is_call: bool = False
    forward: float = 2010.0
    volatility: float = 0.6

    @property
    def value_kind(self) -> int:
        return 1 if self.kind == OPTION else 0 if self.is_inverse else 2


@dataclasses.dataclass
class Book:
    """What one account has: the plain truth that the engine is compared with."""

    cash: float = 0.0
    coins: float = 0.0
    lots: dict[int, int] = dataclasses.field(default_factory=dict)
    entries: dict[int, float] = dataclasses.field(default_factory=dict)

    def trade(self, contract: Contract, lots: int, price: float) -> None:
        key = contract.instrument_id
        before = self.lots.get(key, 0)
        self.lots[key] = before + lots
        if contract.kind == OPTION:
            premium = lots * contract.lot * price
            self.cash, self.coins = (
                (self.cash, self.coins - premium) if contract.is_inverse else (self.cash - premium, self.coins)
            )
            return
        if contract.kind == SPOT:
            self.cash -= lots * contract.lot * price
            self.coins += lots * contract.lot
            return
        each = contract.lot / price if contract.is_inverse else contract.lot * price
        closing = max(-abs(before), min(abs(before), lots)) if before * lots < 0 else 0
        entry = self.entries.get(key, 0.0)
        if closing:
            share = -entry * closing / before
            entry -= share
            moved = share + closing * each
            if contract.is_inverse:
                self.coins += moved
            else:
                self.cash -= moved
        self.entries[key] = entry + (lots - closing) * each


class MarginDesk(EngineDesk):
    """Options of three expiries on one coin, futures and perpetuals, linear and inverse."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, fsync=False, **options)
        self.spot = 2000.0
        self.years = {1: 14 / 365, 2: 60 / 365, 3: 200 / 365}
        self.rates = {1: 0.04, 2: 0.02, 3: -0.01}
        self.parameters = {"maintenance_haircut": 0.0, "initial_haircut": 0.0, "stable_price": 1.0, "confidence": 1.0}
        self.contracts: dict[int, Contract] = {}
        self.books = {account: Book() for account in d.FIRMS}

    def add(self, kind: int, *, is_inverse: bool, lot: float, **terms: Any) -> Contract:
        contract = Contract(len(self.contracts) + 1, kind, is_inverse, lot, **terms)
        self.contracts[contract.instrument_id] = contract
        expiry_ns = self.expiry_ns(contract.expiry)
        name = f"ETH-{contract.instrument_id}"
        lot_nanos, tick_nanos = round(lot * 1e9), round(TICK * 1e9)
        self.engine.list_instrument(
            self.now, contract.instrument_id, name, b"{}", contract.value_kind, ETH, lot_nanos, tick_nanos, expiry_ns, 4
        )
        self.engine.describe_instrument(
            self.now, contract.instrument_id, kind, is_inverse, contract.is_call, contract.strike
        )
        self.quote(contract.instrument_id, 10_000)
        return contract

    def expiry_ns(self, expiry: int) -> int:
        return d.NOW + expiry * YEAR_NS if expiry else 0

    def add_all(self) -> None:
        """18 options, two dated futures, two perpetuals and spot."""
        for expiry in self.years:
            for strike in (1600.0, 2000.0, 2500.0):
                self.add(OPTION, is_inverse=expiry == 2, lot=0.1, expiry=expiry, strike=strike, is_call=True)
                self.add(OPTION, is_inverse=False, lot=1.0, expiry=expiry, strike=strike)
        self.add(FUTURE, is_inverse=True, lot=10.0, expiry=2)
        self.add(FUTURE, is_inverse=False, lot=0.1, expiry=3)
        self.add(PERPETUAL, is_inverse=True, lot=10.0)
        self.add(PERPETUAL, is_inverse=False, lot=0.1)
        self.add(SPOT, is_inverse=False, lot=0.01)
        self.open_accounts()

    def open_accounts(self) -> None:
        self.engine.set_index(self.now, ETH, round(self.spot * 1e6))
        for account in d.FIRMS:
            self.engine.set_limits(self.now, self.next_sequence(), account, d.FIRMS[account], 1, **OPEN)
        self.engine.set_margin_parameters(self.now, ETH, **self.parameters)
        self.mark()
        self.said()

    def mark(self, expiries: list[int] | None = None, contracts: list[int] | None = None) -> None:
        """Sends spot, the terms of these expiries and the marks of these contracts (all without), and waits for it."""
        rows = list(self.years) if expiries is None else expiries
        marked = [self.contracts[key] for key in (self.contracts if contracts is None else contracts)]
        self.engine.set_margin_inputs(
            self.now,
            ETH,
            self.spot,
            np.array([self.expiry_ns(row) for row in rows], np.int64),
            np.array([self.years[row] for row in rows]),
            np.array([self.rates[row] for row in rows]),
            np.array([each.instrument_id for each in marked], np.int64),
            np.array([each.forward for each in marked]),
            np.array([each.volatility for each in marked]),
        )
        self.said()

    def collateral(self, account: int, cash: float, coins: float = 0.0, *, last_execution_id: int = 10**12) -> None:
        self.books[account].cash, self.books[account].coins = round(cash * 1e6) / 1e6, round(coins * 1e9) / 1e9
        self.engine.set_collateral(
            self.now, self.next_sequence(), account, round(cash * 1e6), [(ETH, round(coins * 1e9))], last_execution_id
        )
        self.said()

    def block(self, contract: int, lots: int, ticks: int, taker: int = d.ALICE, maker: int = d.BOB) -> Any:
        """A block trade, booked on both sides; the first event where it is refused."""
        self.reservation = getattr(self, "reservation", 0) + 1
        side = d.BUY if lots > 0 else d.SELL
        self.reserve(self.reservation, (contract, side, ticks, abs(lots), taker, maker))
        self.confirm(self.reservation)
        first = self.said()[0]
        if first[0] is parley_core.EventKind.BLOCK_RESERVED:
            self.books[taker].trade(self.contracts[contract], lots, ticks * TICK)
            self.books[maker].trade(self.contracts[contract], -lots, ticks * TICK)
        return first

    def initial(self, account: int) -> float:
        margin = self.engine.initial_margin(account)
        assert margin is not None, "the account has collateral"
        return margin

    def after(self, account: int, instrument: int, lots: int, ticks: int) -> tuple[float, float]:
        margins = self.engine.margin_after(account, instrument, lots, ticks)
        assert margins is not None, "the account has collateral, the instrument marks"
        return margins

    def margin_of(self, book: Book) -> parley_core.PortfolioMargin:
        """The portfolio margin of the book, from nothing."""
        held = [(self.contracts[key], lots) for key, lots in book.lots.items() if lots]
        options = [(each, lots) for each, lots in held if each.kind == OPTION]
        linear = [(each, lots) for each, lots in held if each.kind in (FUTURE, PERPETUAL)]
        cash, coins = book.cash, []
        for each, lots in linear:
            entry = book.entries[each.instrument_id]
            if each.is_inverse:
                cash += (entry - lots * each.lot / each.forward) * self.spot
                coins.append(entry)
            else:
                cash += lots * each.lot * each.forward - entry
                coins.append(lots * each.lot * each.forward / self.spot)
        return parley_core.portfolio_margin(
            spot=self.spot,
            cash=cash,
            collateral_coins=book.coins,
            forward=np.array([each.forward for each, _ in options]),
            strike=np.array([each.strike for each, _ in options]),
            years=np.array([self.years[each.expiry] for each, _ in options]),
            volatility=np.array([each.volatility for each, _ in options]),
            is_call=np.array([each.is_call for each, _ in options], bool),
            amount=np.array([lots * each.lot for each, lots in options]),
            rate=np.array([self.rates[each.expiry] for each, _ in options]),
            linear_coins=np.array(coins),
            linear_years=np.array([self.years.get(each.expiry, 0.0) for each, _ in linear]),
            **self.parameters,
        )
