"""Everything that RFQ sessions are told obeys the dictionary of its version, and is the same when it is made again."""

import itertools

import pytest

from gateway.fix.dictionary import dictionary_of
from gateway.fix.encoding import encode, format_time
from gateway.fix.message import Outgoing
from gateway.fix.rfq_reports import STATUSES, Reports
from tests.unit.gateway.fix.rfq_views import CALL, PUT, fill, leg, quote, view
from wire import fix_rfq
from wire.negotiation import QuoteCondition
from wire.units import Side

VERSIONS = {"FIX.4.4": "6", "FIXT.1.1": "9"}
NOW = 1_770_000_000_000_000_000
ONE, TWO = view(), view(legs=[leg(CALL), leg(PUT, Side.SELL, 2)], side=Side.BUY)

NEWS = [
    fix_rfq.RequestRefused(request_id="a", reason="role", text="Only traders ask for quotes., value client"),
    fix_rfq.RequestShown(rfq=ONE),
    fix_rfq.RequestShown(rfq=view(legs=[leg(CALL), leg("BTC-PERPETUAL", is_hedge=True, price="70000.5")], taker_name="")),
    fix_rfq.RequestShown(rfq=TWO),
    fix_rfq.QuoteShown(request_id="a", rfq=ONE, quote=quote()),
    fix_rfq.QuoteShown(request_id="a", rfq=ONE, quote=quote(bid=None, bid_leg_prices=None, condition=QuoteCondition.ALL_OR_NONE)),
    fix_rfq.QuoteShown(request_id="a", rfq=TWO, quote=quote(bid_leg_prices=["0.05", "0.02"], ask_leg_prices=["0.06", "0.03"])),
    fix_rfq.QuoteGone(request_id="a", rfq=TWO, quote=quote()),
    *(
        fix_rfq.StatusTold(
            status=status, request_id="a", instruments=names, reason="x", text="y", party="Dune", response_id="r"
        )
        for status, names in itertools.product((*STATUSES, "canceled", "traded"), ([CALL], [CALL, PUT], []))
    ),
    fix_rfq.StatusTold(status="pending", request_id="R7", quote_id="q", instruments=[CALL], reason="last_look", until_ns=NOW,
                       side=Side.BUY),
    fix_rfq.StatusTold(status="accepted", request_id="R7", quote_id="q", instruments=[CALL, PUT], bid="0.05", ask="0.06"),
    *(
        fix_rfq.OutcomeTold(request_id="R7", quote_id="q", outcome=outcome, rfq=TWO)
        for outcome in ("hit", "lift", "tied", "cover", "tied_cover", "done_away", "expired", "pass")
    ),
    fix_rfq.MassAnswered(mass_id="m", answers=[fix_rfq.MassAnswer(set_id="R1", quote_id="1")]),
    fix_rfq.MassAnswered(
        mass_id="m",
        answers=[
            fix_rfq.MassAnswer(set_id="R1", quote_id="1", reason="quote_rate", text="Too many"),
            fix_rfq.MassAnswer(set_id="R2", quote_id="2"),
        ],
    ),
    fix_rfq.TradeTold(
        fill=fill(), order_id="R7", client_order_id="c", quote_id="q", response_id="r", is_multileg=True, reversed_execution_id=0
    ),
    fix_rfq.TradeTold(
        fill=fill(), order_id="R7", client_order_id="", quote_id="", response_id="", is_multileg=False, reversed_execution_id=9, is_copy=True
    ),
    fix_rfq.TradesListed(request_id="t", request_type="0", total=0, fills=[], is_first=True, is_last=True),
    fix_rfq.TradesListed(request_id="t", request_type="0", total=2, fills=[fill(), fill(rfq_id=None, order_id=4)], is_first=True, is_last=True),
    fix_rfq.TradesListed(request_id="t", request_type="0", total=0, fills=[], is_first=True, is_last=True, reason="role", text="no"),
    fix_rfq.MessageRefused(sequence=4, message_type="AG", business_id="b", reason="rfq_not_open", text="no"),
]  # fmt: skip


@pytest.mark.parametrize("begin_string", VERSIONS)
@pytest.mark.parametrize("news", NEWS, ids=lambda news: type(news).__name__)
def test_what_is_told_obeys_the_dictionary(news: fix_rfq.AnyFixNews, begin_string: str) -> None:
    dictionary = dictionary_of(begin_string, VERSIONS[begin_string])
    messages = Reports(is_fix44=begin_string == "FIX.4.4").of(news)
    assert messages == Reports(is_fix44=begin_string == "FIX.4.4").of(news)
    assert messages
    for message in messages:
        parsed = dictionary.parse(wire(begin_string, message))
        assert dictionary.check(parsed, is_application=True) is None, message


def wire(begin_string: str, message: Outgoing) -> str:
    header = {34: "2", 49: "PARLEY", 52: format_time(NOW), 56: "A"}
    return encode(begin_string, message.type, header, message.body)


def test_statuses_say_what_the_version_can() -> None:
    def word(status: str, *, is_fix44: bool) -> str:
        (message,) = Reports(is_fix44=is_fix44).of(fix_rfq.StatusTold(status=status))
        return dict(message.body)[297]

    told = [(word(status, is_fix44=True), word(status, is_fix44=False)) for status in ("canceled", "traded", "expired")]
    assert told == [("6", "17"), ("6", "21"), ("7", "7")]
