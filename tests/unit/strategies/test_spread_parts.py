"""Each part of the spread, the skew, the limits and the markup: at their edges, and that they only ever grow."""

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.quoting import (
    Inventory,
    Pass,
    Request,
    allows,
    check_size,
    half_spread,
    make_two_way,
    markup_share,
    skew,
    time_share,
    value_structure,
    vega_by_expiry,
)
from tests.unit.strategies.builders import (
    CALL,
    FAR_CALL,
    HIGH_CALL,
    MARKET_TIME_NS,
    NOW_NS,
    PERPETUAL,
    PUT,
    leg,
    market,
)
from wire.quoting import BOUNDS, CounterpartyStatistics, QuotingParameters
from wire.units import NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND, Side

PARAMETERS = QuotingParameters()
STRUCTURES = [
    [leg(CALL)],
    [leg(CALL), leg(PUT)],
    [leg(CALL), leg(HIGH_CALL, Side.SELL)],
    [leg(CALL, Side.SELL), leg(FAR_CALL)],
    [leg(PERPETUAL)],
]
structures = st.sampled_from(STRUCTURES)
shares = st.floats(0, 5)


def change(**fields) -> QuotingParameters:
    return msgspec.structs.replace(PARAMETERS, **fields)


def half(legs, parameters=PARAMETERS, *, size=1.0, at=MARKET_TIME_NS, markup=0.0):
    value = value_structure(legs, market(), parameters)
    return half_spread(legs, value, parameters, size=size, market_time_ns=at, markup_share=markup)


def at_hour(day: int, hour: int) -> int:
    """Of February 2026, whose seventh is a Saturday."""
    return int(dt.datetime(2026, 2, day, hour, tzinfo=dt.UTC).timestamp()) * NANOSECONDS_PER_SECOND


@given(
    structures,
    st.sampled_from(
        [
            "spread_vega",
            "spread_gross_vega",
            "spread_basis_points",
            "spread_ticks",
            "spread_size",
            "spread_quiet",
            "spread_weekend",
            "hedge_basis_points",
        ]
    ),
    shares,
    shares,
)
def test_no_parameter_of_the_spread_ever_narrows_it(legs, name, less, more):
    less, more = sorted((less, more))
    assert (
        half(legs, change(**{name: less}), at=at_hour(7, 3)).total
        <= half(legs, change(**{name: more}), at=at_hour(7, 3)).total + 1e-12
    )


@given(structures, st.floats(0, 1_000), st.floats(0, 1_000))
def test_a_larger_size_is_never_narrower(legs, small, large):
    small, large = sorted((small, large))
    assert half(legs, size=small).total <= half(legs, size=large).total + 1e-15


@given(structures, st.floats(-0.5, 2), shares)
def test_the_parts_are_the_whole_and_never_below_the_floor(legs, markup, ticks):
    found = half(legs, change(spread_ticks=ticks), markup=markup)
    parts = (found.vega, found.gross_vega, found.linear, found.size, found.time, found.markup, found.hedge, found.floor)
    assert found.total == pytest.approx(sum(parts), rel=1e-12)
    least = ticks * float(min(each.terms.tick_size for each in legs))
    assert found.total >= least * (1 - 1e-12)
    assert all(part >= 0 for part in (*parts[:5], *parts[6:]))


def test_size_adds_its_share_at_the_largest_size_and_half_of_it_halfway():
    parameters = change(spread_size=0.4, quantity_max=100.0)
    base = half([leg(CALL)], parameters, size=0.0)
    full, middle = (half([leg(CALL)], parameters, size=size).size for size in (100.0, 50.0))
    assert base.size == 0
    assert full == pytest.approx(0.4 * (base.vega + base.gross_vega))
    assert middle == pytest.approx(full / 2)


@pytest.mark.parametrize(
    ("day", "hour", "share"),
    [(6, 6, 0.1), (6, 7, 0.0), (6, 20, 0.0), (6, 21, 0.1), (7, 12, 0.15), (8, 23, 0.25), (9, 12, 0.0)],
)
def test_time_of_day_begins_and_ends_on_the_hour(day, hour, share):
    assert time_share(at_hour(day, hour), PARAMETERS) == pytest.approx(share)


@pytest.mark.parametrize(("begins", "ends", "busy"), [(22, 4, (23, 0, 3)), (5, 5, (0, 12, 23))])
def test_busy_hours_may_pass_midnight_or_last_all_day(begins, ends, busy):
    parameters = change(busy_from_hour=begins, busy_until_hour=ends)
    assert [time_share(at_hour(6, hour), parameters) for hour in busy] == [0.0] * 3


def test_hedge_cost_is_of_the_net_delta():
    found = half([leg(CALL)], change(hedge_basis_points=10.0))
    value = value_structure([leg(CALL)], market(), PARAMETERS)
    assert found.hedge == pytest.approx(1e-3 * value.delta)


@given(structures, st.floats(-2e5, 2e5), st.floats(-2e5, 2e5))
def test_skew_never_rises_with_what_is_held(legs, less, more):
    less, more = sorted((less, more))
    value = value_structure(legs, market(), PARAMETERS)
    sign = 1 if value.vega >= 0 else -1
    low, high = (skew(legs, value, Inventory(vega_usd=held), PARAMETERS).vega for held in (less, more))
    assert sign * low >= sign * high - 1e-15


def test_expiry_skew_sees_only_its_own_expiry():
    legs = [leg(CALL, Side.SELL), leg(FAR_CALL)]
    value = value_structure(legs, market(), PARAMETERS)
    vegas = vega_by_expiry(legs, value)
    held = {"BTC-26JUN26": PARAMETERS.expiry_vega_limit}
    found = skew(legs, value, Inventory(expiry_vega_usd=held), PARAMETERS)
    assert found.expiry == pytest.approx(-PARAMETERS.skew_expiry_vega * vegas["BTC-26JUN26"])
    assert (found.vega, found.delta) == (0, 0)
    beyond = skew(legs, value, Inventory(expiry_vega_usd={"BTC-26JUN26": 9e9}), PARAMETERS)
    assert beyond == found
    assert set(vegas) == {"BTC-27MAR26", "BTC-26JUN26"}


@pytest.mark.parametrize("name", ["vega_limit", "expiry_vega_limit", "delta_limit", "notional_limit"])
def test_limits_hold_to_the_edge_and_let_nearer(name):
    legs = [leg(CALL)]
    value = value_structure(legs, market(), PARAMETERS)
    one = {
        "vega_limit": value.vega_usd,
        "expiry_vega_limit": value.vega_usd,
        "delta_limit": value.delta,
        "notional_limit": value.legs[0].notional_usd,
    }[name]
    parameters = change(**{name: 10 * one * (1 + 1e-9)})
    assert allows(legs, value, Inventory(), 10, parameters)
    assert not allows(legs, value, Inventory(), 10.1, parameters)
    held = Inventory(
        vega_usd=20 * value.vega_usd,
        delta=20 * value.delta,
        expiry_vega_usd={"BTC-27MAR26": 20 * value.vega_usd},
        notional_usd=20 * value.legs[0].notional_usd,
        contracts={CALL: 20.0},
    )
    assert not allows(legs, value, held, 1, parameters)
    assert allows(legs, value, held, -5, parameters)


def test_a_side_that_limits_close_is_said_to_be():
    legs = [leg(CALL)]
    value = value_structure(legs, market(), PARAMETERS)
    full = Inventory(vega_usd=PARAMETERS.vega_limit)
    prices = make_two_way(Request(legs=legs, quantity=1.0), value, market(), full, PARAMETERS)
    assert (prices.bid, prices.decision.is_bid_closed, prices.decision.is_ask_closed) == (None, True, False)
    with pytest.raises(Pass, match="limits"):
        make_two_way(Request(legs=legs, quantity=1.0, asked=Side.SELL), value, market(), full, PARAMETERS)


def test_size_is_counted_in_coins_of_the_largest_leg():
    legs = [leg(CALL), leg(HIGH_CALL, Side.SELL, 3)]
    value = value_structure(legs, market(), PARAMETERS)
    assert check_size(legs, value, 2.0, PARAMETERS) == 6.0
    with pytest.raises(Pass, match="quantity"):
        check_size(legs, value, 84.0, PARAMETERS)


@pytest.mark.parametrize(
    ("changes", "view", "reason"),
    [
        ({"is_on": False}, market(), "switched_off"),
        ({"off_coins": ("BTC",)}, market(), "switched_off"),
        ({}, market(gateway_at_ns=NOW_NS - 3_001 * NANOSECONDS_PER_MS), "stale_gateway"),
        ({"gateway_stale_ms": 100}, market(gateway_at_ns=NOW_NS - 101 * NANOSECONDS_PER_MS), "stale_gateway"),
        ({"market_stale_ms": 100}, market(alive_at_ns={"BTC": NOW_NS - 101 * NANOSECONDS_PER_MS}), "stale_market"),
        ({"surface_stale_ms": 100}, market(surface_at_ns={"BTC": NOW_NS - 101 * NANOSECONDS_PER_MS}), "stale_surface"),
    ],
)
def test_switches_and_guards_pass_by_name(changes, view, reason):
    with pytest.raises(Pass) as passed:
        value_structure([leg(CALL)], view, change(**changes))
    assert passed.value.reason == reason
    assert value_structure([leg(CALL)], market(), change(off_coins=("ETH",))).mid > 0


def seen(quotes=0, hits=0, markouts=0, markout_sum=0.0):
    return CounterpartyStatistics(
        taker_firm_id=1, taker_name="Aurora", quotes=quotes, hits=hits, markouts=markouts, markout_sum=markout_sum
    )


def test_a_stranger_pays_nothing_more():
    assert markup_share(seen(), PARAMETERS) == 0


def test_markup_shrinks_towards_the_prior():
    few, many = (markup_share(seen(n, n), PARAMETERS) for n in (1, 1_000))
    assert few == pytest.approx((1 + 0.2 * 20) / 21 - 0.2)
    assert 0 < few < many <= PARAMETERS.markup_max
    assert markup_share(seen(1_000, 0), PARAMETERS) == pytest.approx(-0.2, abs=0.01)


@given(st.integers(0, 500), st.integers(0, 500), st.floats(-5, 5), st.floats(-5, 5))
def test_markup_never_falls_with_hits_or_losses_and_stays_bounded(fewer, more, less, worse):
    fewer, more = sorted((fewer, more))
    less, worse = sorted((less, worse))
    low = markup_share(seen(500, fewer, 10, 10 * less), PARAMETERS)
    high = markup_share(seen(500, more, 10, 10 * worse), PARAMETERS)
    assert -PARAMETERS.markup_max <= low <= high <= PARAMETERS.markup_max


def test_a_decision_adds_up():
    legs = [leg(CALL), leg(PUT)]
    parameters = change(hedge_basis_points=3.0)
    value = value_structure(legs, market(), parameters)
    held = Inventory(vega_usd=10_000, delta=50, expiry_vega_usd={"BTC-27MAR26": 9_000})
    request = Request(legs=legs, quantity=20.0, taker=seen(100, 60, 50, 20.0))
    one = make_two_way(request, value, market(), held, parameters).decision
    assert one.center == pytest.approx(one.model_value + one.skew_vega + one.skew_expiry + one.skew_delta, rel=1e-12)
    parts = [getattr(one, name) for name in type(one).__struct_fields__ if name.startswith("spread_")]
    assert len(parts) == 8
    assert one.half_spread == pytest.approx(sum(parts), rel=1e-12)
    assert one.spread_markup == pytest.approx(one.markup_share * (one.spread_vega + one.spread_gross_vega))
    assert (one.inventory_vega_usd, one.inventory_expiry_vega_usd) == (10_000, {"BTC-27MAR26": 9_000})


def test_every_number_has_bounds_around_its_default():
    numbers = [field.name for field in msgspec.structs.fields(QuotingParameters) if field.type in (int, float)]
    assert numbers == list(BOUNDS)
    assert all(BOUNDS[name].low <= getattr(PARAMETERS, name) <= BOUNDS[name].high for name in numbers)
