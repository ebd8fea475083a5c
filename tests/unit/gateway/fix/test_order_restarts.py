"""What FIX orders survive: restarts, crashes before a report was sent, another gateway; and who else hears of them."""

import asyncio

import pytest

from gateway.fix.handler import BusinessReason, Grant
from gateway.fix.order_store import OrderStore, StoreTaken
from tests.unit.gateway.fix.order_desk import MID, NAME, FixDesk, order, price, session
from wire.gateway_entered import ENTERED_ORDERS_FROM
from wire.units import Side


@pytest.fixture
def fix(tmp_path):
    desk = FixDesk.opened(tmp_path)
    yield desk
    desk.engine.stop()


@pytest.fixture
def who():
    return session()


def test_drop_copy_hears_every_report_of_its_firm(tmp_path):
    one, copy = session("one"), session("copy", grants=frozenset({Grant.DROP_COPY}))
    foreign = session("foreign", grants=frozenset({Grant.DROP_COPY}), firm_id=99)
    fix = FixDesk.opened(tmp_path, one, copy, foreign)
    fix.say(one, "D", order(t44=price(MID + 10)))
    fix.say(one, "D", order("A-2"))
    fix.say(one, "F", {11: "C-1", 41: "A-2", 55: NAME, 54: "1"})
    sent = list(fix.link.sent)
    own = [dict(body) for name, _, body, _ in sent if name == "one"]
    copied = [dict(body) for name, _, body, _ in sent if name == "copy"]
    assert [body[17] for body in own] == [body[17] for body in copied]
    assert {body[797] for body in copied} == {"Y"}
    assert [name for name, *_ in sent if name == "foreign"] == []
    fix.say(copy, "D", order("A-9"))
    ((_, kind, refusal),) = fix.link.refused
    assert (kind, refusal.reason) == ("D", BusinessReason.NOT_AUTHORIZED)
    fix.engine.stop()


def test_restart_finds_orders_and_chains_again(fix, who):
    fix.say(who, "D", order(t38="30"))
    fix.say(who, "G", order("B-1", t41="A-1", t38="40"))
    fix.save()
    fix.say(who, "D", order("A-2"))
    before = fix.told()
    again = fix.again()
    assert again.told() == [], "what was told before is not told again"
    again.quote()
    again.trade_with(Side.SELL, 25, MID - 30)
    assert again.said(11, 150, 32) == [("8", "B-1", "F", "5")]
    again.say(who, "D", order("A-2"))
    again.say(who, "F", {11: "C-1", 41: "A-2", 55: NAME, 54: "1"})
    assert again.said(11, 150, 39) == [("8", "A-2", "I", "0"), ("8", "C-1", "4", "4")]
    assert len(before) == 3
    again.engine.stop()


def test_reports_that_were_not_sent_before_a_crash_are_sent_after_it(fix, who):
    fix.say(who, "D", order(), settle=False)
    assert fix.engine.flush(20)
    fix.link.sent.clear()
    again = fix.again()
    assert again.said(11, 150, 39, 17)[0][:4] == ("8", "A-1", "0", "0")
    third = again.again()
    assert third.told() == []
    third.say(who, "D", order(), is_redelivered=True)
    assert third.told() == []
    assert len(third.engine.working_orders()) == 1
    third.engine.stop()


def test_ids_go_on_after_a_restart(fix, who):
    fix.say(who, "D", order())
    again = fix.again()
    again.quote()
    again.say(who, "D", order("A-2"))
    assert again.said(37, 150)[-1] == ("8", str(ENTERED_ORDERS_FROM + 2), "0")
    again.engine.stop()


def test_orders_of_a_session_that_did_not_come_back_are_canceled(tmp_path):
    one = session("one", cancels_on_disconnect=True)
    fix = FixDesk.opened(tmp_path, one)
    fix.say(one, "D", order())
    again = fix.again()
    again.link.gone.add("one")
    again.told()
    asyncio.run(again.desk.orders.cancel_orphans())
    again.settle()
    assert again.said(150, 58) == [("8", "4", "disconnected")]
    again.engine.stop()


def test_drop_copy_hears_of_orders_of_the_terminal(tmp_path):
    copy = session("copy", grants=frozenset({Grant.DROP_COPY}))
    fix = FixDesk.opened(tmp_path, copy)
    fix.place_from_terminal(77, 4, MID - 30)
    assert fix.said(37, 11, 150, 39, 38, 797) == [("8", "77", None, "0", "0", "4", "Y")]
    fix.place_from_terminal(78, 4, MID - 30, settle=False)
    assert fix.engine.flush(20)
    again = fix.again()
    assert again.said(37, 150, 38) == [("8", "78", "0", "4")]
    again.engine.stop()


def test_order_store_of_another_journal_is_not_believed(tmp_path):
    fix = FixDesk.opened(tmp_path)
    fix.say(session(), "D", order())
    fix.desk.orders.save([], [], 10**6)
    again = fix.again()
    assert again.desk.orders.event_number == again.engine.event_number
    assert [record.client_order_id for record in again.desk.orders.book.working("desk FIX.4.4")] == ["A-1"]
    again.engine.stop()


def test_second_gateway_takes_the_store_away(tmp_path):
    first, second = OrderStore(tmp_path), OrderStore(tmp_path)
    second.save([], [], 3)
    with pytest.raises(StoreTaken):
        first.save([], [], 4)
    assert OrderStore(tmp_path).event_number == 3


def test_one_name_in_two_versions_is_two_sessions(tmp_path):
    old, new = session(version="4"), session(version="6", session_id=999)
    fix = FixDesk.opened(tmp_path, old, new)
    fix.say(old, "D", order())
    fix.say(new, "D", order())
    versions = [20 in dict(body) for _, _, body, _ in fix.link.sent]
    assert (versions, len(fix.engine.working_orders())) == ([True, False], 2)
    fix.engine.stop()
