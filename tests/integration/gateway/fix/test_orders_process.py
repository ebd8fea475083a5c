"""Orders over FIX through the real gateway process into the real database, also where the process is killed."""

from collections import Counter
from pathlib import Path

import pytest

from audit.models import AuditRecord
from orders.models import Order, OrderEvent
from settlement.models import Fill
from tests import builders
from tests.integration.gateway import rig
from tests.integration.gateway.fix.client import Client, timestamp, value
from tests.integration.gateway.fix.test_process import Desk, log_on, running_desk, session
from wire.gateway import OrderCanceled

pytestmark = [pytest.mark.processes, pytest.mark.django_db]

NAME = "BTC-PERPETUAL"


@pytest.fixture
def trader():
    return builders.trading_firm(deposits={"BTC": "50"})


@pytest.fixture
def desk(tmp_path: Path, trader):
    owner = {
        "firm_id": trader.firm.id, "user_id": trader.user.id, "desk_id": trader.desk.id,
        "account_id": trader.account.id, "account_ids": [trader.account.id],
    }  # fmt: skip
    with running_desk(tmp_path) as made:
        made.give(session(1, cancels_on_disconnect=False, **owner))
        made.give(session(2, cancels_on_disconnect=False, grants=["drop_copy"], **owner))
        made.dispatcher.send(rig.limits(account_id=trader.account.id, firm_id=trader.firm.id, desk_id=trader.desk.id))
        rig.wait_for(lambda: made.dispatcher.taken() == 3, "the limits")
        yield made


def new_order(client: Client, client_order_id: str, side: str, quantity: int, price: float) -> None:
    client.send(
        "D", (11, client_order_id), (55, NAME), (54, side), (60, timestamp()), (38, quantity), (40, "2"),
        (44, f"{price:.1f}"), (59, "1"),
    )  # fmt: skip


def reports(client: Client, count: int, *tags: int) -> list[tuple[str, ...]]:
    received = [client.receive("8") for _ in range(count)]
    return [tuple(value(message, tag) for tag in tags) for message in received]


def project(desk: Desk, done: int) -> int:
    """What came since, into the database; returns how many events were projected in all."""
    events = desk.dispatcher.events[done:]
    for envelope in events:
        builders.project(envelope)
    return done + len(events)


def wait_for_orders(desk: Desk, count: int) -> None:
    def ended_or_working() -> bool:
        kinds = Counter(type(e.event).__name__ for e in desk.dispatcher.events)
        return kinds["OrderEntered"] >= count and kinds["OrderAccepted"] + kinds["OrderRejected"] >= count

    rig.wait_for(ended_or_working, "the events")


def test_order_over_fix_becomes_a_row(desk: Desk, trader) -> None:
    ticker = desk.dispatcher.quoted(NAME)
    with desk.client(1) as client, desk.client(2) as copy:
        log_on(client)
        log_on(copy)
        new_order(client, "A-1", "1", 5, float(ticker.bid_price) - 200)
        ((order_id, *ack),) = reports(client, 1, 37, 150, 39, 151, 14)
        assert ack == ["0", "0", "5", "0"]
        new_order(client, "A-2", "1", 7, float(ticker.ask_price) + 100)
        assert reports(client, 2, 150, 39)[1] == ("F", "2")
        client.send("F", (11, "C-1"), (41, "A-1"), (55, NAME), (54, "1"), (60, timestamp()), (38, 5))
        assert reports(client, 1, 150, 39, 11, 41) == [("4", "4", "C-1", "A-1")]
        own = [value(message, 17) for message in client.received if value(message, 35) == "8"]
        assert [found for (found,) in reports(copy, 4, 17)] == own
    rig.wait_for(lambda: any(isinstance(e.event, OrderCanceled) for e in desk.dispatcher.events), "the cancellation")
    project(desk, 0)
    rows = {order.client_order_id: order for order in Order.objects.all()}
    assert {name: (row.state, row.cumulative_lots, row.origin, row.session) for name, row in rows.items()} == {
        "A-1": ("canceled", 0, "fix", "CLIENT1 FIX.4.4"), "A-2": ("filled", 7, "fix", "CLIENT1 FIX.4.4"),
    }  # fmt: skip
    assert str(rows["A-1"].pk) == order_id
    assert Fill.objects.filter(order_id=rows["A-2"].pk).count() >= 1
    asked = AuditRecord.objects.filter(via="fix").order_by("id").values_list("action", "command_id", "user_id")
    assert list(asked) == [
        ("order.placed", "A-1", trader.user.id), ("order.placed", "A-2", trader.user.id),
        ("order.cancel_requested", "C-1", trader.user.id),
    ]  # fmt: skip


def test_kill_between_acknowledgement_and_projection_loses_and_doubles_nothing(desk: Desk) -> None:
    ticker = desk.dispatcher.quoted(NAME)
    price, acknowledged = float(ticker.bid_price) - 4_000, dict[str, str]()
    for life in range(3):
        with desk.client(1) as client:
            log_on(client, (141, "Y"))
            for number in range(10):
                new_order(client, f"L{life}-{number}", "1", 1, price)
            for client_order_id, order_id in reports(client, 10, 11, 37):
                acknowledged[client_order_id] = order_id
            desk.restart()
        rig.wait_for(lambda: desk.dispatcher.heartbeat()["state"] == "running", "the gateway")
    assert len(set(acknowledged.values())) == 30
    wait_for_orders(desk, 30)
    project(desk, 0)
    rows = {order.client_order_id: str(order.pk) for order in Order.objects.all()}
    assert rows == acknowledged
    assert set(Order.objects.values_list("state", flat=True)) == {"new"}
    assert OrderEvent.objects.filter(kind="entered").count() == 30
    with desk.client(1) as client:
        log_on(client, (141, "Y"))
        client.send("H", (11, "L0-3"), (55, NAME), (54, "1"))
        ((order_id, status),) = reports(client, 1, 37, 39)
        assert (order_id, status) == (acknowledged["L0-3"], "0")
        client.send("AF", (584, "M"), (585, "7"))
        assert {found for (found,) in reports(client, 30, 37)} == set(acknowledged.values())
