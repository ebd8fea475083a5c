"""What each party may know, walked through every byte of its views."""

import msgspec
import pytest

from rfq.domain import execution, views
from rfq.domain import negotiation as desk
from tests.unit.rfq.builders import AT, COBALT, DUNE, OUTSIDER, TAKER, accept, prices, rfq, seconds
from wire.units import QuoteState, Side

OPEN = AT + seconds(10)
COBALT_BID, COBALT_ASK = ("0.0511", "0.0411"), ("0.0611", "0.0511")
DUNE_BID, DUNE_ASK = ("0.0522", "0.0422"), ("0.0622", "0.0522")


def negotiated():
    record = desk.submit_quote(
        rfq(), maker=(COBALT, "Cobalt Markets"), quote_id=9_001, prices=prices(COBALT_BID, COBALT_ASK), at=AT
    )
    return desk.submit_quote(
        record, maker=(DUNE, "Dune Liquidity"), quote_id=9_002, prices=prices(DUNE_BID, DUNE_ASK, account_id=44), at=AT
    )


def stages():
    quoted = negotiated()
    tradable = desk.advance(quoted, at=AT + seconds(5))
    pending = accept(tradable, quote_id=9_002, version=1, side=Side.BUY, trade_id=1, at=OPEN)
    return {
        "grace": quoted,
        "canceled in grace": desk.cancel_rfq(quoted, at=AT + seconds(1)),
        "tradable": tradable,
        "pending": pending,
        "filled": execution.reserved(pending, trade_id=1, at=OPEN),
        "rejected": execution.refused(pending, reason="position", reason_firm_id=DUNE, at=OPEN),
        "rejected for taker": execution.refused(pending, reason="max_order_value", reason_firm_id=TAKER, at=OPEN),
        "timeout": desk.advance(pending, at=OPEN + seconds(2)),
        "expired": desk.advance(tradable, at=AT + seconds(300)),
        "canceled": desk.cancel_rfq(tradable, at=OPEN),
    }


STAGES = stages()


def text(view) -> str:
    return msgspec.json.encode(view).decode()


@pytest.mark.parametrize("stage", STAGES)
def test_no_rival_in_any_view_of_a_maker(stage):
    own_and_rival = {
        COBALT: ("9002", "Dune", *DUNE_BID, *DUNE_ASK, "0.1144", "0.0944", f"[{COBALT},{DUNE}]", "[3,4]"),
        DUNE: ("9001", "Cobalt", *COBALT_BID, *COBALT_ASK, "0.1122", "0.0922", "[3,4]"),
    }
    for firm_id, secrets in own_and_rival.items():
        seen = text(views.view_for_firm(STAGES[stage], firm_id))
        assert [secret for secret in secrets if secret in seen] == []
        assert '"label":""' in seen
        assert '"account_id":null' in seen


@pytest.mark.parametrize("stage", ["grace", "canceled in grace"])
def test_no_quote_in_any_byte_for_the_taker_in_the_grace(stage):
    seen = text(views.taker_view(STAGES[stage]))
    for secret in ("9001", "9002", "Dune", "Cobalt", *COBALT_BID, *DUNE_ASK):
        assert secret not in seen


def test_a_quote_in_the_grace_changes_nothing_for_taker_and_rival():
    before, after = rfq(), negotiated()
    assert views.taker_view(before) == views.taker_view(after)
    first = desk.submit_quote(before, maker=(COBALT, "c"), quote_id=1, prices=prices(), at=AT)
    assert views.maker_view(before, DUNE) == views.maker_view(first, DUNE)


def test_outcomes_by_party():
    filled = STAGES["filled"]
    taker, winner, loser = (views.view_for_firm(filled, firm) for firm in (TAKER, DUNE, COBALT))
    assert (taker.traded_price, taker.accepted_quote_id, taker.accepted_side) == ("0.1144", 9_002, Side.BUY)
    assert (winner.traded_price, winner.accepted_quote_id, winner.accepted_side) == ("0.1144", 9_002, Side.BUY)
    assert (loser.traded_price, loser.accepted_quote_id, loser.accepted_side) == (None, None, None)
    assert [quote.state for quote in loser.quotes] == [QuoteState.TRADED_AWAY]
    assert [quote.state for quote in winner.quotes] == [QuoteState.FILLED]


@pytest.mark.parametrize(
    ("stage", "taker", "winner", "loser"),
    [
        ("rejected", "counterparty_refused", "position", ""),
        ("rejected for taker", "max_order_value", "counterparty_refused", ""),
        ("timeout", "gateway_timeout", "gateway_timeout", ""),
        ("canceled", "requested", "requested", "requested"),
        ("expired", "", "", ""),
    ],
)
def test_reasons_belong_to_whose_they_are(stage, taker, winner, loser):
    record = STAGES[stage]
    assert [views.view_for_firm(record, firm).reason for firm in (TAKER, DUNE, COBALT)] == [taker, winner, loser]
    assert views.compliance_view(record).reason == record.reason


def test_no_price_before_the_fill_and_none_after_a_rejection():
    for stage in ("pending", "rejected", "timeout"):
        assert views.taker_view(STAGES[stage]).traded_price is None


def test_outsider_has_no_view():
    assert views.view_for_firm(STAGES["filled"], OUTSIDER) is None


def test_compliance_sees_all_quotes_in_the_grace():
    assert len(views.compliance_view(STAGES["grace"]).quotes) == 2
