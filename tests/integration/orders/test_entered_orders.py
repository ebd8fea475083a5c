"""Orders that a session of the gateway entered: the engine first, the database by projection."""

import json

import pytest

from audit.models import AuditRecord
from common import clock
from gateway.events import decode_event
from orders import selectors, services
from orders.models import Order, OrderEvent
from settlement.models import Fill
from streams.models import Fact, OutboxCommand
from tests import builders
from tests.integration.orders.venue import MID_TICKS, Venue
from wire.client import CancelOrder
from wire.gateway_entered import ENTERED_ORDERS_FROM

pytestmark = pytest.mark.django_db

NAME = "BTC-27MAR26-80000-C"
YEAR_NS = 365 * 86_400 * 10**9


@pytest.fixture
def venue(tmp_path):
    opened = Venue(tmp_path / "journal")
    yield opened
    opened.engine.stop()


@pytest.fixture
def desk(venue):
    trader = builders.trading_firm(deposits={"BTC": "50"})
    venue.limit(trader)
    return trader


@pytest.fixture
def row(venue):
    listed = builders.listed(NAME)
    builders.play_market(listed)
    venue.list([listed])
    mid = MID_TICKS[NAME]
    venue.engine.set_quotes(
        clock.now_ns(), builders.FEBRUARY, listed.id, mid, [(mid - 2, 20)], [(mid + 2, 20)]
    )
    return listed


def enter(venue, desk, row, client_order_id, *, session="desk", lots=3, ticks=None, **terms):
    return venue.engine.enter_order(
        clock.now_ns(), session, client_order_id, clock.now_ns() + YEAR_NS, desk.account.id, desk.user.id,
        desk.desk.id, desk.firm.id, row.id, 0, 0, 0, lots, MID_TICKS[NAME] - 5 if ticks is None else ticks, **terms,
    )


def audit_of(order_id):
    rows = AuditRecord.objects.filter(entity=f"order:{order_id}").order_by("sequence")
    return [(row.action, row.via, row.user_id, row.command_id, row.reason) for row in rows]


def test_entered_order_gets_its_row_audit_record_and_fact(venue, desk, row):
    order_id = enter(venue, desk, row, "A-1", display_lots=2)
    venue.project()
    order = Order.objects.get(id=order_id)
    assert order_id == ENTERED_ORDERS_FROM + 1
    assert (order.state, order.origin, order.session, order.client_order_id) == ("new", "fix", "desk", "A-1")
    assert (order.quantity_lots, order.price_ticks, order.display_lots) == (3, MID_TICKS[NAME] - 5, 2)
    assert order.price == order.price_ticks * row.tick_size
    assert order.arrival_mid == MID_TICKS[NAME] * row.tick_size
    assert audit_of(order_id) == [
        ("order.placed", "fix", desk.user.id, "A-1", ""), ("order.accepted", "gateway", None, "", ""),
    ]
    facts = [json.loads(fact.payload) for fact in Fact.objects.filter(firm_id=desk.firm.id).order_by("sequence")]
    shown = [(fact["order"]["state"], fact["order"]["client_order_id"]) for fact in facts if "order" in fact]
    assert shown == [("pending_new", "A-1"), ("new", "A-1")]
    assert not OutboxCommand.objects.filter(payload__contains="place_order").exists()


def test_events_projected_twice_change_nothing(venue, desk, row):
    enter(venue, desk, row, "A-1", ticks=MID_TICKS[NAME] + 2)
    assert venue.engine.flush(20)
    envelopes = [decode_event(raw) for raw in venue.engine.drain()]
    for envelope in envelopes:
        builders.project(envelope)
    counts = [model.objects.count() for model in (Order, OrderEvent, Fill, AuditRecord, Fact)]
    assert Order.objects.get().state == "filled"
    for envelope in envelopes:
        builders.project(envelope)
    assert [model.objects.count() for model in (Order, OrderEvent, Fill, AuditRecord, Fact)] == counts


def test_browser_cancels_an_entered_order(venue, desk, row):
    order_id = enter(venue, desk, row, "A-1")
    venue.project()
    message = CancelOrder(command_id="c1", order_id=order_id)
    services.cancel_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    for command in OutboxCommand.objects.filter(payload__contains="cancel_order"):
        assert f'"order_id":{order_id}' in command.payload
    venue.relay()
    venue.project()
    order = Order.objects.get(id=order_id)
    assert (order.state, order.reason) == ("canceled", "requested")


def test_session_amends_and_cancels(venue, desk, row):
    order_id = enter(venue, desk, row, "A-1")
    later = clock.now_ns() + YEAR_NS
    venue.engine.enter_amend(clock.now_ns(), "desk", "A-2", desk.user.id, later, order_id, 5, MID_TICKS[NAME] - 6)
    venue.engine.enter_cancel(clock.now_ns(), "desk", "A-3", desk.user.id, order_id)
    venue.project()
    order = Order.objects.get(id=order_id)
    assert (order.state, order.quantity_lots, order.canceled_lots) == ("canceled", 5, 5)
    assert [entry for entry in audit_of(order_id) if entry[1] == "fix"] == [
        ("order.placed", "fix", desk.user.id, "A-1", ""),
        ("order.amend_requested", "fix", desk.user.id, "A-2", ""),
        ("order.cancel_requested", "fix", desk.user.id, "A-3", ""),
    ]


def test_disconnect_says_why(venue, desk, row):
    order_id = enter(venue, desk, row, "A-1")
    venue.engine.enter_cancel(clock.now_ns(), "desk", "", desk.user.id, order_id, is_disconnect=True)
    venue.project()
    order = Order.objects.get(id=order_id)
    assert (order.state, order.reason) == ("canceled", "disconnected")
    assert ("order.cancel_requested", "fix", desk.user.id, "", "the session was disconnected") in audit_of(order_id)


def test_rejected_order_is_stored_with_its_reason(venue, desk, row):
    order_id = enter(venue, desk, row, "A-1", lots=10**7)
    venue.project()
    order = Order.objects.get(id=order_id)
    assert (order.state, order.reason) == ("rejected", "max_order_quantity")


def test_lists_are_newest_first_whatever_the_ids(venue, desk, row):
    first = enter(venue, desk, row, "A-1")
    venue.project()
    placed = services.place_order(
        user=desk.user, actor=desk.actor, message=builders.limit_order(row, desk.account), at=clock.now()
    )
    second = enter(venue, desk, row, "A-2")
    venue.project()
    assert [view.order_id for view in selectors.list_orders(desk.user)] == [second, placed.id, first]
    assert [view.order_id for view in selectors.list_orders(desk.user, before=placed.id)] == [first]
    assert selectors.list_orders(desk.user, before=12_345) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"session": ""}, "session"),
        ({"lots": 0}, "quantity_lots"),
        ({"ticks": 0}, "price_ticks"),
        ({"stop_ticks": 5}, "stops"),
        ({"expires_at_ns": 5}, "GTD"),
    ],
)
def test_what_the_database_could_not_store_is_not_entered(venue, desk, row, changes, why):
    with pytest.raises(ValueError, match=why):
        enter(venue, desk, row, "A-1", **changes)
    assert enter(venue, desk, row, "A-2") == ENTERED_ORDERS_FROM + 1
