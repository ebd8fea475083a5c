"""Multi-leg orders by FIX: from the log into the desk, through the real engine and algorithms, and back as reports."""

import itertools

import pytest

from accounts import services as accounts
from accounts.models import FixVersion
from accounts.services.fix import FixTerms
from common import clock
from common.actor import SYSTEM
from fixdesk.models import FixMultileg
from fixdesk.services import intake, outlet
from gateway.fix.rfq_reports import Reports
from orders import services
from orders.models import ParentOrder, ParentPolicy
from terminal import registry
from tests import builders
from tests.integration.orders.test_multileg import HIGH, LOW, LegVenue, look, net, spread
from tests.integration.rfq.world import commands_sent
from wire import client_parents as messages
from wire import fix_multileg, fix_rfq, gateway
from wire.algos import AlgoName, strategy_id_of
from wire.client_rfq import RfqLeg
from wire.fix_multileg import MultilegReporting
from wire.gateway_fix import TellFixSession
from wire.multileg import LeggingRule
from wire.units import Side, TimeInForce

pytestmark = pytest.mark.django_db


class Party:
    """A session of a firm, and what it is told."""

    def __init__(self, venue, trader, session):
        self.venue, self.trader, self.session = venue, trader, session
        self.cursor = fix_rfq.FixRfqTaken(log="a" * 32, number=0)
        self._sequences = itertools.count(2)
        self.at_ns = clock.now_ns()
        intake.models.Intake.objects.get_or_create(id=1)
        self._read = 0

    def take(self, action, *, is_resend=False, sequence=None):
        builders.play_market(*self.venue.rows)
        entry = fix_rfq.FixEntry(
            number=self.cursor.number + 1, at_ns=self.at_ns, session_id=self.session.pk, session=str(self.session),
            message_type="AB", sequence=next(self._sequences) if sequence is None else sequence, is_possible_resend=is_resend, action=action,
        )  # fmt: skip
        intake.take(entry, self.cursor, registry.socket_handlers())
        self.cursor = fix_rfq.FixRfqTaken(log=self.cursor.log, number=entry.number)
        self.venue.now_ns = clock.now_ns()
        self.venue.relay()
        self.venue.tell()

    def enter(self, client_order_id="A-1", parameters=None, **changes):
        self.take(order(self.trader, client_order_id, parameters, **changes))
        return ParentOrder.objects.order_by("-id").first()

    def look(self, parent, seconds=3):
        return look(self.venue, parent, seconds)

    def news(self, session=None):
        """What is new, once the facts were read to their end."""
        while outlet.step():
            pass
        wanted = (session or self.session).pk
        told = [
            news for each in commands_sent(TellFixSession) if each.session_id == wanted for news in each.news
        ]
        if session is not None:
            return told
        self._read, new = len(told), told[self._read :]
        return new

    def reports(self):
        """What is new, as messages: (type, {tag: value})."""
        written = [message for news in self.news() for message in Reports(is_fix44=True).of(news)]
        return [(message.type, dict(reversed(message.body))) for message in written]

    def said(self, *tags):
        return [tuple(body.get(tag) for tag in tags) for _, body in self.reports()]


def order(trader, client_order_id="A-1", parameters=None, **changes):
    given = {
        "client_order_id": client_order_id, "account_id": trader.account.id, "side": Side.BUY, "quantity": "2",
        "parameters": parameters or spread(), "reporting": MultilegReporting.BOTH, "leg_references": ("low", "high"),
    }  # fmt: skip
    return fix_multileg.EnterMultileg(**(given | changes))


def cancel(request="C-1", original="A-1", **changes):
    return fix_multileg.CancelMultileg(client_order_id=request, original=original, **changes)


def replace(request="R-1", original="A-1", *, price=net(204), quantity="2", **changes):
    given = {
        "client_order_id": request, "original": original, "side": Side.BUY, "legs": spread().legs,
        "quantity": quantity, "net_price": price, "changes": fix_multileg.MultilegChanges(),
    }  # fmt: skip
    return fix_multileg.ReplaceMultileg(**(given | changes))


@pytest.fixture
def venue(tmp_path):
    opened = LegVenue(tmp_path)
    yield opened
    opened.algos.close()
    opened.engine.stop()


@pytest.fixture
def desk(venue):
    trader = builders.trading_firm(deposits={"BTC": "50"})
    venue.limit(trader)
    venue.allow(strategy_id_of(AlgoName.MULTILEG))
    return trader


@pytest.fixture
def rows(venue):
    listed = [builders.listed(name) for name in (LOW, HIGH)]
    venue.list(listed)
    venue.rows = listed
    venue.quote(None, None)
    return listed


def session_of(trader, name, **terms):
    session, _ = accounts.create_fix_session(
        name=name, version=FixVersion.FIX44, account=trader.account, terms=FixTerms(**terms), user=trader.user,
        actor=SYSTEM, at=clock.now(),
    )  # fmt: skip
    return session


@pytest.fixture
def party(venue, desk, rows):
    return Party(venue, desk, session_of(desk, "LEGS", may_send_orders=True))


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


def test_one_that_the_gateway_does_not_take_is_rejected(party, desk):
    party.venue.now_ns = 0
    builders.play_market(*party.venue.rows)
    party.venue.relay = lambda: None
    parent = party.enter(parameters=spread(net(100)))
    party.reports()
    refuse(parent, "parents_full")
    assert party.said(150, 39, 58, 151) == [("8", "8", "parents_full", "0")]


def refuse(parent, reason):
    """The gateway answers the newest command about it."""
    parent.refresh_from_db()
    event = gateway.CommandRefused(command_id=f"steer-algo:{parent.pk}:{parent.steered}", reason=reason, value=0, bound=0)
    envelope = gateway.EventEnvelope(
        event_number=1, journal_sequence=1, index=0, at_ns=clock.now_ns(), command_sequence=1, event=event
    )
    services.refuse_steering(envelope)


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


def alone_by_fix(party, rows, parameters):
    """The bought call has traded, and nobody bids for the other."""
    parent = party.enter(parameters=parameters)
    venue = party.venue
    venue.now_ns += 10**9
    venue.algos.desk.on_time(venue.now_ns)
    venue.engine.set_quotes(clock.now_ns(), builders.FEBRUARY, rows[1].id, 300, [(290, 20)], [(302, 20)])
    venue.mids[HIGH] = 292
    return look(venue, parent, 1)


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
