"""What a session is told of its multi-leg orders as they trade in the real engine and end."""

import pytest

from common import clock
from fixdesk.models import FixMultileg
from fixdesk.services import outlet
from gateway.fix.rfq_reports import Reports
from orders import services
from tests import builders
from tests.integration.fixdesk.legs import alone_by_fix, refuse, session_of
from tests.integration.orders.test_multileg import HIGH, LOW, net, spread
from wire import client_parents as messages
from wire.algos import AlgoName
from wire.fix_multileg import MultilegReporting
from wire.multileg import LeggingRule
from wire.units import Side, TimeInForce

pytestmark = pytest.mark.django_db


def test_a_call_spread_is_bought_and_every_fill_is_told(party):
    parent = party.enter()
    assert party.said(37, 11, 150, 39, 151, 14, 6, 44, 442) == [
        (f"M{parent.pk}", "A-1", "A", "A", "2", "0", "0", "0.0204", "3"),
        (f"M{parent.pk}", "A-1", "0", "0", "2", "0", "0", "0.0204", "3"),
    ]  # fmt: skip
    parent = party.look(parent)
    assert parent.state == "done"
    told = party.reports()
    legs = [(body[55], body[54], body[32], body[31], body[654]) for _, body in told if body[442] == "2"]
    assert sorted(legs) == sorted([(LOW, "1", "1", "0.0502", "low"), (HIGH, "2", "1", "0.0298", "high")] * 2)
    whole = [(b[150], b[39], b[32], b[31], b[151], b[14], b[6]) for _, b in told if b[442] == "3"]
    assert whole == [("F", "1", "1", "0.0204", "1", "1", "0.0204"), ("F", "2", "1", "0.0204", "0", "2", "0.0204")]
    ids = [body[17] for _, body in told]
    assert len(set(ids)) == len(ids)
    assert not FixMultileg.objects.get().is_open
    assert party.news() == []


def test_day_ends_at_eight(party):
    at = clock.now()
    parent = party.enter(parameters=spread(net(100), time_in_force=TimeInForce.DAY))
    ends_ns = parent.parameters["multileg"]["expires_at_ns"]
    ends = clock.from_ns(ends_ns)
    assert (ends.hour, ends.minute, ends.second) == (8, 0, 0)
    assert 0 < (ends - at).total_seconds() <= 86_400
    assert party.said(59, 126) == [("0", None)] * 2
    assert party.look(parent, 1).state == "working"
    party.venue.now_ns = ends_ns
    parent = party.look(parent, 2)
    assert (parent.state, parent.reason) == ("canceled", "expired")
    assert party.said(150, 39, 151, 58) == [("C", "C", "0", "expired")]


def test_an_immediate_order_that_finds_nothing_ends_with_its_reason(party):
    parent = party.enter(parameters=spread(net(100), time_in_force=TimeInForce.IOC))
    party.look(parent)
    assert party.said(150, 39, 59, 58) == [
        ("A", "A", "3", None), ("0", "0", "3", None),
        ("4", "4", "3", "immediate_or_cancel: the books held no more at the net price"),
    ]  # fmt: skip


def test_what_a_person_does_at_the_desk_is_told(party, desk):
    parent = party.enter(parameters=spread(net(100)))
    party.reports()
    venue = party.venue
    services.pause_parent(user=desk.user, actor=desk.actor, at=clock.now(), message=messages.PauseParent(
        command_id="pause", parent_order_id=parent.pk))  # fmt: skip
    party.look(parent, 1)
    services.change_parent(user=desk.user, actor=desk.actor, at=clock.now(), message=messages.ChangeParent(
        command_id="change", parent_order_id=parent.pk, quantity="4"))  # fmt: skip
    services.resume_parent(user=desk.user, actor=desk.actor, at=clock.now(), message=messages.ResumeParent(
        command_id="resume", parent_order_id=parent.pk))  # fmt: skip
    party.look(parent, 1)
    services.cancel_parent(user=desk.user, actor=desk.actor, at=clock.now(), message=messages.CancelParent(
        command_id="cancel", parent_order_id=parent.pk))  # fmt: skip
    venue.relay()
    party.look(parent, 1)
    assert party.said(150, 39, 38, 58) == [
        ("9", "9", "2", "paused"), ("D", "9", "4", "amended"), ("D", "0", "4", "resumed"),
        ("4", "4", "4", "canceled by a person"),
    ]  # fmt: skip


def test_one_that_the_gateway_does_not_take_is_rejected(party, desk):
    party.venue.now_ns = 0
    builders.play_market(*party.venue.rows)
    party.venue.relay = lambda: None
    parent = party.enter(parameters=spread(net(100)))
    party.reports()
    refuse(parent, "parents_full")
    assert party.said(150, 39, 58, 151) == [("8", "8", "parents_full", "0")]


def test_a_late_leg_is_completed_and_says_so(party, desk, rows):
    with_room = spread(legging_slippage=net(8))
    parent = alone_by_fix(party, rows, with_room)
    parent = party.look(parent, 6)
    told = party.reports()
    late = [body for _, body in told if body[150] == "D"]
    assert [body[58].partition(":")[0] for body in late] == ["legs_late"]
    assert "1 of 2 units" in late[0][58]
    legs = [(body[55], body[58].partition(":")[0] if 58 in body else "") for _, body in told if body[442] == "2"]
    assert legs == [(LOW, ""), (HIGH, "late_completion")]
    (whole,) = [body for _, body in told if (body[442], body[150]) == ("3", "F")]
    assert (whole[31], whole[6], whole[14]) == ("0.0212", "0.0212", "1")


def test_what_stands_alone_is_unwound_and_the_order_ends_with_that(party, rows):
    parent = alone_by_fix(party, rows, spread(legging_rule=LeggingRule.UNWIND))
    parent = party.look(parent, 6)
    assert (parent.state, parent.reason) == ("canceled", "legging_unwound")
    told = party.reports()
    legs = [(body[55], body[54], body.get(58, "").partition(":")[0]) for _, body in told if body[442] == "2"]
    assert legs == [(LOW, "1", ""), (LOW, "2", "unwound")]
    end = told[-1][1]
    assert (end[150], end[14], end[58].partition(":")[0]) == ("4", "0", "legging_unwound")
    assert not FixMultileg.objects.get().is_open


def test_drop_copies_get_the_structure_and_not_the_legs(party, desk):
    copy = session_of(desk, "COPY", gets_drop_copy=True)
    parent = party.enter(quantity="1")
    party.look(parent)
    told = party.news(copy)
    assert [(news.event.value, news.is_copy) for news in told] == [("new", True), ("trade", True)]
    (first, *_) = [message for news in told for message in Reports(is_fix44=True).of(news)]
    assert (797, "Y") in first.body


@pytest.mark.parametrize(
    ("reporting", "kinds"),
    [(MultilegReporting.STRUCTURE, {"3"}), (MultilegReporting.LEGS, {"2"})],
)
def test_fills_are_told_as_they_were_asked_for(party, reporting, kinds):
    party.look(party.enter(reporting=reporting))
    told = party.reports()
    assert {body[442] for _, body in told if body[150] == "F"} == kinds
    assert [body[150] for _, body in told if body[442] == "3"][:2] == ["A", "0"]


def test_a_firm_that_nobody_read_is_read_from_its_first_order_on(party, desk):
    """And not from where its last one left it."""
    party.look(party.enter())
    party.news()
    for number in range(3):
        services.stage_parent(user=desk.user, actor=desk.actor, at=clock.now(), message=messages.StageParent(
            command_id=f"other-{number}", account_id=desk.account.id, instrument_name=LOW, side=Side.BUY, quantity="1",
            algo=AlgoName.TWAP))  # fmt: skip
    assert outlet.step() == 0, "nobody is told anything of the firm"
    parent = party.enter("A-2", spread(net(100)))
    assert 0 < outlet.step() <= 3
    assert party.said(37, 150) == [(f"M{parent.pk}", "A"), (f"M{parent.pk}", "0")]
