"""Multi-leg orders at the gateway: read or refused by name, known by their ClOrdIDs, kept in the log for the desk."""

import asyncio

import msgspec
import pytest

from gateway.fix.handler import BusinessReason, RejectReason
from gateway.fix.message import Message
from tests.unit.gateway.fix.order_desk import ACCOUNT, NAME, OTHER_ACCOUNT, FixDesk, order, session
from wire.client_rfq import RfqLeg
from wire.fix_multileg import (
    AskMultileg,
    CancelMultileg,
    CancelMultilegs,
    EnterMultileg,
    ListMultilegs,
    MultilegChanges,
    MultilegReporting,
    ReplaceMultileg,
)
from wire.multileg import LeggingRule, MultilegParameters
from wire.units import Side, TimeInForce

LOW, HIGH = "BTC-27MAR26-80000-C", "BTC-27MAR26-90000-C"
LEGS = ((600, LOW), (623, 1), (624, 1), (654, "low"), (600, HIGH), (623, 2), (624, 2), (654, "high"))
READ_LEGS = (
    RfqLeg(instrument_name=LOW, side=Side.BUY, ratio=1), RfqLeg(instrument_name=HIGH, side=Side.SELL, ratio=2),
)  # fmt: skip


def multileg(client_order_id="M-1", legs=LEGS, without=(), **changes):
    """A NewOrderMultileg: buy 5 ratio spreads at -0.002 or better, one of which may stand alone."""
    head = {
        11: client_order_id, 54: 1, 38: 5, 40: 2, 44: "-0.0020", 59: 1, 60: "20260101-00:00:00",
        848: "legging_limit=1; legging_rule=unwind;legging_timeout_s=9",
    }  # fmt: skip
    head |= {int(tag.removeprefix("t")): value for tag, value in changes.items()}
    count = sum(tag == 600 for tag, _ in legs)
    return [*((tag, value) for tag, value in head.items() if tag not in without), (555, count), *legs]


def read(**changes):
    given = {
        "client_order_id": "M-1", "account_id": ACCOUNT, "side": Side.BUY, "quantity": "5",
        "parameters": MultilegParameters(
            legs=READ_LEGS, net_price="-0.002", legging_limit="1", legging_timeout_s=9,
            legging_rule=LeggingRule.UNWIND, time_in_force=TimeInForce.GTC,
        ),
        "reporting": MultilegReporting.BOTH, "leg_references": ("low", "high"),
    }  # fmt: skip
    return EnterMultileg(**(given | changes))


@pytest.fixture
def who():
    return session()


@pytest.fixture
def fix(tmp_path, who):
    opened = FixDesk.opened(tmp_path, who)
    yield opened
    opened.engine.stop()


def logged(fix):
    """What waits for the desk."""
    log = fix.desk.rfq.log
    return [entry.action for entry in log._after(log._first)]  # noqa: SLF001 - what the stream would show


def refused(fix):
    """(OrdRejReason, name, Symbol) of the one answer."""
    ((kind, body),) = fix.told()
    assert (kind, body[150], body[39], body[37]) == ("8", "8", "8", "NONE")
    return body[103], body[58].partition(":")[0], body[55]


def test_an_order_is_read_and_waits_for_the_desk(fix, who):
    fix.say(who, "AB", multileg())
    assert logged(fix) == [read()]
    assert fix.told() == [], "it is answered once the desk has it"
    with_account = multileg("M-2", t1=OTHER_ACCOUNT, t563=2, t59=6, t126="20270101-00:00:00")
    fix.say(who, "AB", with_account)
    parameters = msgspec.structs.replace(
        read().parameters, time_in_force=TimeInForce.GTD, expires_at_ns=1_798_761_600 * 10**9
    )
    assert logged(fix)[1] == read(
        client_order_id="M-2", account_id=OTHER_ACCOUNT, reporting=MultilegReporting.LEGS, parameters=parameters
    )


def test_day_is_what_is_meant_where_nothing_is_said(fix, who):
    fix.say(who, "AB", multileg(without=(59,)))
    assert logged(fix)[0].parameters.time_in_force is TimeInForce.DAY


def test_the_newer_standard_has_a_group_for_how_it_is_legged(tmp_path):
    newest = session(version="9")
    fix = FixDesk.opened(tmp_path, newest)
    group = ((957, 2), (958, "legging_limit"), (959, 7), (960, "2"), (958, "quoting_leg"), (959, 14), (960, LOW))
    fix.say(newest, "AB", [*multileg(without=(848,)), *group])
    parameters = logged(fix)[0].parameters
    assert (parameters.legging_limit, parameters.quoting_leg) == ("2", LOW)
    fix.engine.stop()


def test_a_leg_is_named_by_symbol_or_by_an_exchange_symbol(fix, who):
    named = ((600, "[N/A]"), (602, LOW), (603, 8), (623, 1), (624, 1), (600, HIGH), (602, HIGH), (603, 8), (624, 2))
    fix.say(who, "AB", multileg(legs=named))
    assert [leg.instrument_name for leg in logged(fix)[0].parameters.legs] == [LOW, HIGH]
    assert logged(fix)[0].leg_references == ()
    differs = ((600, LOW), (602, HIGH), (603, 8), (624, 1), (600, HIGH), (624, 2))
    fix.say(who, "AB", multileg("M-2", legs=differs))
    assert refused(fix) == ("99", "leg_names_differ", "[N/A]")


@pytest.mark.parametrize(
    ("changes", "reason", "name"),
    [
        ({"t40": 1}, "11", "type_not_legged"),
        ({"t423": 1}, "11", "price_type_not_legged"),
        ({"t111": 2}, "11", "instruction_not_legged"),
        ({"t18": 6}, "11", "instruction_not_legged"),
        ({"t847": 1}, "11", "strategy_not_legged"),
        ({"t117": "Q1.2.3"}, "11", "quote_not_legged"),
        ({"t1": 999}, "15", "unknown_account"),
        ({"t848": "legging_rule=unwind"}, "99", "legging_limit_missing"),
        ({"t848": "legging_limit=1;speed=9"}, "11", "strategy_parameter_unknown"),
        ({"t848": "legging_limit=1;legging_limit=2"}, "99", "strategy_parameter_twice"),
        ({"t848": "legging_limit=-1"}, "99", "strategy_parameter_wrong"),
        ({"t848": "legging_limit=1;legging_timeout_s=0"}, "99", "strategy_parameter_wrong"),
        ({"t848": "legging_limit=1;legging_rule=hope"}, "99", "strategy_parameter_wrong"),
        ({"legs": LEGS[:4]}, "11", "leg_count"),
        ({"legs": LEGS * 5}, "11", "leg_count"),
    ],
)
def test_what_makes_no_multileg_order_is_refused_by_name(fix, who, changes, reason, name):
    fix.say(who, "AB", multileg(**changes))
    assert refused(fix) == (reason, name, "[N/A]")
    assert logged(fix) == []


@pytest.mark.parametrize(
    ("changes", "tag"),
    [
        ({"t44": "cheap"}, 44), ({"t38": 0}, 38), ({"t54": "B"}, 54), ({"t563": 7}, 563), ({"t59": "9"}, 59),
        ({"t11": "x" * 37}, 11),
        ({"legs": ((600, LOW), (623, "0.5"), (624, 1), (600, HIGH), (624, 2))}, 623),
        ({"legs": ((600, LOW), (624, 1), (600, HIGH), (624, 5))}, 624),
        ({"legs": ((600, "x" * 65), (624, 1), (600, HIGH), (624, 2))}, 600),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_read_rejects_the_message(fix, who, changes, tag):
    fix.say(who, "AB", multileg(**changes))
    ((_, _, refusal),) = fix.link.refused
    assert (refusal.reason, refusal.tag, logged(fix)) == (RejectReason.VALUE_INCORRECT, tag, [])


@pytest.mark.parametrize("tag", [44, 38, 54, 40, 11])
def test_a_field_that_is_missing_rejects_the_message(fix, who, tag):
    fix.say(who, "AB", multileg(without=(tag,)))
    ((_, _, refusal),) = fix.link.refused
    assert (refusal.reason, refusal.tag) == (BusinessReason.CONDITIONALLY_REQUIRED_MISSING, tag)


def test_the_oldest_standard_has_no_such_order(tmp_path):
    oldest = session(version="4")
    fix = FixDesk.opened(tmp_path, oldest)
    fix.say(oldest, "AB", multileg())
    ((_, kind, refusal),) = fix.link.refused
    assert (kind, refusal.reason, logged(fix)) == ("AB", BusinessReason.UNSUPPORTED_MESSAGE, [])
    fix.engine.stop()


def test_requests_about_it_go_the_same_way(fix, who):
    fix.say(who, "AB", multileg())
    fix.say(who, "AC", [*multileg("M-2", without=(59,), t41="M-1", t44="0.001", t848="legging_limit=3")])
    fix.say(who, "H", {11: "M-2", 790: "ask", 54: 1, 55: "[N/A]"})
    fix.say(who, "F", {11: "M-3", 41: "M-2", 54: 1})
    fix.say(who, "F", {11: "M-4", 37: "M77", 54: 1})
    fix.say(who, "AF", {584: "all", 585: 1, 55: "[N/A]", 167: "MLEG"})
    assert logged(fix)[1:] == [
        ReplaceMultileg(
            original="M-1", client_order_id="M-2", side=Side.BUY, legs=READ_LEGS, quantity="5", net_price="0.001",
            changes=MultilegChanges(legging_limit="3"),
        ),
        AskMultileg(original="M-2", status_request_id="ask"),
        CancelMultileg(original="M-2", client_order_id="M-3"),
        CancelMultileg(original="", parent_order_id=77, client_order_id="M-4"),
        ListMultilegs(mass_id="all"),
    ]  # fmt: skip
    assert fix.told() == []


def test_one_client_order_id_names_one_order_of_either_kind(fix, who):
    fix.say(who, "D", order("A-1"))
    fix.told()
    fix.say(who, "AB", multileg("A-1"))
    assert refused(fix) == ("6", "duplicate_order", "[N/A]")
    fix.say(who, "AB", multileg("M-1"))
    fix.say(who, "D", order("M-1"))
    assert refused(fix) == ("6", "duplicate_order", NAME)
    fix.say(who, "F", {11: "A-1", 41: "M-1", 54: 1})
    fix.say(who, "F", {11: "M-1", 41: "A-1", 54: 1, 55: NAME})
    fix.say(who, "G", {11: "A-2", 41: "M-1", 54: 1, 55: NAME, 38: 1, 40: 2})
    assert [(kind, body[102], body[58].partition(":")[0]) for kind, body in fix.told()] == [
        ("9", "6", "duplicate_order"), ("9", "6", "duplicate_order"), ("9", "99", "use_multileg_replace"),
    ]  # fmt: skip
    assert logged(fix) == [read()]


def test_a_mass_cancel_covers_both_kinds_and_what_it_names(fix, who):
    fix.say(who, "D", order("A-1"))
    fix.say(who, "q", {11: "Q-0", 530: 7})
    assert logged(fix) == [], "the session never had one"
    fix.say(who, "AB", multileg())
    fix.say(who, "D", order("A-2"))
    fix.told()
    fix.say(who, "q", {11: "Q-1", 530: 7, 54: 1})
    fix.say(who, "q", {11: "Q-2", 530: 1, 55: NAME})
    fix.say(who, "q", {11: "Q-3", 530: 1, 55: "[N/A]"})
    fix.say(who, "q", {11: "A-1", 530: 7})
    assert logged(fix)[1:] == [CancelMultilegs(side=Side.BUY), CancelMultilegs()]
    assert [body.get(533) for kind, body in fix.told() if kind == "r"] == ["1", "0", "0", None]


def test_cancel_on_disconnect_covers_those_that_have_some(tmp_path):
    one, two, three = (
        session(name, cancels_on_disconnect=cancels) for name, cancels in (("one", True), ("two", True), ("three", False))
    )  # fmt: skip
    fix = FixDesk.opened(tmp_path, one, two, three)
    fix.say(one, "AB", multileg())
    fix.say(three, "AB", multileg())
    for who in (one, two, three):
        asyncio.run(fix.desk.on_logout(who))
    assert logged(fix)[2:] == [CancelMultilegs(is_disconnect=True)]
    fix.engine.stop()


def test_another_gateway_on_the_folder_knows_the_ids(fix, who):
    fix.say(who, "AB", multileg())
    again = fix.again()
    again.say(who, "D", order("M-1"))
    assert refused(again) == ("6", "duplicate_order", NAME)
    again.say(who, "AB", multileg("M-2"))
    assert [action.client_order_id for action in logged(again)] == ["M-1", "M-2"]
    again.desk.close()
    again.engine.stop()


def test_a_message_that_a_crash_overtook_is_in_the_log_once(fix, who):
    fix.say(who, "AB", multileg())
    fix.number -= 1
    entry = fix.desk.rfq.log._after(0)[0]  # noqa: SLF001 - when it was received
    body = ((tag, str(value)) for tag, value in multileg())
    again = Message(((35, "AB"), (34, str(entry.sequence)), *body), entry.at_ns, is_redelivered=True)
    asyncio.run(fix.desk.on_message(who, again))
    assert (logged(fix), fix.told()) == ([read()], [])
