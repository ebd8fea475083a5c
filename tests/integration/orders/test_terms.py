"""Every type and term that the engine knows, from the client's message to what the engine made of it."""

import pytest

from audit.models import AuditRecord
from common import clock
from common.errors import Conflict, Refusal
from orders import selectors, services
from orders.models import Order, OrderEvent
from tests import builders
from tests.integration.risk.gate import MARK, place, play, settle
from wire.client import AmendOrder
from wire.units import OrderType, PegReference, SelfMatch, Side, StopTrigger, TimeInForce

pytestmark = pytest.mark.django_db


def ask(venue, desk, perpetual, **changes):
    play()
    fields = {"quantity": "10", "price": str(MARK), **changes}
    message = builders.limit_order(perpetual, desk.account, **fields)
    order = services.place_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    settle(venue)
    return Order.objects.select_related("instrument").get(pk=order.pk)


def amend(venue, desk, order, **changes):
    play()
    fields = {"command_id": f"amend-{order.pk}-{len(changes)}", "order_id": order.pk, **changes}
    services.amend_order(user=desk.user, actor=desk.actor, message=AmendOrder(**fields), at=clock.now())
    settle(venue)
    order.refresh_from_db()
    return order


def test_a_stop_waits_and_acts_on_the_mark(venue, perpetual, desk):
    order = ask(
        venue, desk, perpetual, order_type=OrderType.STOP, price=None, stop_price=str(MARK + 100), trigger=StopTrigger.MARK
    )
    assert (order.state, order.is_triggered) == ("new", False)
    view = selectors.order_view(order)
    assert (view.stop_price, view.trigger, view.price) == (str(MARK + 100), StopTrigger.MARK, None)
    assert AuditRecord.objects.get(action="order.placed").after["stop_price"] == str(MARK + 100)
    ticks = 2 * MARK + 220
    venue.engine.set_quotes(clock.now_ns(), builders.FEBRUARY, perpetual.id, ticks, [(ticks - 20, 100)], [(ticks + 20, 100)])
    settle(venue)
    order.refresh_from_db()
    assert (order.state, order.is_triggered) == ("filled", True)
    kinds = list(OrderEvent.objects.order_by("event_number").values_list("kind", flat=True))
    assert kinds == ["accepted", "triggered", "executed"]


ACCEPTED = {
    "stop limit": {"order_type": OrderType.STOP_LIMIT, "stop_price": str(MARK + 50), "price": str(MARK + 60)},
    "peg": {"order_type": OrderType.PEG, "price": None, "peg_reference": PegReference.PRIMARY, "peg_offset": "-5"},
    "peg with a limit": {"order_type": OrderType.PEG, "peg_offset": "-0.5"},
    "iceberg": {"display_quantity": "2"},
    "day": {"time_in_force": TimeInForce.DAY},
    "own orders met": {"self_match": SelfMatch.CANCEL_BOTH},
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_terms_arrive_in_the_engine(venue, perpetual, desk, name):
    order = ask(venue, desk, perpetual, **ACCEPTED[name])
    assert (order.state, order.reason) == ("new", "")
    assert order.pk in {row[0] for row in venue.engine.working_orders()}


def test_an_iceberg_shows_a_part(venue, perpetual, desk):
    order = ask(venue, desk, perpetual, display_quantity="2")
    assert selectors.order_view(order).display_quantity == "2"
    bids, _ = venue.engine.depth(perpetual.id, 1)
    assert bids[0][1] == 2


def test_an_order_until_a_time_expires(venue, perpetual, desk):
    expires_at_ns = clock.now_ns() + 60 * 10**9
    order = ask(venue, desk, perpetual, time_in_force=TimeInForce.GTD, expires_at_ns=expires_at_ns)
    assert order.state == "new"
    venue.engine.feed_heartbeat(expires_at_ns + 1, builders.FEBRUARY)
    settle(venue)
    order.refresh_from_db()
    assert (order.state, order.reason, order.expires_at_ns) == ("expired", "expired", expires_at_ns)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"time_in_force": TimeInForce.FOK, "price": str(MARK + 10)}, "fill_or_kill"),
        ({"time_in_force": TimeInForce.IOC, "minimum_quantity": "10", "price": str(MARK)}, "minimum_quantity"),
    ],
)
def test_all_or_enough_or_nothing(venue, perpetual, desk, terms, reason):
    ticks = 2 * MARK
    venue.engine.set_quotes(clock.now_ns(), builders.FEBRUARY, perpetual.id, ticks, [(ticks - 20, 5)], [(ticks + 20, 5)])
    order = ask(venue, desk, perpetual, quantity="20", **terms)
    assert (order.state, order.reason, order.cumulative_lots) == ("canceled", reason, 0)


def test_reduce_only_is_cut_to_the_position(venue, perpetual, desk):
    assert ask(venue, desk, perpetual, is_reduce_only=True).reason == "reduce_only"
    assert ask(venue, desk, perpetual, order_type=OrderType.MARKET, price=None, quantity="4").state == "filled"
    cut = ask(venue, desk, perpetual, side=Side.SELL, is_reduce_only=True, price=str(MARK + 5))
    assert (cut.state, cut.quantity_lots, cut.reason) == ("new", 4, "")
    assert cut.quantity == 4


def test_an_amendment_changes_quantity_and_price(venue, perpetual, desk):
    order = place(venue, desk, perpetual, 10)
    amended = amend(venue, desk, order, quantity="7", price=str(MARK - 5))
    assert (amended.quantity_lots, amended.price_ticks, amended.state) == (7, 2 * MARK - 10, "new")
    requested = AuditRecord.objects.get(action="order.amend_requested")
    assert requested.after == {"quantity_lots": 7, "price_ticks": 2 * MARK - 10}
    assert amend(venue, desk, order, quantity="9").quantity_lots == 9


def test_a_refused_amendment_is_said_and_changes_nothing(venue, perpetual, desk):
    order = place(venue, desk, perpetual, 10)
    refused = amend(venue, desk, order, quantity="900000")
    assert (refused.quantity_lots, refused.state, refused.reason) == (10, "new", "amend rejected: margin_headroom")
    assert refused.reason_value.startswith("margin after -") and refused.reason_bound == "0.00 USD"
    assert amend(venue, desk, order, quantity="8", price=str(MARK)).reason == ""


def test_an_amendment_is_taken_once_and_refused_by_name(venue, perpetual, desk):
    order = place(venue, desk, perpetual, 10)
    amend(venue, desk, order, quantity="7")
    assert amend(venue, desk, order, quantity="7").quantity_lots == 7
    assert OrderEvent.objects.filter(kind="amended").count() == 1
    cases = {"nothing_to_amend": {}, "quantity_not_positive": {"quantity": "0"}, "price_off_grid": {"price": "80000.3"}}
    for number, (reason, changes) in enumerate(cases.items()):
        message = AmendOrder(command_id=f"bad{number}", order_id=order.pk, **changes)
        with pytest.raises(Refusal) as refused:
            services.amend_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
        assert refused.value.reason == reason
    filled = ask(venue, desk, perpetual, order_type=OrderType.MARKET, price=None)
    with pytest.raises(Conflict) as refused:
        amend(venue, desk, filled, quantity="20")
    assert refused.value.reason == "order_not_working"
    message = AmendOrder(command_id="foreign", order_id=order.pk, quantity="1")
    other = builders.trading_firm()
    with pytest.raises(Refusal) as refused:
        services.amend_order(user=other.user, actor=other.actor, message=message, at=clock.now())
    assert refused.value.reason == "unknown_order"
