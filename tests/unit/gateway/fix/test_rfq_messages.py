"""What is asked of the desk by a session's RFQ message, and by which field it is refused."""

from collections.abc import Callable

import pytest

from gateway.fix.message import FieldMissing, FieldWrong, Message
from gateway.fix.rfq_messages import NotSpoken, read_mass_quote, read_quote, read_request
from gateway.fix.rfq_responses import read_response
from tests.unit.gateway.fix.order_desk import session
from tests.unit.gateway.fix.rfq_views import AT_NS, CALL, PUT
from wire.client import AcceptQuote, RfqHedge, SetTrigger, TradeRfq
from wire.negotiation import LastLookReason
from wire.units import Side

WHO = session()
STRUCTURE = ((131, "ask"), (146, "1"), (55, "[N/A]"), (38, "2"))
LEGS = ((600, CALL), (623, "1"), (624, "1"), (600, PUT), (623, "2"), (624, "2"))
HEDGE_LEG = (600, "BTC-PERPETUAL"), (620, "hedge at 70000.5"), (623, "3"), (624, "2")


def message(kind: str, *body: tuple[int, str]) -> Message:
    return Message(((35, kind), (34, "7"), *body), AT_NS)


def response(**fields: str) -> Message:
    given = {"t693": "r-1", "t117": "Q7.9.2", "t694": "1", "t54": "1"} | fields
    return message("AJ", *((int(tag[1:]), text) for tag, text in given.items() if text))


def test_a_taker_trades_counters_and_withdraws() -> None:
    hit = read_response(response(t11="order"), WHO)
    assert (hit.client_order_id, hit.command) == (
        "order",
        AcceptQuote(command_id=f"fix:{WHO.session_id}:AJ:r-1", rfq_id=7, quote_id=9, version=2, side=Side.BUY),
    )
    pool = read_response(response(t44="0.060"), WHO)
    assert isinstance(pool.command, TradeRfq)
    assert pool.command.limit_price == "0.06"
    counter = read_response(response(t694="2", t44="0.055", t54="2"), WHO)
    assert counter.command == SetTrigger(
        command_id=f"fix:{WHO.session_id}:AJ:r-1", rfq_id=7, side=Side.SELL, limit_price="0.055"
    )
    assert read_response(response(t694="6", t54=""), WHO).command is None


def test_a_maker_answers_a_last_look() -> None:
    assert [read_response(response(t117="mine", t694=kind), WHO).reason for kind in ("1", "11")] == [None, None]
    taken_back = read_response(response(t117="mine", t694="6", t58="credit_check: no line"), WHO)
    assert (taken_back.quote_id, taken_back.reason) == ("mine", LastLookReason.CREDIT_CHECK)


@pytest.mark.parametrize(
    ("fields", "tag"),
    [
        ({"t694": "3"}, 694),
        ({"t694": "2"}, 44),
        ({"t694": "2", "t44": "x"}, 44),
        ({"t54": ""}, 54),
        ({"t693": "x" * 37}, 693),
        ({"t117": "mine", "t694": "2"}, 694),
        ({"t117": "mine", "t694": "6"}, 58),
        ({"t117": "mine", "t694": "6", "t58": "greed"}, 58),
    ],
)
def test_a_response_is_refused_by_its_field(fields: dict[str, str], tag: int) -> None:
    with pytest.raises((FieldMissing, FieldWrong)) as refused:
        read_response(response(**fields), WHO)
    assert refused.value.tag == tag


def test_a_hedge_leg_trades_at_the_takers_price() -> None:
    body = (*STRUCTURE, (555, "3"), *LEGS, *HEDGE_LEG)
    command = read_request(message("R", *body), WHO).command
    assert [(leg.instrument_name, leg.ratio) for leg in command.legs] == [(CALL, 1), (PUT, 2)]
    assert command.hedge == RfqHedge(instrument_name="BTC-PERPETUAL", side=Side.SELL, price="70000.5", ratio=3)
    alone = read_request(message("R", *STRUCTURE, (555, "2"), *LEGS[:3], *HEDGE_LEG), WHO).command
    assert ([leg.instrument_name for leg in alone.legs], alone.hedge) == ([CALL], command.hedge)


@pytest.mark.parametrize(
    ("legs", "error"),
    [
        ((*HEDGE_LEG,), FieldWrong),
        ((*LEGS, *HEDGE_LEG, *HEDGE_LEG), NotSpoken),
        ((*LEGS, (600, "BTC-PERPETUAL"), (620, "hedge at market"), (624, "2")), FieldWrong),
        ((*LEGS, (600, "BTC-PERPETUAL"), (620, "hedge at -1"), (624, "2")), FieldWrong),
    ],
)
def test_a_hedge_that_makes_no_sense_is_refused(legs: tuple[tuple[int, str], ...], error: type[Exception]) -> None:
    count = sum(1 for tag, _ in legs if tag == 600)
    with pytest.raises(error):
        read_request(message("R", *STRUCTURE, (555, str(count)), *legs), WHO)


def quoted(*body: tuple[int, str], quote_id: str = "q") -> Message:
    return message("S", (117, quote_id), (131, "R7"), *body)


def test_a_quote_is_in_prices_in_volatilities_or_by_leg_in_either() -> None:
    one = read_quote(quoted((55, CALL), (423, "9"), (132, "0.61"), (133, "0.640")), WHO).quote
    assert (one.bids, one.asks, one.bid_volatilities, one.ask_volatilities) == ({}, {}, {"": "0.61"}, {"": "0.64"})
    by_leg = ((600, CALL), (686, "9"), (681, "0.6"), (684, "0.65"), (600, PUT), (681, "0.04"), (684, "0.05"))
    both = read_quote(quoted((55, "[N/A]"), (555, "2"), *by_leg), WHO).quote
    assert (both.bids, both.asks) == ({PUT: "0.04"}, {PUT: "0.05"})
    assert (both.bid_volatilities, both.ask_volatilities) == ({CALL: "0.6"}, {CALL: "0.65"})
    plain = read_quote(quoted((55, CALL), (133, "0.06")), WHO).quote
    assert (plain.bids, plain.asks, plain.ask_volatilities) == ({}, {"": "0.06"}, {})


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (lambda: read_quote(quoted((55, CALL), (423, "1"), (133, "5")), WHO), FieldWrong),
        (lambda: read_quote(quoted((555, "1"), (600, CALL), (686, "4"), (681, "5")), WHO), FieldWrong),
        (lambda: read_quote(quoted((55, CALL)), WHO), FieldMissing),
        (lambda: read_quote(quoted((55, CALL), (133, "0.06"), quote_id="Q1.2.3"), WHO), NotSpoken),
        (lambda: read_quote(quoted((55, CALL), (423, "9"), (133, "-0.6")), WHO), FieldWrong),
    ],
    ids=["percent", "discount", "nothing", "reserved", "negative"],
)
def test_a_quote_that_is_not_understood_is_refused(read: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        read()


def test_a_net_price_beside_legs_is_no_legs_price() -> None:
    quote = read_quote(quoted((55, "[N/A]"), (555, "1"), (600, CALL), (133, "0.06")), WHO).quote
    assert quote.asks == {"": "0.06"}, "the desk refuses it by its name"


def test_many_quotes_are_read_by_their_sets() -> None:
    entries = ((302, "R7"), (304, "1"), (295, "1"), (299, "a"), (55, CALL), (133, "0.06"))
    many = read_mass_quote(message("i", (117, "m"), (296, "1"), *entries), WHO)
    assert [(entry.set_id, entry.quote.quote_id, entry.quote.asks) for entry in many.entries] == [
        ("R7", "a", {"": "0.06"})
    ]
