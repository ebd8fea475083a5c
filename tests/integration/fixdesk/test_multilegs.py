"""Multi-leg orders by FIX: entered, changed, canceled and asked for, through the desk's own services."""

import pytest

from common import clock
from fixdesk.models import FixMultileg
from orders import services
from orders.models import ParentOrder, ParentPolicy
from tests import builders
from tests.integration.fixdesk.legs import Party, cancel, order, replace, session_of
from tests.integration.orders.test_multileg import LOW, net, spread
from wire import client_parents as messages
from wire import fix_multileg
from wire.client_rfq import RfqLeg
from wire.multileg import LeggingRule
from wire.units import Side, TimeInForce

pytestmark = pytest.mark.django_db


def test_the_same_order_again_gets_its_status_and_another_one_is_refused(party, desk):
    parent = party.enter(parameters=spread(net(100)))
    party.reports()
    party.enter(parameters=spread(net(100)))
    party.take(order(desk, parameters=spread(net(100))), is_resend=True)
    party.enter(parameters=spread(net(101)))
    assert party.said(37, 150, 39, 103) == [
        (f"M{parent.pk}", "I", "0", None), (f"M{parent.pk}", "I", "0", None), ("NONE", "8", "8", "6"),
    ]  # fmt: skip
    assert ParentOrder.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "reason", "number"),
    [
        ({"parameters": spread("0.00001")}, "net_price_off_grid", "99"),
        ({"quantity": "0.001"}, "quantity_off_grid", "13"),
        ({"parameters": spread(time_in_force=TimeInForce.FOK)}, "fok_not_legged", "11"),
        ({"parameters": spread(legs=(RfqLeg(instrument_name="BTC-1JAN99-1-C", side=Side.BUY), *spread().legs))},
         "unknown_instrument", "1"),
        ({"parameters": spread(time_in_force=TimeInForce.GTD, expires_at_ns=1)}, "expiry_passed", "4"),
        ({"account_id": 999_999}, "unknown_account", "15"),
    ],
)  # fmt: skip
def test_what_the_desk_refuses_is_rejected_by_name_and_leaves_nothing(party, changes, reason, number):
    party.enter(**changes)
    ((kind, body),) = party.reports()
    assert (kind, body[150], body[39], body[11], body[58].partition(":")[0], body[103]) == (
        "8", "8", "8", "A-1", reason, number,
    )  # fmt: skip
    assert (ParentOrder.objects.count(), FixMultileg.objects.count()) == (0, 0)
    party.enter()
    assert party.said(150)[0] == ("A",), "its ClOrdID named no order"


def test_a_session_without_the_grant_enters_nothing(venue, desk, rows):
    party = Party(venue, desk, session_of(desk, "READS"))
    party.enter()
    assert [(body[150], body[58].partition(":")[0]) for _, body in party.reports()] == [("8", "not_granted")]
    assert not ParentOrder.objects.exists()


def test_a_cancel_is_pending_and_then_done_and_a_later_one_is_too_late(party):
    parent = party.enter(parameters=spread(net(100)))
    party.reports()
    party.take(cancel())
    party.take(cancel("C-2"))
    assert [(kind, body[11], body[41], body[39], body.get(58)) for kind, body in party.reports()] == [
        ("8", "C-1", "A-1", "6", None), ("9", "C-2", "A-1", "6", "cancel_pending: A cancel is on its way., value C-1"),
        ("8", "C-1", "A-1", "4", None),
    ]  # fmt: skip
    assert party.look(parent).state == "canceled"
    party.take(cancel("C-3", original="", parent_order_id=parent.pk))
    party.take(cancel("C-1"), is_resend=True)
    party.take(cancel("C-4", "nobody"))
    assert [(kind, body[37], body[11], body[102]) for kind, body in party.reports()] == [
        ("9", f"M{parent.pk}", "C-3", "0"), ("9", "NONE", "C-4", "1"),
    ]  # fmt: skip


def test_a_cancel_that_comes_while_the_last_unit_trades_is_refused(party):
    parent = party.enter(quantity="1")
    venue = party.venue
    party.reports()
    venue.now_ns += 10**9
    venue.algos.desk.on_time(venue.now_ns)
    party.take(cancel())
    party.look(parent)
    told = [(kind, body.get(150), body[39]) for kind, body in party.reports() if body.get(442) != "2"]
    assert told == [("8", "6", "6"), ("8", "F", "2"), ("9", None, "2")]


def test_a_replacement_is_in_force_and_names_the_order_from_then_on(party):
    parent = party.enter(parameters=spread(net(100)))
    party.reports()
    limit = fix_multileg.MultilegChanges(legging_limit="3", legging_rule=LeggingRule.UNWIND)
    party.take(replace(quantity="3", price=net(204), changes=limit))
    ((_, body),) = party.reports()
    assert [body[tag] for tag in (150, 39, 11, 41, 38, 44, 151)] == ["5", "0", "R-1", "A-1", "3", "0.0204", "3"]
    parent = party.look(parent, 4)
    assert (parent.state, parent.quantity_lots) == ("done", 30)
    given = parent.parameters["multileg"]
    assert (given["legging_limit"], given["legging_rule"], given["legging_slippage"]) == ("3", "unwind", net(5))
    told = party.reports()
    assert [body[150] for _, body in told if body[442] == "3"][-1] == "F"
    assert {body[11] for _, body in told} == {"R-1"}
    assert not [body for _, body in told if body[150] == "D"], "what the session changed itself is told once"


def test_a_replacement_that_cannot_be_is_refused_by_name(party):
    parent = party.enter(parameters=spread(net(100)))
    party.reports()
    turned = tuple(reversed(spread().legs))
    party.take(replace("R-1", side=Side.SELL))
    party.take(replace("R-2", legs=turned))
    party.take(replace("R-3", price="0.00001"))
    party.take(replace("R-4", "nobody"))
    party.take(replace("R-5", changes=fix_multileg.MultilegChanges(time_in_force=TimeInForce.FOK)))
    party.take(replace("A-1"))
    party.take(replace("R-6", changes=fix_multileg.MultilegChanges(quoting_leg=LOW)))
    refused = [(kind, body[434], body[58].partition(":")[0]) for kind, body in party.reports()]
    assert refused == [
        ("9", "2", name)
        for name in (
            "side_fixed", "legs_fixed", "net_price_off_grid", "unknown_order", "fok_not_legged", "duplicate_order",
            "legs_fixed",
        )
    ]  # fmt: skip
    parent.refresh_from_db()
    assert parent.parameters["multileg"]["net_price"] == net(100)


def test_time_in_force_may_be_replaced(party):
    parent = party.enter(parameters=spread(net(100)))
    party.take(replace(price=net(100), changes=fix_multileg.MultilegChanges(time_in_force=TimeInForce.DAY)))
    party.take(replace("R-2", "R-1", price=net(101)))
    assert party.said(59)[-2:] == [("0",), ("0",)]
    parent.refresh_from_db()
    assert parent.parameters["multileg"]["time_in_force"] == "gtd"
    party.take(replace("R-3", "R-2", changes=fix_multileg.MultilegChanges(time_in_force=TimeInForce.GTC)))
    parent.refresh_from_db()
    assert "expires_at_ns" not in parent.parameters["multileg"]
    assert party.said(150, 59) == [("5", "1")]


def test_the_session_that_goes_takes_its_orders_with_it(party, desk):
    parents = [party.enter(f"A-{number}", spread(net(100)), side=side) for number, side in enumerate(Side)]
    party.reports()
    party.take(fix_multileg.CancelMultilegs(side=Side.SELL))
    party.look(parents[1], 1)
    assert party.said(11, 150, 58) == [("A-1", "4", "mass_cancel")]
    party.take(fix_multileg.CancelMultilegs(is_disconnect=True), sequence=0)
    party.look(parents[0], 1)
    assert party.said(11, 150, 58, 378) == [("A-0", "4", "disconnected", "7")]
    party.take(fix_multileg.CancelMultilegs(is_disconnect=True), sequence=0)
    assert party.news() == []


def test_the_state_is_told_to_who_asks(party):
    parent = party.enter(parameters=spread(net(100)))
    party.reports()
    party.take(fix_multileg.AskMultileg(original="A-1", status_request_id="s"))
    party.take(fix_multileg.AskMultileg(original="", parent_order_id=parent.pk, status_request_id=""))
    party.take(fix_multileg.AskMultileg(original="nobody", status_request_id="t"))
    party.take(fix_multileg.ListMultilegs(mass_id="m"))
    party.take(fix_multileg.ListMultilegs(mass_id="n", side=Side.SELL))
    assert party.said(17, 150, 39, 790, 584, 911, 912, 103) == [
        ("0", "I", "0", "s", None, None, None, None), ("0", "I", "0", None, None, None, None, None),
        ("0", "I", "8", "t", None, None, None, "5"), ("0", "I", "0", None, "m", "1", "Y", None),
        ("0", "I", "8", None, "n", "0", "Y", "5"),
    ]  # fmt: skip


def test_another_session_finds_nothing_of_it(party, desk):
    parent = party.enter(parameters=spread(net(100)))
    party.reports()
    other = Party(party.venue, desk, session_of(desk, "OTHER", may_send_orders=True))
    other.cursor = party.cursor
    other.take(cancel())
    other.take(cancel("C-2", "", parent_order_id=parent.pk))
    assert [(kind, body[102]) for kind, body in other.reports()] == [("9", "1")] * 2
    party.cursor = other.cursor
    assert party.news() == []
    assert party.look(parent, 1).state == "working"


def test_a_second_person_lets_it_start(party, desk):
    ParentPolicy.objects.create(desk=desk.desk, takes_two=True)
    parent = party.enter()
    assert party.said(150, 58) == [("A", "approval_missing: another person approves and starts it")]
    second = builders.add_user(desk.firm, desk.desk)
    approve = messages.ApproveParent(command_id="yes", parent_order_id=parent.pk, reason="as agreed")
    services.approve_parent(user=second, actor=builders.actor_of(second), message=approve, at=clock.now())
    start = messages.StartParent(command_id="go", parent_order_id=parent.pk)
    services.start_parent(user=desk.user, actor=desk.actor, message=start, at=clock.now())
    party.venue.relay()
    parent = party.look(parent)
    told = party.said(150, 442)
    assert (parent.state, told[0], told[-1]) == ("done", ("0", "3"), ("F", "3"))


def test_one_that_waits_for_a_second_person_is_canceled_at_once(party, desk):
    ParentPolicy.objects.create(desk=desk.desk, takes_two=True)
    party.enter()
    party.reports()
    party.take(cancel())
    assert party.said(150, 39, 11) == [("6", "6", "C-1"), ("4", "4", "C-1")]
