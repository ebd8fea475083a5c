"""When the maker quotes, replaces, withdraws or does nothing."""

from decimal import Decimal

import msgspec
import pytest

from strategies.decisions import Answer, Nothing, Submit, Submitted, Withdraw, decide, life_seconds, price
from strategies.holdings import Holdings
from strategies.quoting import Pass, value_leg
from tests.unit.strategies.builders import CALL, NOW_NS, PERPETUAL, flat_slice, leg, market, own_quote, rfq, ticker
from wire.instruments import parse_instrument_name
from wire.negotiation import LastLookReason
from wire.quoting import QuotingParameters
from wire.units import NANOSECONDS_PER_SECOND, QuoteState, RfqState, Side

PARAMETERS = QuotingParameters()
SECOND = NANOSECONDS_PER_SECOND


def act(view, *, submitted=None, at=None, positions=None, parameters=PARAMETERS):
    at = at or market()
    holdings = Holdings(positions or {}, at, parameters)
    return decide(view, submitted=submitted, market=at, holdings=holdings, parameters=parameters)


def priced(volatility=0.5, positions=None):
    at = market(volatility)
    return price(rfq(leg(CALL)), market=at, holdings=Holdings(positions or {}, at, PARAMETERS), parameters=PARAMETERS)


def inventory_of(coin, positions, at, parameters):
    return Holdings(positions, at, parameters).of(coin)


def in_force(volatility=0.5, at_ns=NOW_NS - 10 * SECOND):
    return Submitted(prices=priced(volatility), at_ns=at_ns)


def quoted(**changes):
    return rfq(leg(CALL), quotes=[own_quote(**changes)])


def test_new_rfq_is_quoted():
    assert isinstance(act(rfq(leg(CALL))), Submit)


def test_quote_of_an_earlier_run_is_replaced():
    assert isinstance(act(quoted()), Submit)


def test_quote_in_force_is_left_alone():
    assert act(quoted(), submitted=in_force()) == Nothing()


def test_model_move_replaces():
    assert isinstance(act(quoted(), submitted=in_force(volatility=0.52)), Submit)


def test_replacement_waits_for_its_interval():
    fresh = in_force(volatility=0.52, at_ns=NOW_NS - SECOND // 4)
    assert act(quoted(), submitted=fresh) == Nothing()


def test_a_submission_whose_fact_is_on_its_way_is_not_made_again():
    fresh = in_force(volatility=0.52, at_ns=NOW_NS - SECOND // 4)
    assert act(rfq(leg(CALL)), submitted=fresh) == Nothing()
    assert act(quoted(state=QuoteState.CANCELED), submitted=fresh) == Nothing()
    assert isinstance(act(rfq(leg(CALL)), submitted=in_force()), Submit)
    assert isinstance(act(quoted(state=QuoteState.CANCELED), submitted=in_force()), Submit)


def test_what_stands_no_more_is_quoted_again_however_long_the_interval():
    slow = msgspec.structs.replace(PARAMETERS, requote_interval_ms=60_000)
    gone = in_force(at_ns=NOW_NS - 2 * SECOND)
    assert isinstance(act(rfq(leg(CALL)), submitted=gone, parameters=slow), Submit)
    quick = msgspec.structs.replace(PARAMETERS, requote_interval_ms=100)
    assert act(rfq(leg(CALL)), submitted=in_force(at_ns=NOW_NS - SECOND // 4), parameters=quick) == Nothing()


def test_quote_is_renewed_when_half_of_its_life_is_over():
    assert isinstance(act(quoted(expires_at_ns=NOW_NS + 14 * SECOND), submitted=in_force()), Submit)
    last = rfq(leg(CALL), quotes=[own_quote(expires_at_ns=NOW_NS + 14 * SECOND)], expires_at_ns=NOW_NS + 14 * SECOND)
    assert act(last, submitted=in_force()) == Nothing()


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (market(alive_at_ns={"BTC": NOW_NS - 3 * SECOND}), "stale_market"),
        (market(surface_at_ns={"BTC": NOW_NS - 16 * SECOND}), "stale_surface"),
        (market(slices={"BTC-27MAR26": flat_slice("BTC-27MAR26", is_stale=True)}), "stale_surface"),
    ],
)
def test_staleness_withdraws_and_keeps_silent(view, reason):
    assert act(quoted(), submitted=in_force(), at=view) == Withdraw(quote_id=100, reason=reason)
    assert act(rfq(leg(CALL)), at=view) == Nothing(reason=reason)


def test_withdrawn_quote_comes_back_with_the_market():
    assert isinstance(act(quoted(state=QuoteState.CANCELED)), Submit)


@pytest.mark.parametrize("state", [state for state in RfqState if state is not RfqState.OPEN])
def test_rfq_that_is_not_open_is_left_alone(state):
    assert act(rfq(leg(CALL), state=state)) == Nothing()


def test_rfq_about_to_end_is_left_alone():
    assert act(rfq(leg(CALL), expires_at_ns=NOW_NS + SECOND // 10)) == Nothing()


def test_unknown_instrument_is_passed():
    odd = rfq(leg(CALL))
    odd = msgspec.structs.replace(odd, legs=[msgspec.structs.replace(odd.legs[0], instrument_name="DOGE-1JAN27-1-C")])
    assert act(odd) == Nothing(reason="unknown_instrument")


def test_inventory_sums_vega_and_delta_per_coin():
    positions = {CALL: Decimal(-10), PERPETUAL: Decimal(800), "ETH-PERPETUAL": Decimal(5)}
    held = inventory_of("BTC", positions, market(), PARAMETERS)
    call = value_leg(parse_instrument_name(CALL), market(), PARAMETERS)
    assert held.vega_usd == pytest.approx(-10 * call.vega_usd)
    assert held.delta == pytest.approx(-10 * call.delta + 800 * 10 / 80_000)


def test_inventory_ignores_what_expired_and_refuses_what_is_stale():
    assert inventory_of("BTC", {"BTC-2JAN26-80000-C": Decimal(1)}, market(), PARAMETERS).vega_usd == 0
    stale = market(slices={"BTC-27MAR26": flat_slice("BTC-27MAR26", is_stale=True)})
    with pytest.raises(Pass, match="stale_surface"):
        inventory_of("BTC", {CALL: Decimal(1)}, stale, PARAMETERS)


def test_long_inventory_lowers_both_prices():
    flat, long = priced(), priced(positions={CALL: Decimal(200)})
    assert long.center < flat.center
    assert long.ask[0] < flat.ask[0]


def test_life_is_never_longer_than_that_of_the_rfq():
    assert life_seconds(rfq(leg(CALL)), PARAMETERS) == 30
    assert life_seconds(rfq(leg(CALL), expires_at_ns=NOW_NS + 20 * SECOND), PARAMETERS) == 20


def test_perpetual_alone_needs_its_ticker():
    assert act(rfq(leg(PERPETUAL)), at=market(tickers={})) == Nothing(reason="no_mark")
    fresh = market(tickers={PERPETUAL: ticker(PERPETUAL, 80_000.0)})
    assert isinstance(act(rfq(leg(PERPETUAL)), at=fresh), Submit)


def looked_at(side=Side.BUY, **changes):
    quote = own_quote(state=QuoteState.PENDING_LAST_LOOK)
    return rfq(leg(CALL), quotes=[quote], state=RfqState.PENDING_FILL, accepted_side=side, **changes)


@pytest.mark.parametrize("side", Side)
def test_a_last_look_is_confirmed_however_the_model_has_moved(side):
    """How far is too far is the agreement's to say, and the desk's to judge."""
    assert act(looked_at(side), submitted=in_force(), at=market(0.9)) == Answer(quote_id=100)


def test_a_last_look_is_taken_back_where_the_maker_is_blind_or_full():
    blind = market(alive_at_ns={"BTC": NOW_NS - 3 * SECOND})
    assert act(looked_at(), at=blind) == Answer(quote_id=100, reason=LastLookReason.TECHNICAL)
    short = {CALL: Decimal(-100_000)}
    assert act(looked_at(Side.BUY), positions=short) == Answer(quote_id=100, reason=LastLookReason.RISK_LIMIT)
    assert act(looked_at(Side.SELL), positions=short) == Answer(quote_id=100)
    small = msgspec.structs.replace(PARAMETERS, quantity_max=1.0)
    assert act(looked_at(), parameters=small) == Answer(quote_id=100, reason=LastLookReason.RISK_LIMIT)
