"""The core's engine as a simulated venue uses it: one command, and what it did, at once.

The venue's journal is a temporary folder: a simulated venue begins anew with every start.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import parley_core

from venues.simulator.contracts import Contract
from venues.simulator.records import Client, Refused, Terms
from wire.gateway import AnyGatewayEvent, GatewayEvent
from wire.instruments import COINS
from wire.units import OrderType, Side, TimeInForce

EVENT_TYPES: tuple[type[GatewayEvent], ...] = get_args(AnyGatewayEvent)
SEGMENT_BYTES = 4 << 20
SETTLE_SECONDS = 5.0
"""The engine answers within microseconds; one that does not within this time has failed."""
LOTS_MAX, VALUE_MICROS_MAX = 10**9, 10**15
COLLAR_BASIS_POINTS = 2_000
COMMAND_VALID_NS = 60 * 10**9
COLLAR_FLOOR_TICKS = 100
MICROS = 1_000_000
DEPTH_LEVELS = 50
SIDES, TYPES, TIMES = tuple(Side), tuple(OrderType), tuple(TimeInForce)
Level = tuple[int, int]

Event = tuple[type[GatewayEvent], dict[str, Any]]
"""Type, and the fields as the engine numbers them."""


class EngineFailed(RuntimeError):
    """The venue's engine does not answer."""


class Matching:
    """Time is an argument. Every call that may change orders returns the events that it caused."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="venue-", ignore_cleanup_errors=True)
        path = str(Path(self._folder.name) / "journal")
        Path(path).mkdir()
        self._engine = parley_core.Engine(path, fsync=False, segment_bytes=SEGMENT_BYTES, retained_segments=1)
        self._engine.start()
        self._sequence = 0

    def close(self) -> None:
        self._engine.stop()
        self._folder.cleanup()

    def list_contract(self, contract: Contract, at_ns: int) -> None:
        terms = contract.terms
        self._engine.list_instrument(
            at_ns, contract.instrument_id, contract.name, msgspec.json.encode(terms), contract.value_kind,
            COINS.index(terms.base_currency), int(contract.amount_step * 10**9), int(terms.tick_size * 10**9),
            terms.expiry_at_ns, COLLAR_FLOOR_TICKS,
        )  # fmt: skip

    def open_account(self, client: Client, at_ns: int) -> None:
        limits = (LOTS_MAX, VALUE_MICROS_MAX, LOTS_MAX, VALUE_MICROS_MAX, COLLAR_BASIS_POINTS)
        account = client.account_id
        self._command(self._engine.set_limits, at_ns, account, account, 0, *limits)

    def set_index(self, coin: str, price: float, at_ns: int) -> None:
        self._engine.set_index(at_ns, COINS.index(coin), round(price * MICROS))

    def set_quotes(
        self, contract: Contract, mark_ticks: int, bids: list[Level], asks: list[Level], at_ns: int
    ) -> list[Event]:
        """The venue's own depth; orders that it crosses trade."""
        self._engine.set_quotes(at_ns, at_ns, contract.instrument_id, mark_ticks, bids, asks)
        return self._settle()

    def beat(self, at_ns: int) -> None:
        self._engine.feed_heartbeat(at_ns, at_ns)

    def place(self, order_id: int, client: Client, contract: Contract, terms: Terms, at_ns: int) -> list[Event]:
        return self._command(
            self._engine.place_order, at_ns, at_ns + COMMAND_VALID_NS, order_id, client.account_id, 1, 0,
            client.account_id, contract.instrument_id, SIDES.index(terms.side), TYPES.index(terms.order_type),
            TIMES.index(terms.time_in_force), terms.quantity_lots, terms.price_ticks, terms.is_post_only,
            terms.is_reduce_only,
        )  # fmt: skip

    def amend(self, order_id: int, quantity_lots: int, price_ticks: int | None, at_ns: int) -> list[Event]:
        return self._command(
            self._engine.amend_order, at_ns, at_ns + COMMAND_VALID_NS, order_id, quantity_lots, price_ticks
        )

    def cancel(self, order_id: int, at_ns: int) -> list[Event]:
        return self._command(self._engine.cancel_order, at_ns, order_id)

    def deliver(self, contract: Contract, price: float, at_ns: int) -> list[Event]:
        """The contract expired: its orders are canceled."""
        self._engine.deliver(at_ns, at_ns, contract.instrument_id, round(price * MICROS))
        return self._settle()

    def depth(self, contract: Contract) -> tuple[list[Level], list[Level]]:
        bids, asks = self._engine.depth(contract.instrument_id, DEPTH_LEVELS)
        return bids, asks

    def positions(self, client: Client) -> dict[int, int]:
        """Instrument id to signed lots."""
        rows: Iterator[tuple[int, int, int, int, int]] = iter(self._engine.positions())
        return {row[1]: row[2] for row in rows if row[0] == client.account_id and row[2]}

    def _command(self, call: Callable[..., object], at_ns: int, *arguments: object) -> list[Event]:
        try:
            call(at_ns, self._sequence + 1, *arguments)
        except ValueError as error:
            raise Refused("invalid_terms") from error
        self._sequence += 1
        return self._settle()

    def _settle(self) -> list[Event]:
        if not self._engine.flush(SETTLE_SECONDS):
            raise EngineFailed(f"the venue's engine is {self._engine.state}")
        events: list[Event] = []
        last = 0
        while batch := self._engine.drain():
            for number, _, _, _, _, kind, payload in batch:
                fields = EVENT_TYPES[kind].__struct_fields__
                events.append((EVENT_TYPES[kind], dict(zip(fields, payload, strict=True))))
                last = number
        if last:
            self._engine.release_events(last)
        return events
