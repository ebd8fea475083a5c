"""Market data, security lists and positions over FIX."""

import asyncio

import pytest

from gateway.fix.dictionary import dictionary_of
from gateway.fix.encoding import encode, format_time
from gateway.fix.handler import BusinessReason, Grant, RejectReason
from gateway.fix.market import SUBSCRIPTIONS_MAX
from tests.unit.gateway.fix.order_desk import MID, NAME, OTHER_NAME, FixDesk, order, price, session


@pytest.fixture
def fix(tmp_path):
    desk = FixDesk.opened(tmp_path)
    yield desk
    desk.engine.stop()


@pytest.fixture
def who():
    return session()


def asked(request_id="M-1", *, kind="1", update="1", depth="0", symbols=(NAME,), entries=("0", "1")):
    fields = [(262, request_id), (263, kind), (264, depth), (265, update), (267, len(entries))]
    fields += [(269, entry) for entry in entries]
    return [*fields, (146, len(symbols)), *((55, symbol) for symbol in symbols)]


def sent(fix):
    taken, fix.link.sent = fix.link.sent, []
    return [(kind, body) for _, kind, body, _ in taken]


def entries(body, *tags):
    """The entries of a refresh, by the tags that are asked for."""
    found = []
    for tag, value in body[[tag for tag, _ in body].index(268) + 1 :]:
        if tag == tags[0]:
            found.append({})
        found[-1][tag] = value
    return [tuple(entry.get(tag) for tag in tags) for entry in found]


def test_snapshot_then_what_changed(fix, who):
    fix.say(who, "V", asked())
    ((kind, body),) = sent(fix)
    assert (kind, dict(body)[55], dict(body)[268]) == ("W", NAME, "2")
    assert entries(body, 269, 270, 271) == [("0", price(MID - 10), "20"), ("1", price(MID + 10), "20")]
    fix.desk.market.look()
    assert sent(fix) == []
    fix.say(who, "D", order(t44=price(MID - 10)))
    fix.say(who, "D", order("A-2", t44=price(MID - 12)))
    sent(fix)
    fix.desk.market.look()
    ((kind, body),) = sent(fix)
    assert kind == "X"
    assert entries(body, 279, 269, 55, 270, 271) == [
        ("1", "0", NAME, price(MID - 10), "23"), ("0", "0", NAME, price(MID - 12), "3"),
    ]  # fmt: skip
    fix.quote(MID + 100)
    fix.settle()
    fix.desk.market.look()
    ((_, body),) = [each for each in sent(fix) if each[0] == "X"]
    assert {entry[0] for entry in entries(body, 279)} == {"0", "1", "2"}


def test_full_refresh_comes_whole(fix, who):
    fix.say(who, "V", asked(update="0", depth="1"))
    sent(fix)
    fix.quote(MID + 4)
    fix.settle()
    fix.desk.market.look()
    ((kind, body),) = sent(fix)
    assert kind == "W"
    assert entries(body, 269, 270) == [("0", price(MID - 6)), ("1", price(MID + 14))]


def test_subscriptions_end(fix, who):
    fix.say(who, "V", asked())
    fix.say(who, "V", asked("M-2"))
    fix.say(who, "V", [(262, "M-1"), (263, "2"), (264, "0"), (267, "1"), (269, "0"), (146, "1"), (55, NAME)])
    asyncio.run(fix.desk.on_logout(who))
    sent(fix)
    fix.quote(MID + 4)
    fix.settle()
    fix.desk.market.look()
    assert sent(fix) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"symbols": ("NOTHING",)}, "0"),
        ({"kind": "3"}, "4"),
        ({"depth": "-1"}, "5"),
        ({"update": "2"}, "6"),
        ({"entries": ("7",)}, "8"),
    ],
)
def test_refused_requests_say_why(fix, who, changes, reason):
    fix.say(who, "V", asked(**changes))
    ((kind, body),) = sent(fix)
    assert (kind, dict(body)[262], dict(body)[281]) == ("Y", "M-1", reason)


def test_request_ids_are_used_once_and_subscriptions_counted(fix, who):
    fix.say(who, "V", asked())
    fix.say(who, "V", asked())
    assert [dict(body)[281] for kind, body in sent(fix) if kind == "Y"] == ["1"]
    for number in range(SUBSCRIPTIONS_MAX):
        fix.say(who, "V", asked(f"N-{number}"), settle=False)
    refused = [dict(body)[58] for kind, body in sent(fix) if kind == "Y"]
    assert refused == [f"too_many_subscriptions: value {SUBSCRIPTIONS_MAX + 1}, bound {SUBSCRIPTIONS_MAX}"]


def test_market_data_needs_its_grant(fix):
    fix.say(session(grants=frozenset({Grant.ORDERS})), "V", asked())
    ((_, kind, refusal),) = fix.link.refused
    assert (kind, refusal.reason, refusal.business_id) == ("V", BusinessReason.NOT_AUTHORIZED, "M-1")


def test_unreadable_request_is_refused(fix, who):
    fix.say(who, "V", [(262, "M-1"), (263, "1"), (264, "deep")])
    ((_, _, refusal),) = fix.link.refused
    assert (refusal.reason, refusal.tag, refusal.business_id) == (RejectReason.VALUE_INCORRECT, 264, "M-1")


def test_security_list_names_grids_and_terms(fix, who):
    fix.say(who, "x", {320: "L-1", 559: "4"})
    ((kind, body),) = sent(fix)
    fields = dict(body)
    assert (kind, fields[320], fields[560], fields[393], fields[893], fields[146]) == ("y", "L-1", "0", "2", "Y", "2")
    assert [value for tag, value in body if tag == 55] == [OTHER_NAME, NAME]
    assert [(tag, value) for tag, value in body if tag in (461, 167, 202, 541)] == [
        (461, "OCXXXX"), (167, "OPT"), (541, "20260327"), (202, "80000"), (167, "FUT"),
    ]  # fmt: skip
    fix.say(who, "x", {320: "L-2", 559: "0", 55: "NOTHING"})
    ((_, body),) = sent(fix)
    assert dict(body)[560] == "2"


def test_positions_of_an_account(fix, who):
    fix.say(who, "AN", {710: "P-1", 724: "0", 715: "20260101", 60: "20260101-00:00:00"})
    ((kind, body),) = sent(fix)
    assert (kind, dict(body)[728], dict(body)[727]) == ("AP", "2", "0")
    fix.say(who, "D", order(t44=price(MID + 10)))
    sent(fix)
    fix.say(who, "AN", {710: "P-2", 724: "0", 715: "20260101", 60: "20260101-00:00:00"})
    ((_, body),) = sent(fix)
    fields = dict(body)
    assert (fields[728], fields[727], fields[55], fields[703], fields[704]) == ("0", "1", NAME, "TOT", "3")
    fix.say(who, "AN", {710: "P-3", 724: "0", 1: "999"})
    ((_, _, refusal),) = fix.link.refused
    assert (refusal.tag, refusal.business_id) == (1, "P-3")


@pytest.mark.parametrize("version", ["6", "9"])
def test_definitions_of_instruments_and_structures(tmp_path, version):
    who = session(version=version)
    fix = FixDesk.opened(tmp_path, who)
    legs = {555: "1", 600: NAME, 624: "1", 623: "2"}
    for number, body in enumerate([{55: NAME}, {55: "NOTHING"}, legs]):
        fix.say(who, "c", {320: f"D-{number}", 321: "1"} | body)
    told = [dict(body) for _, kind, body, _ in fix.link.sent if kind == "d"]
    fix.engine.stop()
    assert [(each[320], each[323], each[55]) for each in told] == [
        ("D-0", "1", NAME), ("D-1", "5", "NOTHING"), ("D-2", "1", "[N/A]"),
    ]  # fmt: skip
    assert (told[0][167], told[2][167], told[2][600], told[2][623]) == ("FUT", "MLEG", NAME, "2")
    dictionary = dictionary_of(who.begin_string, version)
    for _, kind, body, _ in fix.link.sent:
        raw = encode(who.begin_string, kind, {34: "2", 49: "PARLEY", 52: format_time(0), 56: "A"}, body)
        assert dictionary.check(dictionary.parse(raw), is_application=True) is None, body
