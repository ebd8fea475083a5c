"""Fair value, spread, skew and rounding of the maker."""

import dataclasses
import math
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.quoting import (
    NANOSECONDS_PER_YEAR,
    Inventory,
    Pass,
    Request,
    find_hedge,
    half_spread,
    has_moved,
    leg_prices,
    make_two_way,
    net_price,
    skew,
    value_leg,
    value_structure,
)
from tests.unit.strategies.builders import (
    CALL,
    FAR_CALL,
    FORWARD,
    FUTURE,
    HIGH_CALL,
    LINEAR,
    MARKET_TIME_NS,
    NOW_NS,
    PERPETUAL,
    PUT,
    WING,
    black76,
    flat_slice,
    leg,
    market,
    ticker,
)
from wire.instruments import parse_instrument_name
from wire.quoting import QuotingParameters
from wire.units import NANOSECONDS_PER_MS, Side

BUY, SELL = Side.BUY, Side.SELL
PARAMETERS = QuotingParameters(spread_size=0.0, spread_quiet=0.0, hedge_basis_points=0.0)
YEARS = (parse_instrument_name(CALL).expiry_at_ns - MARKET_TIME_NS) / NANOSECONDS_PER_YEAR


def change(**fields) -> QuotingParameters:
    return msgspec.structs.replace(PARAMETERS, **fields)


def quote(legs, *, quantity=1.0, asked=None, inventory=Inventory(), parameters=PARAMETERS, view=None):
    value = value_structure(legs, view or market(), parameters)
    request = Request(legs=legs, quantity=quantity, asked=asked)
    return value, make_two_way(request, value, view or market(), inventory, parameters)


def spread_of(legs, value, parameters=PARAMETERS):
    return half_spread(legs, value, parameters, size=1.0, market_time_ns=MARKET_TIME_NS, markup_share=0.0).total


def reason_of(call) -> str:
    with pytest.raises(Pass) as passed:
        call()
    return passed.value.reason


@pytest.mark.parametrize(("name", "is_call"), [(CALL, True), (PUT, False), (HIGH_CALL, True), (WING, True)])
def test_inverse_option_is_black76_over_the_forward(name, is_call):
    strike = float(parse_instrument_name(name).strike)
    value = value_leg(parse_instrument_name(name), market(), PARAMETERS)
    expected = black76(FORWARD, strike, YEARS, 0.5, is_call=is_call) / FORWARD
    assert value.price == pytest.approx(expected, rel=1e-9, abs=1e-15)
    assert value.coin == 1.0


def test_linear_option_is_black76_in_dollars():
    value = value_leg(parse_instrument_name(LINEAR), market(), PARAMETERS)
    assert value.price == pytest.approx(black76(FORWARD, 80_000, YEARS, 0.5, is_call=True), rel=1e-9)
    assert value.coin == FORWARD


def test_vega_is_per_point_and_agrees_with_a_bump():
    base, up = (value_leg(parse_instrument_name(CALL), market(v), PARAMETERS) for v in (0.5, 0.501))
    assert base.vega == pytest.approx((up.price - base.price) * 10, rel=1e-3)
    assert base.vega_usd == pytest.approx(base.vega * FORWARD, rel=1e-12)


def test_live_forward_goes_before_that_of_the_fit():
    moved = market(tickers={CALL: ticker(CALL, forward_price=82_000.0)})
    value = value_leg(parse_instrument_name(CALL), moved, PARAMETERS)
    assert value.price == pytest.approx(black76(82_000, 80_000, YEARS, 0.5, is_call=True) / 82_000, rel=1e-9)


def test_put_call_parity_of_a_synthetic():
    value = value_structure([leg(CALL), leg(PUT, SELL)], market(tickers={}), PARAMETERS)
    assert value.mid == pytest.approx(1 - 80_000 / FORWARD, abs=1e-12)
    assert value.vega == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(("name", "delta"), [(PERPETUAL, 10 / 80_000), (FUTURE, 10 / 80_100)])
def test_inverse_future_is_its_mark_and_counts_in_dollars(name, delta):
    value = value_leg(parse_instrument_name(name), market(), PARAMETERS)
    assert value.delta == pytest.approx(delta)


@pytest.mark.parametrize(
    ("legs", "view", "reason"),
    [
        ([leg(CALL)], market(alive_at_ns={}), "stale_market"),
        ([leg(CALL)], market(alive_at_ns={"BTC": NOW_NS - 2_001 * NANOSECONDS_PER_MS}), "stale_market"),
        ([leg(CALL)], market(alive_at_ns={"BTC": NOW_NS + 2_001 * NANOSECONDS_PER_MS}), "stale_market"),
        ([leg(CALL)], market(surface_at_ns={"BTC": NOW_NS - 15_001 * NANOSECONDS_PER_MS}), "stale_surface"),
        ([leg(CALL)], market(surface_at_ns={}), "no_surface"),
        ([leg(CALL)], market(slices={}), "no_surface"),
        ([leg(CALL)], market(slices={"BTC-27MAR26": flat_slice("BTC-27MAR26", is_stale=True)}), "stale_surface"),
        ([leg(CALL)], market(slices={"BTC-27MAR26": flat_slice("BTC-27MAR26", a=-0.01)}), "no_volatility"),
        ([leg(CALL)], market(slices={"BTC-27MAR26": flat_slice("BTC-27MAR26", a=math.nan)}), "no_volatility"),
        ([leg(CALL)], market(market_time_ns=parse_instrument_name(CALL).expiry_at_ns), "expired"),
        ([leg(PERPETUAL)], market(tickers={}), "no_mark"),
        ([leg(PERPETUAL)], market(tickers={PERPETUAL: ticker(PERPETUAL, None)}), "no_mark"),
        ([leg(PERPETUAL)], market(tickers={PERPETUAL: ticker(PERPETUAL, -1.0)}), "no_mark"),
        ([leg(CALL), leg("ETH-27MAR26-3000-C")], market(), "several_coins"),
    ],
)
def test_no_value_by_name(legs, view, reason):
    assert reason_of(lambda: value_structure(legs, view, PARAMETERS)) == reason


def test_spread_is_by_vega():
    legs, parameters = [leg(CALL), leg(PUT)], change(spread_vega=0.6, spread_gross_vega=0.0)
    value = value_structure(legs, market(), parameters)
    assert spread_of(legs, value, parameters) == pytest.approx(0.6 * value.vega)


def test_spread_of_a_vega_neutral_structure_is_by_gross_vega():
    legs = [leg(CALL), leg(PUT, SELL)]
    parameters = change(spread_gross_vega=0.2)
    value = value_structure(legs, market(), parameters)
    assert spread_of(legs, value, parameters) == pytest.approx(0.2 * 2 * value.legs[0].vega)


def test_spread_has_a_floor_in_ticks():
    legs, parameters = [leg(CALL)], change(spread_vega=0.0, spread_gross_vega=0.0, spread_ticks=3.0)
    value = value_structure(legs, market(), parameters)
    assert spread_of(legs, value, parameters) == pytest.approx(0.0003)


def test_spread_of_futures_is_by_price():
    legs, parameters = [leg(FUTURE), leg(PERPETUAL, SELL)], change(spread_basis_points=1.0)
    value = value_structure(legs, market(), parameters)
    assert spread_of(legs, value, parameters) == pytest.approx(16.01)


@pytest.mark.parametrize(
    "legs",
    [
        [leg(CALL)],
        [leg(CALL, SELL)],
        [leg(CALL), leg(PUT)],
        [leg(CALL, SELL), leg(PUT, SELL)],
        [leg(CALL), leg(HIGH_CALL, SELL)],
        [leg(CALL, SELL), leg(FAR_CALL)],
        [leg(CALL), leg(HIGH_CALL, SELL, 2), leg("BTC-27MAR26-100000-C")],
        [leg(CALL), leg(PUT), leg(PERPETUAL, SELL, 1_000, is_hedge=True)],
        [leg(FUTURE), leg(PERPETUAL, SELL)],
        [leg(LINEAR)],
    ],
)
def test_two_way_stands_around_the_mid_on_every_tick(legs):
    value, prices = quote(legs, parameters=change(quantity_max=1e9))
    hedge = find_hedge(legs)
    bid, ask = net_price(legs, prices.bid, hedge), net_price(legs, prices.ask, hedge)
    assert float(bid) <= value.mid - prices.half_spread + 1e-12
    assert float(ask) >= value.mid + prices.half_spread - 1e-12
    slack = sum(float(each.terms.tick_size) * each.ratio for each in legs) + 1e-9
    assert float(ask - bid) <= 2 * prices.half_spread + 2 * slack
    for side in (prices.bid, prices.ask):
        for price, each in zip(side, legs, strict=True):
            assert price > 0
            assert price % each.terms.tick_size == 0


def test_hedge_leg_is_dealt_at_its_mark():
    legs = [leg(CALL), leg(PERPETUAL, SELL, 4_000, is_hedge=True)]
    _, prices = quote(legs)
    assert prices.bid[1] == prices.ask[1] == Decimal(80_000)


@pytest.mark.parametrize(("asked", "sides"), [(None, (True, True)), (BUY, (False, True)), (SELL, (True, False))])
def test_only_what_is_asked_for(asked, sides):
    _, prices = quote([leg(CALL)], asked=asked)
    assert (prices.bid is not None, prices.ask is not None) == sides


def test_worthless_wing_has_no_bid_but_an_ask_of_one_tick_or_more():
    _, prices = quote([leg(WING)])
    assert prices.bid is None
    assert prices.ask[0] >= Decimal("0.0001")


def test_worthless_wing_in_a_spread_is_taken_back_from_the_other_leg():
    legs = [leg(CALL), leg(WING, SELL)]
    value, prices = quote(legs)
    assert float(net_price(legs, prices.bid, None)) <= value.mid - prices.half_spread
    assert float(net_price(legs, prices.ask, None)) >= value.mid + prices.half_spread


def test_skew_leans_against_the_inventory():
    legs = [leg(CALL), leg(PUT)]
    value = value_structure(legs, market(), PARAMETERS)
    vega = PARAMETERS.vega_limit
    flat, long, short, very_long = (
        skew(legs, value, Inventory(vega_usd=held), PARAMETERS).total for held in (0, vega / 2, -vega / 2, 9 * vega)
    )
    assert flat == 0
    assert long == pytest.approx(-PARAMETERS.skew_vega / 2 * value.vega)
    assert short == -long
    assert very_long == pytest.approx(-PARAMETERS.skew_vega * value.vega)


def test_skew_by_delta_leans_on_the_underlying():
    value = value_structure([leg(CALL)], market(), PARAMETERS)
    shifted = skew([leg(CALL)], value, Inventory(delta=PARAMETERS.delta_limit), PARAMETERS).total
    assert shifted == pytest.approx(-PARAMETERS.skew_basis_points * 1e-4 * value.delta)


def test_size_limit():
    assert reason_of(lambda: quote([leg(CALL)], quantity=250.1)) == "quantity"
    assert quote([leg(CALL)], quantity=250.0)[1].bid


def test_size_of_an_inverse_hedge_counts_in_coins():
    legs = [leg(CALL), leg(PERPETUAL, SELL, 4_000, is_hedge=True)]
    assert quote(legs, quantity=250.0)[1].ask


def test_limits_close_the_side_that_would_add():
    parameters = change(vega_limit=1_000.0, delta_limit=1e9)
    _, prices = quote([leg(CALL)], quantity=10, inventory=Inventory(vega_usd=999.0), parameters=parameters)
    assert prices.bid is None
    assert prices.ask is not None
    _, prices = quote([leg(CALL)], quantity=1, inventory=Inventory(vega_usd=-5_000.0), parameters=parameters)
    assert prices.ask is None
    assert prices.bid is not None


def test_limits_closing_both_sides_is_a_pass():
    parameters = change(vega_limit=1.0)
    assert reason_of(lambda: quote([leg(CALL)], quantity=50, parameters=parameters)) == "limits"


def test_has_moved():
    _, quoted = quote([leg(CALL)])
    near = dataclasses.replace(quoted, center=quoted.center + 0.49 * quoted.half_spread)
    far = dataclasses.replace(quoted, center=quoted.center - 0.51 * quoted.half_spread)
    assert not has_moved(quoted, near, PARAMETERS)
    assert has_moved(quoted, far, PARAMETERS)
    assert has_moved(quoted, dataclasses.replace(quoted, bid=None), PARAMETERS)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([CALL, PUT, HIGH_CALL, FAR_CALL, WING, "BTC-27MAR26-20000-P"]),
            st.sampled_from([BUY, SELL]),
            st.integers(1, 5),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda each: each[0],
    ),
    st.floats(0.15, 2.0),
    st.floats(-1.5, 1.5),
)
def test_no_rounding_ever_favors_the_taker(parts, volatility, lean):
    """Whatever the structure: bid at or below its target, ask at or above, all prices positive and on the tick."""
    legs = [leg(*part) for part in parts]
    value = value_structure(legs, market(volatility), PARAMETERS)
    target = value.mid + lean * spread_of(legs, value)
    bid, ask = leg_prices(legs, value, target, SELL), leg_prices(legs, value, target, BUY)
    if bid is not None:
        assert net_price(legs, bid, None) <= Decimal(repr(target))
    if ask is not None:
        assert net_price(legs, ask, None) >= Decimal(repr(target))
    for prices in (bid, ask):
        for price, each in zip(prices or (), legs, strict=False):
            assert price > 0
            assert price % each.terms.tick_size == 0
