import datetime as dt
import json
from decimal import Decimal

import msgspec
import pytest
from django.db import DatabaseError, IntegrityError, transaction

from audit.models import AuditRecord
from common import clock, valkey
from common.errors import Refusal
from orders import handlers, selectors, services
from orders.models import Order, OrderEvent
from orders.services.projecting import UnknownOrder
from settlement import selectors as settlement
from settlement.models import Fill
from streams.models import Fact, OutboxCommand
from tests import builders
from wire import gateway, transport
from wire.client import CancelAll, CancelOrder
from wire.units import ControlScope, OrderType, Side

pytestmark = pytest.mark.django_db

NAME = "BTC-27MAR26-80000-C"


@pytest.fixture
def desk():
    return builders.trading_firm(deposits={"BTC": "5"})


@pytest.fixture
def instrument():
    row = builders.listed(NAME)
    builders.play_market(row)
    return row


@pytest.fixture
def journal():
    return builders.Journal()


def place(desk, instrument, *, at=None, **changes):
    message = builders.limit_order(instrument, desk.account, **changes)
    return services.place_order(user=desk.user, actor=desk.actor, message=message, at=at or clock.now())


def cancel(desk, order, command_id="cancel-1"):
    message = CancelOrder(command_id=command_id, order_id=order.id)
    return services.cancel_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())


def accepted(journal, order):
    builders.project(journal.envelope(gateway.OrderAccepted(order_id=order.id, leaves_lots=order.quantity_lots)))


def filled(journal, order, execution_id, lots, cumulative, **changes):
    event = builders.execution(order, execution_id=execution_id, lots=lots, cumulative=cumulative, **changes)
    envelope = journal.envelope(event)
    builders.project(envelope)
    return envelope


def state(order):
    order.refresh_from_db()
    return order.state


def commands():
    return [json.loads(row.payload) for row in OutboxCommand.objects.order_by("id")]


def facts_of(desk, prefix="order."):
    rows = Fact.objects.filter(firm_id=desk.firm.id).order_by("sequence")
    return [fact for row in rows if (fact := json.loads(row.payload))["type"].startswith(prefix)]


def counts():
    return [model.objects.count() for model in (Order, OrderEvent, OutboxCommand, Fact, AuditRecord, Fill)]


def test_placed_order_is_written_audited_told_and_sent(desk, instrument):
    at = clock.now()
    order = place(desk, instrument, at=at, command_id="c1")
    (command,) = commands()
    assert {key: command[key] for key in ("type", "order_id", "account_id", "user_id", "desk_id", "firm_id")} == {
        "type": "gateway.place_order", "order_id": order.id, "account_id": desk.account.id, "user_id": desk.user.id,
        "desk_id": desk.desk.id, "firm_id": desk.firm.id,
    }
    assert (command["instrument_id"], command["quantity_lots"], command["price_ticks"]) == (instrument.id, 10, 1_000)
    assert command["valid_until_ns"] - clock.to_ns(at) == 5_000_000_000
    (fact,) = facts_of(desk)
    assert (fact["order"]["state"], fact["order"]["leaves_quantity"], fact["order"]["price"]) == ("pending_new", "1", "0.1")
    record = AuditRecord.objects.get(entity=f"order:{order.id}")
    assert (record.action, record.user_id, record.command_id, record.after["price"]) == (
        "order.placed", desk.user.id, "c1", "0.1",
    )


def test_repeated_command_gets_the_first_answer_even_when_the_market_is_gone(desk, instrument):
    order = place(desk, instrument, command_id="c1")
    before = counts()
    valkey.client().delete(transport.GATEWAY_HEARTBEAT)
    assert place(desk, instrument, command_id="c1").id == order.id
    assert counts() == before


def test_reused_command_id_is_refused(desk, instrument):
    order = place(desk, instrument, command_id="c1")
    before = counts()
    for attempt in (
        lambda: place(desk, instrument, command_id="c1", quantity="2"),
        lambda: place(desk, instrument, command_id="c1", side=Side.SELL),
        lambda: cancel(desk, order, command_id="c1"),
    ):
        with pytest.raises(Refusal) as raised:
            attempt()
        assert (raised.value.reason, raised.value.status) == ("command_id_reused", 409)
    assert counts() == before


def test_two_users_may_use_the_same_command_id(desk, instrument):
    other = builders.trading_firm()
    assert place(desk, instrument, command_id="c1").id != place(other, instrument, command_id="c1").id


@pytest.mark.parametrize("role", ["compliance", "admin"])
def test_only_traders_and_makers_place_orders(instrument, role):
    desk = builders.trading_firm(role=role)
    with pytest.raises(Refusal) as raised:
        place(desk, instrument)
    assert (raised.value.reason, raised.value.value) == ("not_authorized", role)
    assert not Order.objects.exists()


def test_maker_places_orders_too(instrument):
    assert place(builders.trading_firm(kind="maker", role="client"), instrument).state == "pending_new"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"account_id": 10**25}, "unknown_account"),
        ({"instrument_name": "BTC-9"}, "unknown_instrument"),
        ({"quantity": "0.55"}, "quantity_off_grid"),
        ({"price": "0.00005"}, "price_off_grid"),
        ({"price": None}, "price_required"),
        ({"order_type": OrderType.MARKET}, "price_forbidden"),
    ],
)
def test_bad_orders_are_refused_and_change_nothing(desk, instrument, changes, reason):
    before = counts()
    with pytest.raises(Refusal) as raised:
        place(desk, instrument, command_id="c1", **changes)
    assert raised.value.reason == reason and counts() == before
    assert place(desk, instrument, command_id="c1").state == "pending_new"  # the id was not used up


def test_another_firms_account_does_not_exist(desk, instrument):
    with pytest.raises(Refusal) as raised:
        place(desk, instrument, account_id=builders.trading_firm().account.id)
    assert (raised.value.reason, raised.value.status) == ("unknown_account", 404)


@pytest.mark.parametrize(
    ("market", "reason", "value"),
    [
        ({"state": "halted: journal"}, "gateway_unavailable", "halted: journal"),
        ({"at_ns": 1}, "stale_market", None),
        ({"silent": True}, "gateway_unavailable", "silent"),
        ({"unlisted": True}, "stale_market", "none"),
        ({"market_time_ns": 10**19 - 1}, "instrument_not_trading", "expired"),
    ],
)
def test_no_new_risk_without_gateway_or_price_but_cancels_pass(desk, instrument, journal, market, reason, value):
    working = place(desk, instrument)
    accepted(journal, working)
    silent, unlisted = market.pop("silent", False), market.pop("unlisted", False)
    if "market_time_ns" in market:
        market["market_time_ns"] = instrument.expiry_at_ns
    builders.play_market(*([] if unlisted else [instrument]), **market)
    if silent:
        valkey.client().delete(transport.GATEWAY_HEARTBEAT)
    with pytest.raises(Refusal) as raised:
        place(desk, instrument)
    assert raised.value.reason == reason and (value is None or raised.value.value == value)
    assert cancel(desk, working).state == "pending_cancel"


def test_unreachable_valkey_means_no_new_risk(desk, instrument, settings):
    settings.VALKEY_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(Refusal) as raised:
        place(desk, instrument)
    assert (raised.value.reason, raised.value.value, raised.value.status) == ("gateway_unavailable", "unreachable", 503)


def test_delivered_instrument_does_not_trade(desk, instrument):
    from market import services as market

    market.deliver_instrument(instrument_id=instrument.id, delivery_price=Decimal(1), at=clock.now())
    with pytest.raises(Refusal) as raised:
        place(desk, instrument)
    assert raised.value.reason == "instrument_not_trading"


def test_order_lives_through_fills(desk, instrument, journal):
    order = place(desk, instrument)
    accepted(journal, order)
    assert state(order) == "new"
    filled(journal, order, 1, 4, 4, price_ticks=1_000)
    assert state(order) == "partially_filled"
    filled(journal, order, 2, 6, 10, price_ticks=900)
    view = selectors.get_order(desk.user, order.id)
    assert (view.state, view.filled_quantity, view.leaves_quantity, view.average_price) == ("filled", "1", "0", "0.094")
    (position,) = settlement.list_positions([desk.account.id])
    assert (position.quantity, position.average_price) == ("1", "0.094")
    assert [fact["type"] for fact in facts_of(desk)] == ["order.changed", "order.changed", "order.filled", "order.filled"]
    assert facts_of(desk)[-1]["fill"]["execution_id"] == 2
    assert [event.kind for event in selectors.list_events(desk.user, order.id)] == ["accepted", "executed", "executed"]
    assert settlement.check_ledger() == []


def test_the_same_event_twice_changes_nothing(desk, instrument, journal):
    order = place(desk, instrument)
    accepted(journal, order)
    envelope = filled(journal, order, 1, 4, 4)
    before, view = counts(), selectors.get_order(desk.user, order.id)
    for _ in range(10):
        builders.project(envelope)
    assert counts() == before and selectors.get_order(desk.user, order.id) == view


def test_fill_outrun_by_its_cancel_is_booked(desk, instrument, journal):
    order = place(desk, instrument)
    late = journal.envelope(builders.execution(order, execution_id=1, lots=4, cumulative=4))
    canceled = gateway.OrderCanceled(order_id=order.id, reason="requested", canceled_lots=6, cumulative_lots=4)
    builders.project(journal.envelope(canceled))
    assert selectors.get_order(desk.user, order.id).average_price is None
    builders.project(late)
    view = selectors.get_order(desk.user, order.id)
    assert (view.state, view.filled_quantity, view.average_price) == ("canceled", "0.4", "0.1")
    assert settlement.list_positions([desk.account.id])[0].quantity == "0.4"


def test_rejection_keeps_reason_value_and_bound(desk, instrument, journal):
    order = place(desk, instrument)
    rejected = gateway.OrderRejected(order_id=order.id, reason="max_order_quantity", value=10, bound=5)
    builders.project(journal.envelope(rejected))
    view = selectors.get_order(desk.user, order.id)
    assert (view.state, view.reason, view.reason_value, view.reason_bound, view.leaves_quantity) == (
        "rejected", "max_order_quantity", "1", "0.5", "0",
    )


def test_unreadable_command_rejects_its_order(desk, instrument, journal):
    order = place(desk, instrument)
    command_id = commands()[0]["command_id"]
    refused = gateway.CommandRefused(command_id=command_id, reason="malformed", value=0, bound=0)
    builders.project(journal.envelope(refused))
    assert state(order) == "rejected"
    builders.project(journal.envelope(gateway.CommandRefused(command_id="set-limits", reason="x", value=0, bound=0)))


def test_cancel_is_asked_and_answered(desk, instrument, journal):
    order = place(desk, instrument)
    accepted(journal, order)
    assert cancel(desk, order).state == "pending_cancel"
    assert commands()[-1]["type"] == "gateway.cancel_order"
    before = counts()
    assert cancel(desk, order).id == order.id and counts() == before
    canceled = gateway.OrderCanceled(order_id=order.id, reason="requested", canceled_lots=10, cumulative_lots=0)
    builders.project(journal.envelope(canceled))
    assert state(order) == "canceled"
    assert cancel(desk, order).id == order.id  # the first answer again
    with pytest.raises(Refusal) as raised:
        cancel(desk, order, command_id="cancel-2")
    assert (raised.value.reason, raised.value.value, raised.value.status) == ("order_not_working", "canceled", 409)


def test_rejected_cancel_leaves_the_order_working(desk, instrument, journal):
    order = place(desk, instrument)
    accepted(journal, order)
    cancel(desk, order)
    builders.project(journal.envelope(gateway.CancelRejected(order_id=order.id, reason="too_late")))
    assert state(order) == "new" and order.reason == "cancel rejected: too_late"


def test_another_firms_order_does_not_exist(desk, instrument):
    order, other = place(desk, instrument), builders.trading_firm()
    for attempt in (
        lambda: cancel(other, order),
        lambda: selectors.get_order(other.user, order.id),
        lambda: selectors.list_events(other.user, order.id),
        lambda: cancel(other, Order(id=10**25)),
    ):
        with pytest.raises(Refusal) as raised:
            attempt()
        assert (raised.value.reason, raised.value.status) == ("unknown_order", 404)
    assert selectors.list_orders(other.user) == [] and selectors.snapshot(other.firm.id, "trader")["orders"] == []
    compliance = builders.add_user(builders.trading_firm(kind="house", role="compliance").firm, role="compliance")
    assert selectors.get_order(compliance, order.id).order_id == order.id


@pytest.mark.parametrize("own_account", [True, False])
def test_cancel_all_covers_account_or_firm(desk, instrument, journal, own_account):
    place(desk, instrument)
    message = CancelAll(command_id="all-1", account_id=desk.account.id if own_account else None)
    scope, scope_id = ("account", desk.account.id) if own_account else ("firm", desk.firm.id)
    for _ in range(2):
        answer = handlers.cancel_all(desk.user, desk.actor, message)
        assert (answer.entity, answer.entity_id) == (scope, scope_id)
    (command,) = [row for row in commands() if row["type"] == "gateway.cancel_all"]
    assert (command["scope"], command["scope_id"]) == (scope, scope_id)
    done = gateway.CancelAllDone(scope=ControlScope(scope), scope_id=scope_id, orders_canceled=1)
    builders.project(journal.envelope(done))
    assert facts_of(desk)[-1] == {
        "type": "order.cancel_all_done", "scope": scope, "scope_id": scope_id, "orders_canceled": 1,
    }


def test_cancel_all_of_another_firms_account_is_refused(desk):
    message = CancelAll(command_id="all-1", account_id=builders.trading_firm().account.id)
    with pytest.raises(Refusal) as raised:
        handlers.cancel_all(desk.user, desk.actor, message)
    assert raised.value.reason == "unknown_account" and commands() == []


def test_silence_makes_orders_unknown_until_an_event_says_more(desk, instrument, journal):
    start = clock.now()
    order, working = place(desk, instrument, at=start), place(desk, instrument, at=start)
    accepted(journal, working)
    assert services.mark_unanswered(start + dt.timedelta(milliseconds=2_900)) == 0
    assert services.mark_unanswered(start + dt.timedelta(milliseconds=3_100)) == 1
    assert (state(order), state(working)) == ("unknown", "new")
    assert facts_of(desk)[-1]["order"]["state"] == "unknown"
    assert services.mark_unanswered(start + dt.timedelta(hours=1)) == 0
    accepted(journal, order)
    assert state(order) == "new"


def test_silence_after_a_cancel_is_unknown_too(desk, instrument, journal):
    order = place(desk, instrument)
    accepted(journal, order)
    cancel(desk, order)
    assert services.mark_unanswered(clock.now() + dt.timedelta(seconds=4)) == 1
    assert state(order) == "unknown"
    filled(journal, order, 1, 4, 4)
    assert state(order) == "pending_cancel"


def test_event_of_an_unknown_order_stops_the_projection(journal):
    with pytest.raises(UnknownOrder):
        builders.project(journal.envelope(gateway.OrderAccepted(order_id=99, leaves_lots=1)))


def test_snapshot_is_what_the_facts_amount_to(desk, instrument, journal):
    orders = [place(desk, instrument) for _ in range(4)]
    for order in orders[:3]:
        accepted(journal, order)
    filled(journal, orders[0], 1, 10, 10)
    filled(journal, orders[1], 2, 3, 3)
    cancel(desk, orders[2])
    held, fills = {}, {}
    for fact in facts_of(desk):
        held[fact["order"]["order_id"]] = fact["order"]
        if "fill" in fact:
            fills[fact["fill"]["execution_id"]] = fact["fill"]
    fresh = json.loads(msgspec.json.encode(selectors.snapshot(desk.firm.id, "trader")))
    assert {row["order_id"]: row for row in fresh["orders"]} == held
    assert {row["execution_id"]: row for row in fresh["fills"]} == fills


@pytest.mark.parametrize(
    "changes",
    [
        {"cumulative_lots": 11}, {"canceled_lots": 1, "cumulative_lots": 10}, {"state": "filled"}, {"state": "canceled"},
        {"quantity_lots": 0}, {"price": None}, {"order_type": "market"}, {"traded_lots": 1}, {"cumulative_lots": 10},
    ],
)
def test_database_refuses_impossible_orders(desk, instrument, changes):
    order = place(desk, instrument)
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(id=order.id).update(**changes)


def test_events_of_an_order_cannot_be_changed(desk, instrument, journal):
    accepted(journal, place(desk, instrument))
    with pytest.raises(DatabaseError), transaction.atomic():
        OrderEvent.objects.update(state="filled")
