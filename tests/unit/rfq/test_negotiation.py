"""The state machine: each step, each refusal, each timer at its boundary."""

from decimal import Decimal

import pytest

from common.errors import Refusal
from rfq.domain import execution, transitions
from rfq.domain import negotiation as desk
from rfq.domain.records import TradeState
from rfq.domain.transitions import IllegalStep
from tests.unit.rfq.builders import AT, COBALT, DUNE, OUTSIDER, accept, prices, rfq, seconds
from wire.units import QuoteState, RfqState, Side

OPEN = AT + seconds(10)


def quoted(record=None, maker=COBALT, quote_id=100, at=AT + seconds(1), **changes):
    return desk.submit_quote(record or rfq(), maker=(maker, "m"), quote_id=quote_id, prices=prices(**changes), at=at)


def accepted(record=None, quote_id=100, version=1, side=Side.BUY, at=OPEN):
    return accept(record or quoted(), quote_id=quote_id, version=version, side=side, at=at)


def both_quoted():
    return quoted(quoted(), maker=DUNE, quote_id=101, account_id=44)


def reason_of(call) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.reason


def states(record):
    return record.state, [quote.state for quote in record.quotes]


def test_quote_replace_keeps_id_and_raises_version():
    first = quoted()
    second = quoted(first, quote_id=999, at=AT + seconds(2), bid=("0.04", "0.04"))
    (quote,) = second.quotes
    assert (quote.quote_id, quote.version, quote.created_at, quote.updated_at) == (100, 2, AT + seconds(1), AT + seconds(2))
    assert first.quotes[0].version == 1


def test_quote_again_after_cancel_keeps_id():
    withdrawn = desk.cancel_quote(quoted(), quote_id=100, maker_firm_id=COBALT, at=OPEN)
    again = quoted(withdrawn, quote_id=999, at=OPEN)
    assert [(quote.quote_id, quote.version, quote.state) for quote in again.quotes] == [(100, 2, QuoteState.ACTIVE)]


def test_quote_refusals():
    assert reason_of(lambda: quoted(maker=OUTSIDER)) == "not_invited"
    assert reason_of(lambda: quoted(at=AT + seconds(300))) == "rfq_expired"
    assert reason_of(lambda: quoted(accepted(), maker=DUNE)) == "rfq_not_open"
    assert quoted(at=AT + seconds(299.999999)).quotes


def test_cancel_quote_refusals():
    cancel = lambda record, **who: desk.cancel_quote(record, **{"quote_id": 100, "maker_firm_id": COBALT, "at": OPEN, **who})
    assert reason_of(lambda: cancel(quoted(), quote_id=5)) == "quote_not_found"
    assert reason_of(lambda: cancel(quoted(), maker_firm_id=DUNE)) == "quote_not_found"
    assert reason_of(lambda: cancel(accepted())) == "quote_not_active"
    assert reason_of(lambda: cancel(cancel(quoted()))) == "quote_not_active"


def test_rival_may_withdraw_while_a_fill_is_pending():
    pending = accepted(both_quoted())
    withdrawn = desk.cancel_quote(pending, quote_id=101, maker_firm_id=DUNE, at=OPEN)
    filled = execution.reserved(withdrawn, trade_id=500, at=OPEN)
    assert states(filled) == (RfqState.FILLED, [QuoteState.FILLED, QuoteState.CANCELED])


def test_accept_takes_the_asked_side_at_its_net_price():
    bought, sold = accepted(side=Side.BUY).trades[0], accepted(side=Side.SELL).trades[0]
    assert (bought.net_price, sold.net_price) == (Decimal("0.11"), Decimal("0.09"))
    assert accepted().state is RfqState.PENDING_FILL


@pytest.mark.parametrize(
    ("record", "changes", "reason"),
    [
        (quoted(), {"at": AT + seconds(4.999999)}, "grace_period"),
        (quoted(), {"at": AT + seconds(4.999999), "quote_id": 5}, "grace_period"),
        (quoted(), {"quote_id": 5}, "quote_not_found"),
        (quoted(), {"version": 2}, "quote_version"),
        (quoted(quoted()), {"version": 1}, "quote_version"),
        (quoted(), {"at": AT + seconds(300)}, "rfq_expired"),
        (quoted(expires_at=AT + seconds(20)), {"at": AT + seconds(20)}, "quote_expired"),
        (quoted(ask=None), {"side": Side.BUY}, "side_not_quoted"),
        (quoted(bid=None), {"side": Side.SELL}, "side_not_quoted"),
        (desk.cancel_quote(quoted(), quote_id=100, maker_firm_id=COBALT, at=AT + seconds(2)), {}, "quote_not_active"),
        (accepted(), {}, "rfq_not_open"),
        (desk.cancel_rfq(quoted(), at=OPEN), {}, "rfq_not_open"),
    ],
)
def test_accept_refusals(record, changes, reason):
    assert reason_of(lambda: accepted(record, **changes)) == reason


@pytest.mark.parametrize("at", [AT + seconds(5), AT + seconds(299.999999)])
def test_accept_at_the_edges_of_the_tradable_time(at):
    assert accepted(at=at).state is RfqState.PENDING_FILL


def test_reserved_fills_the_winner_and_trades_the_others_away():
    filled = execution.reserved(accepted(both_quoted()), trade_id=500, at=OPEN)
    assert states(filled) == (RfqState.FILLED, [QuoteState.FILLED, QuoteState.TRADED_AWAY])
    assert filled.trades[0].state is TradeState.RESERVED
    assert execution.confirmed(filled, trade_id=500).trades[0].state is TradeState.COMPLETED
    assert execution.confirmed(execution.confirmed(filled, trade_id=500), trade_id=500) is None


def test_refused_rejects_and_frees_everybody():
    rejected = execution.refused(accepted(both_quoted()), reason="position", reason_firm_id=COBALT, at=OPEN)
    assert states(rejected) == (RfqState.REJECTED, [QuoteState.REJECTED, QuoteState.CANCELED])
    assert (rejected.reason, rejected.reason_firm_id, rejected.trades[0].state) == ("position", COBALT, TradeState.REJECTED)


def test_answers_after_the_decision_change_nothing():
    rejected = desk.advance(accepted(), at=OPEN + seconds(2))
    filled = execution.reserved(accepted(), trade_id=500, at=OPEN)
    for record in (rejected, filled):
        assert execution.reserved(record, trade_id=500, at=OPEN + seconds(3)) is None
        assert execution.refused(record, reason="x", reason_firm_id=None, at=OPEN + seconds(3)) is None
    assert execution.confirmed(rejected, trade_id=500) is None
    assert execution.reserved(quoted(), trade_id=500, at=OPEN) is None


def test_pending_fill_times_out_by_name_after_two_seconds():
    pending = accepted()
    assert desk.advance(pending, at=OPEN + seconds(1.999999)) == pending
    rejected = desk.advance(pending, at=OPEN + seconds(2))
    assert (rejected.state, rejected.reason) == (RfqState.REJECTED, "gateway_timeout")


def test_pending_fill_outlives_the_life_of_the_rfq():
    pending = accepted(at=AT + seconds(299))
    assert desk.advance(pending, at=AT + seconds(300.5)).state is RfqState.PENDING_FILL


def test_rfq_expires_with_its_quotes():
    alive = desk.advance(both_quoted(), at=AT + seconds(299.999999))
    assert alive.state is RfqState.OPEN
    ended = desk.advance(both_quoted(), at=AT + seconds(300))
    assert states(ended) == (RfqState.EXPIRED, [QuoteState.EXPIRED, QuoteState.EXPIRED])
    assert desk.advance(ended, at=AT + seconds(400)) == ended


def test_quote_expires_alone():
    record = quoted(both_quoted(), expires_at=AT + seconds(20))
    later = desk.advance(record, at=AT + seconds(20))
    assert states(later) == (RfqState.OPEN, [QuoteState.EXPIRED, QuoteState.ACTIVE])


def test_grace_ends_once():
    assert not desk.advance(quoted(), at=AT + seconds(4.999999)).is_tradable
    tradable = desk.advance(quoted(), at=AT + seconds(5))
    assert tradable.is_tradable
    assert desk.advance(tradable, at=AT + seconds(6)) == tradable


def test_cancel_takes_every_quote_along():
    canceled = desk.cancel_rfq(both_quoted(), at=OPEN)
    assert states(canceled) == (RfqState.CANCELED, [QuoteState.CANCELED, QuoteState.CANCELED])
    assert reason_of(lambda: desk.cancel_rfq(canceled, at=OPEN)) == "rfq_not_open"
    assert reason_of(lambda: desk.cancel_rfq(accepted(), at=OPEN)) == "rfq_not_open"
    assert reason_of(lambda: desk.cancel_rfq(quoted(), at=AT + seconds(300))) == "rfq_expired"


def test_illegal_step_is_a_bug():
    with pytest.raises(IllegalStep):
        transitions.step_rfq(desk.advance(quoted(), at=AT + seconds(300)), RfqState.FILLED, OPEN)
    with pytest.raises(IllegalStep):
        transitions.step_quote(accepted().quotes[0], QuoteState.CANCELED, "requested", OPEN)
