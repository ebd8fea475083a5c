"""What the adapter of a venue does with orders for us, and how it says no."""

from decimal import Decimal
from typing import Protocol

from gateway.venues.execution import Execution, NewVenueOrder, OrderView


class NotReady(RuntimeError):
    """Nothing new may leave: not connected, not agreed with the venue, or the log failed. The message says which."""


class Refused(Exception):
    """The venue answered no: its reason."""


class NoAnswer(Exception):
    """Nobody knows whether the venue did what it was asked."""


class TradingApi(Protocol):
    """What a venue's adapter can do with orders, in our words. All raise Refused or NoAnswer."""

    async def place(self, order: NewVenueOrder) -> tuple[OrderView, list[Execution]]: ...

    async def cancel(self, venue_order_id: str) -> OrderView: ...

    async def amend(
        self, venue_order_id: str, name: str, quantity: Decimal, price: Decimal | None
    ) -> tuple[OrderView, list[Execution]]: ...

    async def list_open(self) -> list[OrderView]: ...

    async def find(self, client_order_id: str, venue_order_id: str) -> list[OrderView]:
        """By the venue's id where it is known; empty where the venue knows no such order."""
        ...

    async def list_executions(self, since_ns: int) -> list[Execution]:
        """From that instant of the venue's clock on, oldest first, all of them."""
        ...

    async def list_executions_of(self, venue_order_id: str) -> list[Execution]: ...

    async def list_positions(self) -> list[tuple[str, Decimal]]:
        """(our name, signed contracts)."""
        ...
