"""Orders over FIX: every message, its answers in each version, and what a restart must not lose."""

import asyncio
import time

import pytest

from gateway.fix.handler import BusinessReason, RejectReason
from tests.unit.gateway.fix.order_desk import ACCOUNT, MID, NAME, OTHER_ACCOUNT, FixDesk, order, price, session
from wire.gateway_entered import ENTERED_ORDERS_FROM
from wire.units import Side

FIRST = str(ENTERED_ORDERS_FROM + 1)


@pytest.fixture
def fix(tmp_path):
    desk = FixDesk.opened(tmp_path)
    yield desk
    desk.engine.stop()


@pytest.fixture
def who():
    return session()


def test_order_is_acknowledged_with_all_of_it(fix, who):
    fix.say(who, "D", order(t18="6", t111="2"))
    ((kind, report),) = fix.told()
    assert kind == "8"
    assert {tag: report[tag] for tag in (37, 150, 39, 11, 1, 55, 54, 38, 40, 44, 59, 111, 151, 14, 6)} == {
        37: FIRST,
        150: "0",
        39: "0",
        11: "A-1",
        1: str(ACCOUNT),
        55: NAME,
        54: "1",
        38: "3",
        40: "2",
        44: price(MID - 30),
        59: "1",
        111: "2",
        151: "3",
        14: "0",
        6: "0",
    }
    assert 20 not in report
    assert 41 not in report


def test_fills_count_up_and_name_price_and_average(fix, who):
    fix.say(who, "D", order(t38="10", t44=price(MID + 12)))
    fix.told()
    fix.say(who, "D", order("A-2", t38="30", t44=price(MID + 10)))
    reports = fix.said(150, 39, 32, 31, 151, 14, 6)
    assert reports[0] == ("8", "0", "0", None, None, "30", "0", "0")
    assert reports[1] == ("8", "F", "1", "10", price(MID + 10), "20", "10", "70005")
    fix.trade_with(Side.SELL, 20, MID + 9)
    ((_, *last),) = fix.said(150, 39, 32, 31, 151, 14, 6)
    assert last == ["F", "2", "20", price(MID + 10), "0", "30", "70005"]


@pytest.mark.parametrize(("version", "partial", "full"), [("4", "1", "2"), ("6", "F", "F"), ("9", "F", "F")])
def test_fills_in_the_words_of_each_version(tmp_path, version, partial, full):
    who = session(version=version)
    fix = FixDesk.opened(tmp_path, who)
    fix.say(who, "D", order(t38="30", t44=price(MID + 10)))
    fix.trade_with(Side.SELL, 10, MID + 10)
    assert fix.said(150, 39) == [("8", "0", "0"), ("8", partial, "1"), ("8", full, "2")]
    fix.say(who, "H", {11: "A-1", 55: NAME, 54: "1"})
    ((_, status),) = fix.told()
    assert status[150] == ("2" if version == "4" else "I")
    assert status.get(20) == ("3" if version == "4" else None)
    assert status[6] == "70005"
    fix.engine.stop()


def test_execution_ids_are_unique_and_name_the_journal(fix, who):
    for number in range(5):
        fix.say(who, "D", order(f"A-{number}", t38="2", t44=price(MID + 10)))
    ids = [body[17] for _, body in fix.told()]
    assert len(ids) == len(set(ids)) == 10
    assert all(found.split("-")[0].isdecimal() for found in ids)


@pytest.mark.parametrize(
    ("changes", "terms"),
    [
        ({"t40": "1", "t44": None}, {40: "1", 59: "3"}),
        ({"t40": "1", "t44": None, "t59": "4"}, {40: "1", 59: "4"}),
        ({"t40": "3", "t44": None, "t99": price(MID + 50)}, {40: "3", 99: price(MID + 50)}),
        ({"t40": "4", "t44": price(MID + 60), "t99": price(MID + 50)}, {40: "4", 99: price(MID + 50)}),
        ({"t40": "P", "t44": None, "t18": "M", "t211": "-5"}, {40: "P", 211: "-5.0"}),
        ({"t40": "P", "t18": "R"}, {40: "P"}),
        ({"t59": None}, {59: "0"}),
        ({"t59": "3", "t110": "2"}, {59: "3", 110: "2"}),
        ({"t59": "6", "t126": "20990101-00:00:00"}, {59: "6", 126: "20990101-00:00:00.000"}),
        ({"t59": "6", "t432": "20981231"}, {59: "6", 126: "20981231-23:59:59.999"}),
    ],
)  # fmt: skip
def test_every_type_and_term_reaches_the_engine(fix, who, changes, terms):
    fix.say(who, "D", order(**changes))
    reports = fix.told()
    assert reports[0][1][150] == "0", reports
    assert {tag: reports[0][1].get(tag) for tag in terms} == terms


@pytest.mark.parametrize(
    ("changes", "reason", "name"),
    [
        ({"t55": "BTC-NOTHING"}, "1", "unknown_instrument"),
        ({"t1": "999"}, "15", "unknown_account"),
        ({"t38": "0"}, "13", "invalid_quantity"),
        ({"t38": "1.5"}, "13", "quantity_off_grid"),
        ({"t44": "70000.3"}, "99", "price_off_grid"),
        ({"t38": "9999999"}, "3", "max_order_quantity"),
        ({"t44": price(MID * 3)}, "99", "price_collar"),
        ({"t18": "6", "t44": price(MID + 100)}, "11", "post_only_would_trade"),
        ({"t18": "6", "t59": "3"}, "11", "post_only_not_combinable"),
        ({"t18": "Z"}, "11", "exec_inst_not_supported"),
        ({"t18": "E"}, "11", "reduce_only"),
        ({"t111": "4"}, "13", "part_too_large"),
        ({"t59": "6", "t126": "20200101-00:00:00"}, "4", "expiry_passed"),
        ({"t40": "1"}, "11", "price_forbidden"),
        ({"t99": price(MID)}, "11", "stop_price_forbidden"),
    ],
)
def test_refused_orders_say_why(fix, who, changes, reason, name):
    fix.say(who, "D", order(**changes))
    ((kind, report),) = fix.told()
    assert (kind, report[150], report[39], report[103]) == ("8", "8", "8", reason)
    assert report[58].startswith(name), report[58]
    assert (report[151], report[14], report[6]) == ("0", "0", "0")


@pytest.mark.parametrize(
    ("changes", "reason", "tag"),
    [
        ({"t44": None}, BusinessReason.CONDITIONALLY_REQUIRED_MISSING, 44),
        ({"t40": "3", "t44": None}, BusinessReason.CONDITIONALLY_REQUIRED_MISSING, 99),
        ({"t59": "6"}, BusinessReason.CONDITIONALLY_REQUIRED_MISSING, 126),
        ({"t54": "5"}, RejectReason.VALUE_INCORRECT, 54),
        ({"t40": "J"}, RejectReason.VALUE_INCORRECT, 40),
        ({"t59": "2"}, RejectReason.VALUE_INCORRECT, 59),
        ({"t38": "three"}, RejectReason.VALUE_INCORRECT, 38),
        ({"t44": "1e3"}, RejectReason.VALUE_INCORRECT, 44),
        ({"t11": "A" * 37}, RejectReason.VALUE_INCORRECT, 11),
        ({"t59": "6", "t126": "tomorrow"}, RejectReason.VALUE_INCORRECT, 126),
        ({"t59": "6", "t126": "99990101-00:00:00"}, RejectReason.VALUE_INCORRECT, 126),
        ({"t59": "6", "t432": "99991231"}, RejectReason.VALUE_INCORRECT, 432),
    ],
)
def test_unreadable_orders_are_refused_as_messages(fix, who, changes, reason, tag):
    fix.say(who, "D", order(**changes))
    ((_, kind, refusal),) = fix.link.refused
    assert (kind, refusal.reason, refusal.tag) == ("D", reason, tag)
    assert fix.told() == []
    assert fix.engine.working_orders() == []


def test_older_version_says_what_it_can(tmp_path):
    who = session(version="4")
    fix = FixDesk.opened(tmp_path, who)
    fix.say(who, "D", order(t18="6", t44=price(MID + 100)))
    fix.say(who, "D", order("A-2", t1="999"))
    assert fix.said(20, 150, 103) == [("8", "0", "8", "0"), ("8", "0", "8", "0")]
    fix.engine.stop()


def test_cancel_names_request_and_original(fix, who):
    fix.say(who, "D", order())
    fix.told()
    fix.say(who, "F", {11: "C-1", 41: "A-1", 55: NAME, 54: "1"})
    ((kind, report),) = fix.told()
    assert (kind, report[150], report[39], report[11], report[41]) == ("8", "4", "4", "C-1", "A-1")
    assert (report[151], report[14]) == ("0", "0")
    fix.say(who, "F", {11: "C-2", 41: "A-1", 55: NAME, 54: "1"})
    ((kind, late),) = fix.told()
    assert (kind, late[11], late[41], late[39], late[434], late[102]) == ("9", "C-2", "A-1", "4", "1", "0")


def test_replacements_make_a_chain(fix, who):
    fix.say(who, "D", order())
    fix.told()
    fix.say(who, "G", order("B-1", t41="A-1", t38="5"))
    fix.say(who, "G", order("B-2", t41="B-1", t38="5", t44=price(MID - 40)))
    fix.say(who, "F", {11: "C-1", 41: "B-2", 55: NAME, 54: "1"})
    assert fix.said(150, 39, 11, 41, 38, 44, 151) == [
        ("8", "5", "0", "B-1", "A-1", "5", price(MID - 30), "5"),
        ("8", "5", "0", "B-2", "B-1", "5", price(MID - 40), "5"),
        ("8", "4", "4", "C-1", "B-2", "5", price(MID - 40), "0"),
    ]


def test_replaced_status_in_the_oldest_version(tmp_path):
    who = session(version="4")
    fix = FixDesk.opened(tmp_path, who)
    fix.say(who, "D", order())
    fix.say(who, "G", order("B-1", t41="A-1", t38="5"))
    assert fix.said(150, 39)[-1] == ("8", "5", "5")
    fix.engine.stop()


@pytest.mark.parametrize(
    ("changes", "reason", "name"),
    [
        ({"t41": "nothing"}, "1", "unknown_order"),
        ({"t54": "2"}, "99", "side_fixed"),
        ({"t40": "1", "t44": None}, "99", "type_fixed"),
        ({"t55": "BTC-27MAR26-80000-C"}, "99", "instrument_fixed"),
        ({"t44": price(MID - 30)}, "99", "nothing_to_amend"),
        ({"t38": "9999999"}, "99", "max_order_quantity"),
    ],
)
def test_refused_replacements_leave_the_order(fix, who, changes, reason, name):
    fix.say(who, "D", order())
    fix.told()
    fix.say(who, "G", order("B-1", **({"t41": "A-1"} | changes)))
    ((kind, answer),) = fix.told()
    assert (kind, answer[434], answer[102], answer[11]) == ("9", "2", reason, "B-1")
    assert answer[58].startswith(name)
    assert [(row[5], row[6]) for row in fix.engine.working_orders()] == [(3, 3)]


def test_repeated_order_gets_the_same_answer_and_no_second_order(fix, who):
    fix.say(who, "D", order())
    fix.say(who, "D", order(), settle=False)
    fix.say(who, "D", order(t38="4"))
    assert [row[0] for row in fix.engine.working_orders()] == [ENTERED_ORDERS_FROM + 1]
    assert fix.said(150, 39, 37, 103) == [
        ("8", "0", "0", FIRST, None), ("8", "I", "0", FIRST, None), ("8", "8", "8", "NONE", "6"),
    ]  # fmt: skip


def test_repeated_order_whose_expiry_has_passed_gets_its_status(fix, who, monkeypatch):
    good_till = order(t59="6", t126="20980101-00:00:00")
    fix.say(who, "D", good_till)
    fix.told()
    monkeypatch.setattr("gateway.clock.now_ns", lambda: 2**62)
    fix.say(who, "D", good_till)
    assert fix.said(150, 39, 37, 103) == [("8", "I", "0", FIRST, None)]
    fix.say(who, "D", good_till | {11: "A-2"})
    assert fix.said(150, 58) == [("8", "8", "expiry_passed: the expiry has passed")]


def test_order_that_a_crash_overtook_is_not_refused_for_what_changed_since(fix, who):
    fix.say(who, "D", order(t1=str(OTHER_ACCOUNT)))
    fix.told()
    changed = session(account_ids=(ACCOUNT,))
    fix.say(changed, "D", order(t1=str(OTHER_ACCOUNT)), is_redelivered=True)
    assert fix.told() == []
    fix.say(changed, "D", order("A-2", t1=str(OTHER_ACCOUNT)), is_redelivered=True)
    assert fix.said(150, 103) == [("8", "8", "15")]


def test_order_repeated_before_its_answer_is_known(fix, who):
    fix.say(who, "D", order(), settle=False)
    fix.say(who, "D", order())
    assert fix.said(150, 39) == [("8", "I", "A"), ("8", "0", "0")]
    assert len(fix.engine.working_orders()) == 1


def test_ids_of_requests_are_taken_too(fix, who):
    fix.say(who, "D", order())
    fix.say(who, "G", order("B-1", t41="A-1", t38="5"))
    fix.told()
    fix.say(who, "F", {11: "B-1", 41: "B-1", 55: NAME, 54: "1"})
    fix.say(who, "D", order("B-1"))
    assert fix.said(102, 103) == [("9", "6", None), ("8", None, "6")]


def test_two_sessions_keep_their_ids_apart(tmp_path):
    one, two = session("one"), session("two")
    fix = FixDesk.opened(tmp_path, one, two)
    fix.say(one, "D", order())
    fix.say(two, "D", order())
    assert [len(fix.told(name)) for name in ("one",)] == [1]
    assert len(fix.engine.working_orders()) == 2
    fix.say(two, "F", {11: "C-1", 37: FIRST, 41: "", 55: NAME, 54: "1"})
    assert fix.said(37, 102) == [("9", "NONE", "1")]
    fix.engine.stop()


def test_unsolicited_cancel_keeps_the_order_s_id(fix, who):
    fix.say(who, "D", order())
    fix.told()
    fix.engine.cancel_all(time.time_ns(), fix.next_command(), 0, 0)
    fix.settle()
    ((_, report),) = fix.told()
    assert (report[150], report[39], report[11], report[58]) == ("4", "4", "A-1", "cancel_all")
    assert 41 not in report


def test_mass_cancel_cancels_what_it_names(fix, who):
    for number, side in enumerate(["1", "1", "2"]):
        fix.say(who, "D", order(f"A-{number}", t54=side, t44=price(MID - 30 if side == "1" else MID + 30)))
    fix.told()
    fix.say(who, "q", {11: "Q-1", 530: "1", 55: NAME, 54: "1", 60: "20260101-00:00:00"})
    answers = fix.told()
    assert [(kind, body.get(531), body.get(533)) for kind, body in answers] == [
        ("r", "1", "2"), ("8", None, None), ("8", None, None),
    ]  # fmt: skip
    fix.say(who, "q", {11: "Q-2", 530: "7", 60: "20260101-00:00:00"})
    assert fix.said(531, 533, 39) == [("r", "7", "1", None), ("8", None, None, "4")]
    fix.say(who, "q", {11: "Q-3", 530: "3", 60: "20260101-00:00:00"})
    assert fix.said(531, 532) == [("r", "0", "99")]
    assert fix.engine.working_orders() == []


def test_mass_status_reports_each_order_and_says_which_is_the_last(fix, who):
    fix.say(who, "AF", {584: "M-1", 585: "7"})
    assert fix.said(584, 911, 912, 39) == [("8", "M-1", "0", "Y", "8")]
    for number in range(3):
        fix.say(who, "D", order(f"A-{number}"))
    fix.told()
    fix.say(who, "AF", {584: "M-2", 585: "7"})
    assert fix.said(150, 584, 911, 912, 11) == [
        ("8", "I", "M-2", "3", "N", "A-0"), ("8", "I", "M-2", "3", "N", "A-1"), ("8", "I", "M-2", "3", "Y", "A-2"),
    ]  # fmt: skip


def test_status_of_an_unknown_order_is_rejected(fix, who):
    fix.say(who, "H", {11: "Z-1", 55: NAME, 54: "1", 790: "S-1"})
    assert fix.said(150, 39, 103, 37, 790) == [("8", "I", "8", "5", "NONE", "S-1")]


def test_disconnect_cancels_where_it_was_agreed(tmp_path):
    one, two = session("one", cancels_on_disconnect=True), session("two")
    fix = FixDesk.opened(tmp_path, one, two)
    fix.say(one, "D", order())
    fix.say(two, "D", order())
    fix.told()
    asyncio.run(fix.desk.on_logout(one))
    asyncio.run(fix.desk.on_logout(two))
    fix.settle()
    ((kind, report),) = fix.told()
    assert (kind, report[39], report[11], report[58], report[378]) == ("8", "4", "A-1", "disconnected", "7")
    assert len(fix.engine.working_orders()) == 1
    fix.engine.stop()


def test_halted_engine_refuses_orders(fix, who):
    fix.engine.stop()
    fix.say(who, "D", order(), settle=False)
    ((_, _, refusal),) = fix.link.refused
    assert (refusal.reason, refusal.name) == (BusinessReason.NOT_AVAILABLE, "halted")


def test_account_of_the_message_is_traded(fix, who):
    fix.say(who, "D", order(t1=str(OTHER_ACCOUNT)))
    assert fix.said(1, 150) == [("8", str(OTHER_ACCOUNT), "0")]
