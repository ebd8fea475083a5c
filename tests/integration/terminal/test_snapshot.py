"""Snapshot + facts = fresh snapshot, from every sequence on."""

import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.db import connection

from common import clock
from orders import services as orders_services
from orders.models import Order
from streams import selectors as streams_selectors
from terminal.snapshots import read_snapshot
from tests import builders
from wire import client, gateway
from wire.units import Side

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "BTC-27MAR26-80000-C"
KEYS = {
    "orders": ("order_id",),
    "fills": ("execution_id", "account_id"),
    "rfqs": ("rfq_id",),
    "positions": ("account_id", "instrument_name"),
    "balances": ("account_id", "asset"),
    "margins": ("account_id",),
    "drafts": ("rfq_id",),
    "maker_groups": ("maker_group_id",),
    "quoters": ("firm_id",),
    "counterparties": ("taker_firm_id",),
    "passes": ("rfq_id", "maker_name"),
    "protections": ("coin",),
    "sessions": ("session",),
    "desk_limits": ("firm_id",),
    "last_looks": ("agreement_id",),
    "parents": ("parent_order_id",),
    "parent_policies": ("desk_id",),
    "routes": ("route_id",),
    "splits": ("split_id",),
    "venue_rfqs": ("venue_rfq_id",),
    "pairs_desks": ("venue",),
    "pairs": ("pair_id",),
    "pair_orders": ("order_id",),
}
PARTS = {
    "order.changed": {"order": "orders"},
    "order.filled": {"order": "orders", "fill": "fills"},
    "rfq.leg_filled": {"fill": "fills"},
    "rfq.changed": {"rfq": "rfqs"},
    "position.changed": {"position": "positions"},
    "balance.changed": {"balance": "balances"},
}

State = dict[str, dict[tuple[Any, ...], Any]]


def snapshot(firm_id: int) -> tuple[int, State]:
    sequence, text = read_snapshot(firm_id, "trader")
    rows: dict[str, list[Any]] = msgspec.json.decode(text)
    assert rows.keys() == KEYS.keys()
    return sequence, {name: {key_of(name, row): row for row in found} for name, found in rows.items()}


def key_of(name: str, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[part] for part in KEYS[name])


def apply(state: State, payload: str) -> None:
    """What a client does with a fact: replace."""
    fact = msgspec.json.decode(payload)
    for field, name in PARTS.get(fact["type"], {}).items():
        state[name][key_of(name, fact[field])] = fact[field]
    if fact["type"] == "margin.changed":
        state["margins"][(fact["account_id"],)] = {name: value for name, value in fact.items() if name != "type"}


class Desk:
    """A trading firm whose orders the gateway answers as told."""

    def __init__(self) -> None:
        self.party = builders.trading_firm(deposits={"BTC": "5", "USDC": "1000"})
        self.instrument = builders.listed(NAME)
        self.journal = builders.Journal()
        self.executions = 0

    def place(self, **changes: Any) -> Order:
        builders.play_market(self.instrument)
        message = builders.limit_order(self.instrument, self.party.account, **changes)
        return orders_services.place_order(
            user=self.party.user, actor=self.party.actor, message=message, at=clock.now()
        )

    def happens(self, event: gateway.GatewayEvent) -> None:
        builders.project(self.journal.envelope(event))

    def accept(self, order: Order) -> None:
        self.happens(gateway.OrderAccepted(order_id=order.id, leaves_lots=order.quantity_lots))

    def fill(self, order: Order, lots: int, cumulative: int) -> None:
        self.executions += 1
        self.happens(builders.execution(order, execution_id=self.executions, lots=lots, cumulative=cumulative))


def trade(desk: Desk, wait: Callable[[], None] = lambda: None) -> None:
    """``wait``: called after each of the first steps."""
    first, second, third = desk.place(), desk.place(side=Side.SELL), desk.place()
    wait()
    desk.accept(first)
    wait()
    desk.fill(first, 4, 4)
    wait()
    desk.accept(second)
    wait()
    desk.fill(first, 6, 10)
    wait()
    desk.happens(gateway.OrderRejected(order_id=third.id, reason="position", value=5, bound=4))
    desk.fill(second, 3, 3)
    cancel = client.CancelOrder(command_id="cancel-1", order_id=second.id)
    orders_services.cancel_order(user=desk.party.user, actor=desk.party.actor, message=cancel, at=clock.now())
    canceled = gateway.OrderCanceled(order_id=second.id, reason="requested", canceled_lots=7, cumulative_lots=3)
    desk.happens(canceled)


def test_snapshot_and_facts_give_the_fresh_snapshot() -> None:
    desk = Desk()
    firm_id = desk.party.firm.id
    taken: list[tuple[int, State]] = []
    stop = threading.Event()

    def take_snapshots() -> None:
        try:
            while not stop.is_set():
                taken.append(snapshot(firm_id))
        finally:
            connection.close()

    def wait() -> None:
        wanted = len(taken) + 2  # the second begins after this step
        while len(taken) < wanted and reader.is_alive():
            time.sleep(0.001)

    reader = threading.Thread(target=take_snapshots)
    reader.start()
    trade(desk, wait)
    stop.set()
    reader.join()
    taken.insert(0, (0, {name: {} for name in KEYS}))
    last, fresh = snapshot(firm_id)
    assert len({sequence for sequence, _ in taken}) > 3
    for sequence, state in taken:
        for fact in streams_selectors.facts_after(firm_id, sequence):
            apply(state, fact.payload)
        assert state == fresh, f"from {sequence} to {last}"


def test_snapshot_reads_nothing_of_other_firms() -> None:
    desk, other = Desk(), builders.trading_firm(deposits={"BTC": "5"})
    trade(desk)
    _, state = snapshot(other.firm.id)
    assert {name: len(rows) for name, rows in state.items()} == {
        "orders": 0, "fills": 0, "rfqs": 0, "positions": 0, "balances": 1, "margins": 0,
        "drafts": 0, "maker_groups": 0, "quoters": 0, "counterparties": 0,
        "passes": 0, "protections": 0, "sessions": 0, "desk_limits": 0, "last_looks": 0, "parents": 0,
        "routes": 0, "splits": 0, "venue_rfqs": 0, "parent_policies": 0,
        "pairs_desks": 0, "pairs": 0, "pair_orders": 0,
    }  # fmt: skip
