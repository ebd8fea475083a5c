"""The venue's own record of its clients: orders, executions, and every message that their sessions carried."""

import dataclasses
import enum
from collections.abc import Callable, Iterator
from typing import Any

from parley_core import ouch

from venues.equities.book import RestingOrder
from venues.equities.exchange import Fill

EVENTS_MAX = 2_000_000
"""Messages of one account's session; then new orders are rejected."""
RECORDS_MAX = 1_000_000
"""Orders of one account over all its sessions; then new ones are rejected."""
REJECTED_MAX = 100_000
"""So many more, rejections included; then what asks for an order is not even answered."""
REFERENCE_MAX = 2**32 - 1
IMMEDIATE = "3"
FIRM_LETTERS = 4


class State(enum.StrEnum):
    LIVE = "live"
    FILLED = "filled"
    CANCELED = "canceled"
    REPLACED = "replaced"
    REJECTED = "rejected"


@dataclasses.dataclass(slots=True, kw_only=True)
class ClientOrder:
    """One order reference of an account. ``quantity``: what it was taken with. ``resting``: while it is in the book."""

    account: "Account"
    session: str
    user_reference: int
    order_reference: int = 0
    client_order_id: str = ""
    symbol: str = ""
    side: str = "B"
    quantity: int = 0
    price_e4: int = 0
    time_in_force: str = "0"
    capacity: str = "P"
    display: str = "Y"
    is_intermarket_sweep: bool = False
    filled_before: int = 0
    """Shares that traded under the references that it replaced."""
    filled: int = 0
    canceled: int = 0
    state: State = State.LIVE
    reason: str = ""
    resting: RestingOrder | None = None
    executions: list[Fill] = dataclasses.field(default_factory=list)

    @property
    def is_buy(self) -> bool:
        return self.side == "B"

    @property
    def open_shares(self) -> int:
        return self.quantity - self.filled - self.canceled if self.state is State.LIVE else 0


class Account:
    """A client of the venue, and its session of the day. ``listen`` is called after each message of it."""

    def __init__(self, user: str, password: str) -> None:
        self.user, self.password = user, password
        self.firm = user.upper()[:FIRM_LETTERS]
        self.listen: Callable[[], None] = lambda: None
        self.records: list[ClientOrder] = []
        self.broken: set[tuple[str, int]] = set()
        """Session and match number of trades that were taken back."""
        self.begin("")

    def begin(self, session: str) -> None:
        """A new day: messages and references from 1."""
        self.session = session
        self.events: list[bytes] = []
        self.orders: dict[int, ClientOrder] = {}
        self.next_reference = 1
        self.is_disabled = False

    @property
    def is_full(self) -> bool:
        return len(self.events) >= EVENTS_MAX or len(self.records) >= RECORDS_MAX

    @property
    def is_over(self) -> bool:
        return len(self.events) >= EVENTS_MAX + REJECTED_MAX or len(self.records) >= RECORDS_MAX + REJECTED_MAX

    def live_orders(self) -> Iterator[ClientOrder]:
        """In the order of their references; may be canceled meanwhile."""
        yield from [order for order in self.orders.values() if order.state is State.LIVE]

    def use_up(self, user_reference: int) -> None:
        """Nothing is taken under that reference, or one below it, any more."""
        assert user_reference >= self.next_reference
        self.next_reference = user_reference + 1

    def record(self, order: ClientOrder) -> None:
        """From now on the order is known under its reference."""
        self.use_up(order.user_reference)
        self.orders[order.user_reference] = order
        self.records.append(order)

    def say(self, event: ouch.Event) -> None:
        self.events.append(ouch.encode(event))
        self.listen()

    def positions(self) -> dict[str, int]:
        """Signed shares by symbol, of all days, without trades that were taken back."""
        held: dict[str, int] = {}
        for order in self.records:
            signed = 1 if order.is_buy else -1
            for fill in order.executions:
                if (order.session, fill.match_number) not in self.broken:
                    held[order.symbol] = held.get(order.symbol, 0) + signed * fill.shares
        return {symbol: shares for symbol, shares in held.items() if shares}


def describe(order: ClientOrder) -> dict[str, Any]:
    """The order as the control port tells it."""
    return {
        "session": order.session,
        "user_reference": order.user_reference,
        "order_reference": order.order_reference,
        "client_order_id": order.client_order_id,
        "symbol": order.symbol,
        "side": order.side,
        "quantity": order.quantity,
        "price_e4": order.price_e4,
        "time_in_force": order.time_in_force,
        "filled": order.filled,
        "canceled": order.canceled,
        "state": order.state.value,
        "reason": order.reason,
        "executions": [
            {
                "match_number": fill.match_number,
                "quantity": fill.shares,
                "price_e4": fill.price_e4,
                "liquidity": "A" if fill.is_resting else "R",
                "at_ns": fill.at_ns,
                "is_broken": (order.session, fill.match_number) in order.account.broken,
            }
            for fill in order.executions
        ],
    }
