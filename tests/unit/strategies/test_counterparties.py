"""What a maker learns of takers, and how its notes tell its own quotes from others'."""

import dataclasses

import msgspec
import pytest

from strategies.counterparties import MARKOUT_MAX, MARKOUT_NS, Counterparties
from strategies.decisions import price, read_legs
from strategies.holdings import Holdings
from strategies.notes import Notes
from tests.unit.strategies.builders import CALL, NOW_NS, leg, market, own_quote, rfq
from wire.quoting import COUNTERPARTIES_MAX, CounterpartyStatistics, QuotingParameters
from wire.units import QuoteState, RfqState, Side

PARAMETERS = QuotingParameters()


def two_way(volatility=0.5):
    at = market(volatility)
    return price(rfq(leg(CALL)), market=at, holdings=Holdings({}, at, PARAMETERS), parameters=PARAMETERS)


def ended(state=QuoteState.FILLED, side=Side.BUY, **changes):
    return rfq(leg(CALL), state=RfqState.FILLED, quotes=[own_quote(state=state)], accepted_side=side, **changes)


def learned(view, volatility_later=0.5, later_ns=MARKOUT_NS):
    takers = Counterparties()
    takers.take_end(view, tuple(read_legs(view)), two_way().decision, NOW_NS)
    now_ns = NOW_NS + later_ns
    at = market(
        volatility_later,
        now_ns=now_ns,
        alive_at_ns={"BTC": now_ns},
        surface_at_ns={"BTC": now_ns},
        gateway_at_ns=now_ns,
    )
    takers.mark_out(at, PARAMETERS)
    return takers


def of(takers):
    return takers.take_changes(50)[0]


def test_a_hit_is_counted_and_marked_out_one_minute_later():
    one = of(learned(ended(), 0.5))
    assert (one.taker_firm_id, one.quotes, one.hits, one.markouts, one.markout_sum) == (1, 1, 1, 1, 0.0)
    assert of(learned(ended(), 0.5, MARKOUT_NS - 1)).markouts == 0


@pytest.mark.parametrize(("side", "sign"), [(Side.BUY, 1), (Side.SELL, -1)])
def test_a_taker_that_was_right_costs(side, sign):
    one = of(learned(ended(side=side), 0.501))
    half = two_way().half_spread
    moved = two_way(0.501).decision.model_value - two_way().decision.model_value
    assert one.markout_sum == pytest.approx(sign * moved / half)
    assert of(learned(ended(side=side), 0.9)).markout_sum == sign * MARKOUT_MAX


def test_a_loss_to_others_counts_as_a_quote():
    one = of(learned(ended(QuoteState.TRADED_AWAY, None)))
    assert (one.quotes, one.hits, one.markouts) == (1, 0, 0)


def test_the_anonymous_are_one():
    takers = Counterparties()
    for number in (1, 2):
        view = msgspec.structs.replace(ended(), taker_firm_id=None, taker_name=f"Anonymous {number}")
        takers.take_end(view, tuple(read_legs(view)), two_way().decision, NOW_NS)
    assert [(one.taker_firm_id, one.taker_name, one.quotes) for one in takers.take_changes(50)] == [(0, "Anonymous", 2)]
    assert takers.take_changes(50) == []


def test_what_cannot_be_valued_has_no_markout():
    takers = Counterparties()
    takers.take_end(ended(), tuple(read_legs(ended())), two_way().decision, NOW_NS)
    takers.mark_out(market(now_ns=NOW_NS + MARKOUT_NS), PARAMETERS)
    assert (of(takers).hits, takers.pending_names()) == (1, set())


def test_the_least_quoted_makes_room():
    takers = Counterparties()
    takers.replace(
        CounterpartyStatistics(taker_firm_id=n, taker_name="x", quotes=n) for n in range(10, 10 + COUNTERPARTIES_MAX)
    )
    takers.take_end(ended(), tuple(read_legs(ended())), two_way().decision, NOW_NS)
    assert of(takers).taker_firm_id == 1
    assert takers.of(ended(taker_firm_id=10)).quotes == 0


def shown(prices, version=1):
    legs = [[format(each, "f") for each in side] for side in (prices.bid, prices.ask)]
    return rfq(leg(CALL), quotes=[own_quote(version=version, bid_leg_prices=legs[0], ask_leg_prices=legs[1])])


def test_notes_find_the_version_by_its_prices_and_keep_each_once():
    notes, first, second = Notes(), two_way(), two_way(0.6)
    notes.submit(7, first)
    notes.submit(7, second)
    assert notes.take(shown(first, 1))
    assert notes.take(shown(second, 2))
    assert notes.take(shown(second, 2))
    assert not notes.take(shown(second, 3)), "a person sends what the quoter had proposed"
    kept = notes.take_unkept(50)
    assert [(one.version, one.decision) for one in kept] == [(1, first.decision), (2, second.decision)]
    notes.put_back(kept)
    assert notes.take_unkept(1) == kept[:1]


def test_a_version_that_was_not_submitted_here_is_a_persons():
    notes, made = Notes(), two_way()
    notes.submit(7, made)
    notes.take(shown(made))
    other = dataclasses.replace(made, ask=(made.ask[0] * 2,))
    assert not notes.take(shown(other, 2))
    assert notes.take(shown(other, 2)), "it is said once"


def test_what_stood_before_the_process_began_is_its_own():
    notes = Notes()
    notes.see(shown(two_way()))
    assert notes.take(shown(two_way()))
    assert notes.take_unkept(50) == []
