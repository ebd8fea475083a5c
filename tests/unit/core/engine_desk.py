"""Builders for tests of the engine: a desk with one inverse perpetual, one option and three accounts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import parley_core
from parley_core import EventKind

SECOND = 10**9
NOW = 1_800_000_000 * SECOND
PERPETUAL, OPTION, SPOT = 1, 2, 3
ALICE, BOB, CAROL = 11, 12, 13
FIRMS = {ALICE: 1, BOB: 2, CAROL: 1}
BUY, SELL = 0, 1
LIMIT, MARKET = 0, 1
GTC, IOC = 0, 1
ALL, FIRM, DESK, USER, ACCOUNT, INSTRUMENT, STRATEGY, VENUE = range(8)
ACTIVE, REDUCING, HALTED = range(3)
BTC = 0
EXPIRY = NOW + 30 * 24 * 3600 * SECOND
MICRO = 10**6
WIDE_OPEN: dict[str, int] = {
    "max_order_quantity_lots": 10**9,
    "max_order_value_micros": 10**17,
    "max_position_lots": 10**10,
    "max_position_value_micros": 10**18,
    "price_collar_basis_points": 500,
}

EventTuple = tuple[int, int, int, int, int, int, tuple[Any, ...]]


class EngineDesk:
    """An engine with a clock that stands still and command sequences that count by themselves."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.engine = parley_core.Engine(folder, **options)
        self.engine.start()
        self.now = NOW
        self.sequence = self.engine.command_sequence

    def next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence

    def events(self) -> list[EventTuple]:
        assert self.engine.flush(20), self.engine.state
        drained: list[EventTuple] = []
        while page := self.engine.drain():
            drained += page
        return drained

    def said(self) -> list[tuple[EventKind, tuple[Any, ...]]]:
        """(kind, payload) of what happened since the last look."""
        return [(EventKind(event[5]), event[6]) for event in self.events()]

    def open_market(self) -> None:
        """Lists the instruments, quotes them and gives every account wide limits; swallows the events."""
        self.list_instruments()
        self.engine.set_index(self.now, BTC, 60_000 * MICRO)
        self.quote(PERPETUAL, 120_000)
        self.quote(OPTION, 500)
        self.quote(SPOT, 120_000)
        for account in FIRMS:
            self.limit(account)
        self.events()

    def list_instruments(self) -> None:
        """A perpetual of 10 USD, an inverse option of 0.1 coin, spot of 0.001 coin."""
        listing = self.engine.list_instrument
        listing(self.now, PERPETUAL, "BTC-PERPETUAL", b'{"name":"BTC-PERPETUAL"}', 0, BTC, 10 * 10**9, 5 * 10**8, 0, 4)
        option = "BTC-27MAR26-80000-C"
        listing(self.now, OPTION, option, b'{"name":"option"}', 1, BTC, 10**8, 10**5, EXPIRY, 4)
        listing(self.now, SPOT, "BTC_USDC", b'{"name":"BTC_USDC"}', 2, BTC, 10**6, 5 * 10**8, 0, 4)

    def quote(
        self, instrument: int, mark: int, bids: Sequence[tuple[int, int]] = (), asks: Sequence[tuple[int, int]] = ()
    ) -> None:
        self.engine.set_quotes(self.now, self.now, instrument, mark, list(bids), list(asks))

    def limit(self, account: int, *, desk: int = 1, coin_id: int = -1, coin: str = "", **bounds: int) -> None:
        values = WIDE_OPEN | bounds
        firm = FIRMS.get(account, 9)
        self.engine.set_limits(
            self.now, self.next_sequence(), account, firm, desk, **values, coin_id=coin_id, coin=coin
        )

    def place(self, order: int, account: int, side: int, lots: int, price: int | None = None, **terms: Any) -> None:
        """A limit order where it has a price, else a market order, in the perpetual."""
        self.engine.place_order(
            self.now,
            self.next_sequence(),
            terms.pop("valid_until_ns", self.now),
            order,
            account,
            terms.pop("user", 101),
            terms.pop("desk", 1),
            terms.pop("firm", FIRMS.get(account, 9)),
            terms.pop("instrument", PERPETUAL),
            side,
            MARKET if price is None else LIMIT,
            terms.pop("time_in_force", GTC),
            lots,
            price,
            **terms,
        )

    def scope(self, scope: int, scope_id: int, **limits: Any) -> None:
        self.engine.set_scope_limits(self.now, self.next_sequence(), scope, scope_id, **limits)

    def cancel(self, order: int) -> None:
        self.engine.cancel_order(self.now, self.next_sequence(), order)

    def reserve(self, reservation: int, *legs: tuple[int, int, int, int, int, int], valid_until: int = 0) -> None:
        until = valid_until or self.now
        self.engine.reserve_block(self.now, self.next_sequence(), reservation, until, list(legs))

    def confirm(self, reservation: int) -> None:
        self.engine.confirm_block(self.now, self.next_sequence(), reservation)

    def void(self, reservation: int) -> None:
        self.engine.void_block(self.now, self.next_sequence(), reservation)

    def answer(self, order: int, account: int, side: int, lots: int, price: int | None = None, **terms: Any) -> Any:
        """What one order was answered: (reason, value, bound) of a refusal, or the kinds of its events."""
        self.place(order, account, side, lots, price, **terms)
        said = self.said()
        if said[0][0] is EventKind.ORDER_REJECTED:
            return said[0][1][1:]
        return [kind for kind, _ in said]
